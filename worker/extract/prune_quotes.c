/* Quotes of what the page itself says above: in forums each answer begins with them. */
#include "lib/arena.h"
#include "worker/extract/dom.h"
#include "worker/extract/line.h"
#include "worker/extract/measure.h"
#include "worker/extract/prune.h"

#define LEAST_BYTES 40   /* of a line that is not said twice by chance */
#define LINE_BYTES  2048 /* of a line that are compared */

/* The hashes of the lines so far: open addressing, 0 for none. */
struct said {
    uint64_t *hashes;
    size_t mask; /* of a size that is a power of two and is never full */
};

static uint64_t
hash(const char *bytes, size_t len)
{
    uint64_t h = 0xcbf29ce484222325ULL;

    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3ULL;
    return h ? h : 1;
}

/* Whether it was there before; it is from now on. */
static bool
was_said(struct said *s, uint64_t h)
{
    size_t i = (size_t)(h ^ (h >> 32)) & s->mask;

    for (; s->hashes[i] != 0; i = (i + 1) & s->mask)
        if (s->hashes[i] == h)
            return true;
    s->hashes[i] = h;
    return false;
}

static bool
is_quoted(const struct dom_node *n)
{
    while (n && n->tag != TAG_BLOCKQUOTE)
        n = n->parent;
    return n != NULL;
}

static void
judge(void *context, const struct line *line)
{
    char words[LINE_BYTES];
    size_t len = line_words(line, words, sizeof(words));

    if (len >= LEAST_BYTES && was_said(context, hash(words, len)) && is_quoted(line->parent))
        line_drop(line);
}

static void
count(void *context, const struct line *line)
{
    (void)line;
    ++*(size_t *)context;
}

static size_t
count_quotes(const struct dom_node *body)
{
    size_t quotes = 0;

    for (const struct dom_node *n = body; n; n = dom_next(n, body))
        quotes += n->tag == TAG_BLOCKQUOTE;
    return quotes;
}

/* A quote of which next to nothing is left goes with the name that stands over it. */
static void
drop_rests(struct dom_node *body, const uint32_t *before)
{
    size_t i = 0;

    measure(body);
    for (struct dom_node *n = body; n; n = dom_next(n, body))
        if (n->tag == TAG_BLOCKQUOTE && n->m.chars < before[i++] / 2)
            n->gone = true;
}

void
prune_quotes(struct arena *scratch, struct dom_node *body)
{
    size_t lines = 0, quotes = count_quotes(body), i = 0;
    struct said said = { NULL, 15 };
    uint32_t *before;

    if (quotes == 0)
        return;
    line_each(body, count, &lines);
    while (said.mask < lines * 2)
        said.mask = said.mask * 2 + 1;
    said.hashes = arena_array(scratch, said.mask + 1, sizeof(*said.hashes));
    before = arena_array(scratch, quotes, sizeof(*before));
    for (const struct dom_node *n = body; n; n = dom_next(n, body))
        if (n->tag == TAG_BLOCKQUOTE)
            before[i++] = n->m.chars;
    line_each(body, judge, &said);
    drop_rests(body, before);
    measure(body);
}
