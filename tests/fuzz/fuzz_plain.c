/* Whatever a text is, its plain start is valid, on one line, and no longer than it may be. */
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/plain.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"

#define ELLIPSIS 3 /* bytes */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    char carry[4];
    size_t carry_len = 0, max;
    struct buf text;
    struct str out;

    if (size > 0) {
        max = 8 + data[0];
        buf_init(&text, a, SIZE_MAX / 2);
        str_utf8_repair((struct str){ (const char *)data + 1, size - 1 }, carry, &carry_len, &text);
        str_utf8_repair_end(&carry_len, &text);
        out = str_from(plain_start(a, text.data, max));
        MUST(out.len <= max + ELLIPSIS);
        MUST(str_utf8_valid(out) == out.len);
        for (size_t i = 0; i < out.len; i++)
            MUST((unsigned char)out.p[i] >= ' ');
    }
    arena_free(a);
    return 0;
}
