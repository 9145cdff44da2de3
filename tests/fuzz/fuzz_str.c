/*
 * Repaired text is UTF-8 without NUL, the same however it is cut, and untouched
 * where it was sound; a number that is read is spelled as it was.
 */
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>

static struct str
repaired(struct arena *a, struct str in, size_t piece)
{
    char carry[4];
    size_t carry_len = 0;
    struct buf out;

    buf_init(&out, a, in.len * 3);
    for (size_t i = 0; i < in.len; i += piece) {
        size_t len = in.len - i < piece ? in.len - i : piece;

        str_utf8_repair((struct str){ in.p + i, len }, carry, &carry_len, &out);
        MUST(carry_len <= 3);
    }
    str_utf8_repair_end(&carry_len, &out);
    MUST(buf_ok(&out));
    return (struct str){ out.data, out.len };
}

static void
check_repair(struct arena *a, struct str in)
{
    struct str whole = repaired(a, in, in.len + 1);
    size_t sound = str_utf8_valid(in);

    MUST(str_utf8_valid(whole) == whole.len);
    MUST(strlen(whole.p) == whole.len);
    MUST(whole.len >= in.len || sound < in.len);
    for (size_t piece = 1; piece < 6; piece++)
        MUST(str_eq(whole, repaired(a, in, piece)));
    if (!memchr(in.p, '\0', sound))
        MUST(str_starts(whole, (struct str){ in.p, sound }));
    MUST(str_eq(repaired(a, whole, 7), whole));
}

static void
check_prefixes(struct str valid)
{
    for (size_t max = 0; max <= valid.len; max++) {
        struct str prefix = str_utf8_prefix(valid, max);

        MUST(prefix.len <= max && prefix.len + 4 > max);
        MUST(str_utf8_valid(prefix) == prefix.len);
    }
}

static void
check_cuts(struct str in)
{
    struct str rest, head = str_cut(in, ':', &rest);
    struct str trimmed = str_trim(in);

    MUST(head.len + rest.len <= in.len && head.len + rest.len + 1 >= in.len);
    MUST(trimmed.len <= in.len);
    MUST(str_eq(str_trim(trimmed), trimmed));
}

static void
check_number(struct arena *a, struct str in)
{
    int64_t number;

    if (str_int(in, INT64_MIN, INT64_MAX, &number))
        MUST(str_eq(in, str_from(arena_printf(a, "%" PRId64, number))));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct str in = { arena_strndup(a, (const char *)data, size), size };
    struct str valid = { in.p, str_utf8_valid(in) };
    size_t count = 0;

    check_repair(a, in);
    check_prefixes(valid);
    check_cuts(in);
    check_number(a, in);
    for (struct str s = valid; s.len > 0; count++) {
        size_t len = str_utf8_first(s);

        MUST(len >= 1 && len <= 4);
        s = (struct str){ s.p + len, s.len - len };
    }
    MUST(count == str_utf8_count(valid));
    arena_free(a);
    return 0;
}
