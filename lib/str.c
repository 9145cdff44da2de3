#include "lib/str.h"

#include "lib/arena.h"
#include "lib/buf.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

struct str
str_from(const char *s)
{
    return (struct str){ s ? s : "", s ? strlen(s) : 0 };
}

bool
str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool
str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (str_lower(a.p[i]) != str_lower(b.p[i]))
            return false;
    return true;
}

bool
str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq((struct str){ s.p, prefix.len }, prefix);
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str
str_trim(struct str s)
{
    while (s.len > 0 && is_blank(s.p[0])) {
        s.p++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.p[s.len - 1]))
        s.len--;
    return s;
}

struct str
str_cut(struct str s, char sep, struct str *rest)
{
    const char *at = s.len > 0 ? memchr(s.p, sep, s.len) : NULL;
    size_t len = at ? (size_t)(at - s.p) : s.len;
    size_t used = at ? len + 1 : len;

    *rest = s.p ? (struct str){ s.p + used, s.len - used } : s;
    return (struct str){ s.p, len };
}

char *
str_dup(struct arena *a, struct str s)
{
    return arena_strndup(a, s.p, s.len);
}

bool
str_int(struct str s, int64_t min, int64_t max, int64_t *out)
{
    bool negative = s.len > 0 && s.p[0] == '-';
    size_t i = negative ? 1 : 0;
    int64_t value = 0;

    if (i == s.len || (s.p[i] == '0' && s.len > 1))
        return false;
    for (; i < s.len; i++) {
        int digit = s.p[i] - '0';

        if (digit < 0 || digit > 9)
            return false;
        /* Counted downwards, since INT64_MIN has no positive twin. */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, digit, &value))
            return false;
    }
    if (!negative && __builtin_sub_overflow(0, value, &value))
        return false;
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}

/*
 * What the bytes at `p` are: `len` of a valid sequence, or of the part of one
 * that is broken off by a wrong byte (WHATWG's maximal subpart) or by the end.
 */
struct step {
    enum { STEP_VALID, STEP_BROKEN, STEP_CUT } kind;
    size_t len;
};

static struct step
step(const char *p, size_t len)
{
    const unsigned char *u = (const unsigned char *)p;
    unsigned char low = 0x80, high = 0xbf; /* what the second byte may be: RFC 3629, 4 */
    size_t want;

    if (u[0] < 0x80)
        return (struct step){ STEP_VALID, 1 };
    if (u[0] < 0xc2 || u[0] > 0xf4)
        return (struct step){ STEP_BROKEN, 1 };
    want = u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;
    if (u[0] == 0xe0)
        low = 0xa0;
    else if (u[0] == 0xed)
        high = 0x9f;
    else if (u[0] == 0xf0)
        low = 0x90;
    else if (u[0] == 0xf4)
        high = 0x8f;

    for (size_t i = 1; i < want; i++) {
        if (i == len)
            return (struct step){ STEP_CUT, i };
        if (u[i] < low || u[i] > high)
            return (struct step){ STEP_BROKEN, i };
        low = 0x80;
        high = 0xbf;
    }
    return (struct step){ STEP_VALID, want };
}

size_t
str_ascii(struct str s)
{
    uint64_t word; /* eight bytes at a time */
    size_t i = 0;

    for (; i + sizeof(word) <= s.len; i += sizeof(word)) {
        memcpy(&word, s.p + i, sizeof(word));
        if (word & UINT64_C(0x8080808080808080))
            break;
    }
    while (i < s.len && !((unsigned char)s.p[i] & 0x80))
        i++;
    return i;
}

size_t
str_utf8_valid(struct str s)
{
    size_t i = 0;

    for (;;) {
        struct step next;

        i += str_ascii((struct str){ s.p + i, s.len - i });
        if (i == s.len)
            return i;
        next = step(s.p + i, s.len - i);
        if (next.kind != STEP_VALID)
            return i;
        i += next.len;
    }
}

size_t
str_utf8_first(struct str s)
{
    struct step first;

    if (s.len == 0)
        return 0;
    first = step(s.p, s.len);
    return first.kind == STEP_VALID ? first.len : 0;
}

size_t
str_utf8_count(struct str s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.len; i++)
        count += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return count;
}

struct str
str_utf8_prefix(struct str s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
        max--;
    return (struct str){ s.p, max };
}

/* Repair what `carry` began with bytes of `s`; the number of bytes taken from `s`. */
static size_t
finish_carry(struct str s, char carry[4], size_t *carry_len, struct buf *out)
{
    size_t before = *carry_len;
    struct step next = { STEP_CUT, before };
    size_t used = 0;

    while (used < s.len && next.kind == STEP_CUT) {
        carry[before + used] = s.p[used];
        used++;
        next = step(carry, before + used);
    }
    if (next.kind == STEP_CUT) {
        *carry_len = before + used;
        return used;
    }
    *carry_len = 0;
    if (next.kind == STEP_VALID) {
        buf_add(out, carry, next.len);
        return used;
    }
    buf_add_str(out, REPLACEMENT);
    return used - 1; /* the byte that did not fit begins something new */
}

/* Bytes at the start that need no repair. */
static size_t
sound_run(struct str s)
{
    size_t len = str_utf8_valid(s);
    const char *nul = len > 0 ? memchr(s.p, '\0', len) : NULL;

    return nul ? (size_t)(nul - s.p) : len;
}

void
str_utf8_repair(struct str s, char carry[4], size_t *carry_len, struct buf *out)
{
    size_t i = *carry_len > 0 ? finish_carry(s, carry, carry_len, out) : 0;

    while (i < s.len) {
        size_t sound = sound_run((struct str){ s.p + i, s.len - i });
        struct step next;

        buf_add(out, s.p + i, sound);
        i += sound;
        if (i == s.len)
            return;
        next = step(s.p + i, s.len - i);
        if (next.kind == STEP_CUT) {
            memcpy(carry, s.p + i, next.len);
            *carry_len = next.len;
            return;
        }
        buf_add_str(out, REPLACEMENT); /* for a broken sequence, or a NUL */
        i += next.len;
    }
}

void
str_utf8_repair_end(size_t *carry_len, struct buf *out)
{
    if (*carry_len > 0)
        buf_add_str(out, REPLACEMENT);
    *carry_len = 0;
}
