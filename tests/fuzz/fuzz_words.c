/*
 * Whatever a text is and whichever language it is read in, its words lie in it, in order, and
 * are the same when it is read again; and one language is found for it.
 */
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/words.h"
#include "tests/fuzz/fuzz.h"

static void
check(struct arena *a, enum language language, struct str text)
{
    struct words *reader = words_new(a, language);
    struct word *words, *again;
    size_t n = words_read(reader, a, text, &words), place = 0;

    MUST(words_read(reader, a, text, &again) == n);
    for (size_t i = 0; i < n; i++) {
        MUST(words[i].term != 0 && words[i].term == again[i].term);
        MUST(words[i].len > 0 && words[i].start <= text.len);
        MUST(words[i].len <= text.len - words[i].start);
        MUST(words[i].kind == WORD_EXTRA || words[i].start >= place);
        place = words[i].kind == WORD_EXTRA ? place : words[i].start;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    char carry[4];
    size_t carry_len = 0;
    struct buf text;
    struct str s;

    if (size > 0) {
        buf_init(&text, a, SIZE_MAX / 2);
        str_utf8_repair((struct str){ (const char *)data + 1, size - 1 }, carry, &carry_len, &text);
        str_utf8_repair_end(&carry_len, &text);
        s = (struct str){ text.data, text.len };
        check(a, (enum language)(data[0] % LANGUAGE_COUNT), s);
        MUST(strlen(language_guess(s)) % 2 == 0 && strlen(language_guess(s)) <= 2);
        MUST(language_of(NULL, s) < LANGUAGE_COUNT);
    }
    arena_free(a);
    return 0;
}
