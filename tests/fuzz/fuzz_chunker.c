/*
 * Chunks are made of pieces of the text, are UTF-8 and of bounded length, and nothing but
 * headings and white space is missing from all of them together.
 */
#include "db/chunk.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"
#include "worker/index/chunk_units.h"
#include "worker/index/chunker.h"

static size_t
solid(struct str s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.len; i++)
        n += s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\n' && s.p[i] != '\r';
    return n;
}

/* A chunk is a slice of the text, but for the lines around what is cut from code or a table. */
static void
must_be_of(const char *text, struct str content)
{
    struct arena *a = arena_new();

    while (content.len > 0) {
        struct str line = str_cut(content, '\n', &content);

        MUST(strstr(text, str_dup(a, line)));
    }
    arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct str rest, line;
    struct source_chunk *chunks;
    size_t carry_len = 0, all = 0, kept = 0, n;
    struct buf text;
    char carry[4];

    buf_init(&text, a, SIZE_MAX / 2);
    /* Repeated, so that small inputs pass the size of a chunk too. */
    for (int i = 0; i < 40; i++)
        str_utf8_repair((struct str){ (const char *)data, size }, carry, &carry_len, &text);
    str_utf8_repair_end(&carry_len, &text);

    n = chunker_split(a, text.data, &chunks);
    for (size_t i = 0; i < n; i++) {
        struct str content = str_from(chunks[i].content);

        MUST(content.len > 0);
        must_be_of(text.data, content);
        MUST(str_utf8_valid(content) == content.len);
        MUST(solid(content) <= (size_t)4 * (CHUNK_CHARS + CHUNK_OVERLAP) + 2 * CHUNK_LEAD_MAX);
        MUST(strlen(chunks[i].heading) <= CHUNK_HEADING);
        kept += solid(content);
    }
    for (rest = (struct str){ text.data, text.len }; rest.len > 0;) {
        line = str_cut(rest, '\n', &rest);
        all += line.len > 0 && line.p[0] == '#' ? 0 : solid(line);
    }
    MUST(kept >= all);
    arena_free(a);
    return 0;
}
