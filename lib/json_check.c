#include "lib/json_check.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_key.h"
#include "lib/str.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#define KEYS_INLINE 64  /* members remembered without memory from the arena */
#define POINTER_MAX 200 /* bytes of a JSON pointer in a message */

/* A member of an object that is still open. */
struct key {
    size_t at; /* offset of the first byte after the opening quote */
    uint32_t hash;
};

/* An array or object that is still open. */
struct level {
    bool is_object;
    bool has_key;     /* `keys` holds the key of the value being read */
    size_t first_key; /* index into keys[] */
    size_t count;     /* members or elements begun */
};

struct check {
    struct arena *arena;
    const char *text;
    size_t len, at, members_max;
    const char *wrong; /* what is wrong at `at`; NULL while nothing is */
    struct level levels[JSON_DEPTH_MAX];
    size_t depth;
    struct key *keys; /* of all open objects, outermost first */
    size_t key_count, key_cap;
    struct key keys_inline[KEYS_INLINE];
};

static bool
fail(struct check *c, const char *wrong)
{
    c->wrong = wrong;
    return false;
}

/* The next byte, or -1 at the end; a NUL byte is no end. */
static int
peek(const struct check *c)
{
    return c->at < c->len ? (unsigned char)c->text[c->at] : -1;
}

static void
skip_space(struct check *c)
{
    int b = peek(c);

    while (b == ' ' || b == '\t' || b == '\n' || b == '\r') {
        c->at++;
        b = peek(c);
    }
}

/* After "\u". A pair of surrogates is read as one. */
static bool
read_unicode(struct check *c)
{
    int high = json_hex4(c->text + c->at, c->len - c->at), low;

    if (high < 0)
        return fail(c, "an escape needs four hex digits");
    if (high == 0)
        return fail(c, "U+0000 is not allowed");
    if (high < 0xd800 || high > 0xdfff) {
        c->at += 4;
        return true;
    }
    if (high > 0xdbff || c->len - c->at < 10 || c->text[c->at + 4] != '\\' ||
        c->text[c->at + 5] != 'u')
        return fail(c, "an escape is half of a surrogate pair");
    low = json_hex4(c->text + c->at + 6, c->len - c->at - 6);
    if (low < 0xdc00 || low > 0xdfff)
        return fail(c, "an escape is half of a surrogate pair");
    c->at += 10;
    return true;
}

/* After the backslash. */
static bool
read_escape(struct check *c)
{
    switch (peek(c)) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        c->at++;
        return true;
    case 'u':
        c->at++;
        return read_unicode(c);
    case -1:
        return fail(c, "a string has no end");
    default:
        return fail(c, "an unknown escape");
    }
}

static bool
read_string(struct check *c)
{
    c->at++;
    for (;;) {
        int b = peek(c);
        size_t sequence;

        if (b < 0)
            return fail(c, "a string has no end");
        if (b < 0x20)
            return fail(c, b == 0 ? "U+0000 is not allowed" : "a control character in a string");
        if (b < 0x80) {
            c->at++;
            if (b == '"')
                return true;
            if (b == '\\' && !read_escape(c))
                return false;
            continue;
        }
        sequence = str_utf8_first((struct str){ c->text + c->at, c->len - c->at });
        if (sequence == 0)
            return fail(c, "bytes that are not UTF-8");
        c->at += sequence;
    }
}

static size_t
read_digits(struct check *c)
{
    size_t start = c->at;

    while (peek(c) >= '0' && peek(c) <= '9')
        c->at++;
    return c->at - start;
}

/* Whether the number that is `s` is finite as a double. */
static bool
fits_double(struct str s)
{
    char copy[JSON_NUMBER_MAX + 1];

    if (s.len > JSON_NUMBER_MAX)
        return false;
    memcpy(copy, s.p, s.len);
    copy[s.len] = '\0';
    return isfinite(strtod(copy, NULL));
}

/* Whether the integer that is `s` is one of int64_t or uint64_t. */
static bool
fits_integer(struct str s)
{
    bool negative = s.p[0] == '-';
    uint64_t value = 0, max = negative ? (uint64_t)INT64_MAX + 1 : UINT64_MAX;

    for (size_t i = negative ? 1 : 0; i < s.len; i++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.p[i] - '0'), &value))
            return false;
    }
    return value <= max;
}

static bool
read_number(struct check *c)
{
    size_t start = c->at;
    bool is_integer = true;
    struct str number;

    if (peek(c) == '-')
        c->at++;
    if (peek(c) == '0')
        c->at++;
    else if (read_digits(c) == 0)
        return fail(c, "a number needs a digit here");
    if (peek(c) == '.') {
        is_integer = false;
        c->at++;
        if (read_digits(c) == 0)
            return fail(c, "a number needs a digit here");
    }
    if (peek(c) == 'e' || peek(c) == 'E') {
        is_integer = false;
        c->at++;
        if (peek(c) == '+' || peek(c) == '-')
            c->at++;
        if (read_digits(c) == 0)
            return fail(c, "a number needs a digit here");
    }
    number = (struct str){ c->text + start, c->at - start };
    if (!(is_integer ? fits_integer(number) : fits_double(number))) {
        c->at = start;
        return fail(c, "a number is out of range");
    }
    return true;
}

static bool
read_word(struct check *c, struct str word)
{
    if (!str_starts((struct str){ c->text + c->at, c->len - c->at }, word))
        return fail(c, "a value was expected");
    c->at += word.len;
    return true;
}

static struct key *
new_key(struct check *c)
{
    c->keys = arena_grow(c->arena, c->keys, c->key_count, &c->key_cap, sizeof(*c->keys));
    return &c->keys[c->key_count++];
}

/* A member's name and the colon after it. */
static bool
read_key(struct check *c, struct level *level)
{
    size_t start = c->at;
    struct key key = { .at = start + 1 };

    if (peek(c) != '"')
        return fail(c, "a member's name was expected");
    if (!read_string(c))
        return false;
    key.hash = json_key_hash(c->text + key.at);
    for (size_t i = level->first_key; i < c->key_count; i++) {
        if (c->keys[i].hash == key.hash &&
            json_key_same(c->text + c->keys[i].at, c->text + key.at)) {
            c->at = start;
            return fail(c, "a member is there twice");
        }
    }
    *new_key(c) = key;
    level->has_key = true;
    skip_space(c);
    if (peek(c) != ':')
        return fail(c, "a colon was expected");
    c->at++;
    return true;
}

static bool
open_level(struct check *c, bool is_object)
{
    if (c->depth == JSON_DEPTH_MAX)
        return fail(c, "arrays and objects are nested too deeply");
    c->levels[c->depth++] = (struct level){ .is_object = is_object, .first_key = c->key_count };
    c->at++;
    return true;
}

/* A scalar whole, or the opening bracket of an array or object. */
static bool
begin_value(struct check *c)
{
    switch (peek(c)) {
    case '{':
        return open_level(c, true);
    case '[':
        return open_level(c, false);
    case '"':
        return read_string(c);
    case 't':
        return read_word(c, STR("true"));
    case 'f':
        return read_word(c, STR("false"));
    case 'n':
        return read_word(c, STR("null"));
    case -1:
        return fail(c, "the text ends too early");
    default:
        if (peek(c) == '-' || (peek(c) >= '0' && peek(c) <= '9'))
            return read_number(c);
        return fail(c, "a value was expected");
    }
}

/* In an open array or object, up to its next value or past its end. */
static bool
advance(struct check *c, bool *value_follows)
{
    struct level *level = &c->levels[c->depth - 1];
    int end = level->is_object ? '}' : ']';

    level->has_key = false;
    skip_space(c);
    *value_follows = peek(c) != end;
    if (!*value_follows) {
        c->at++;
        c->key_count = level->first_key;
        c->depth--;
        return true;
    }
    if (peek(c) < 0)
        return fail(c, "the text ends too early");
    if (level->count > 0) {
        if (peek(c) != ',')
            return fail(c, level->is_object ? "a comma or \"}\" was expected"
                                            : "a comma or \"]\" was expected");
        c->at++;
        skip_space(c);
    }
    level->count++;
    if (!level->is_object)
        return true;
    if (level->count > c->members_max)
        return fail(c, "an object has too many members");
    return read_key(c, level);
}

static bool
check_all(struct check *c)
{
    bool value_follows = true;

    do {
        if (value_follows) {
            skip_space(c);
            if (!begin_value(c))
                return false;
        }
        value_follows = false;
        if (c->depth > 0 && !advance(c, &value_follows))
            return false;
    } while (c->depth > 0 || value_follows);

    skip_space(c);
    return c->at == c->len || fail(c, "there is more after the value");
}

/* The JSON pointer of the innermost value, cut at POINTER_MAX. */
static const char *
pointer(const struct check *c)
{
    struct buf out;
    struct str cut;

    buf_init(&out, c->arena, POINTER_MAX + 4);
    for (size_t i = 0; i < c->depth; i++) {
        const struct level *level = &c->levels[i];
        size_t end = i + 1 < c->depth ? c->levels[i + 1].first_key : c->key_count;

        if (!level->is_object && level->count > 0) {
            buf_printf(&out, "/%zu", level->count - 1);
        } else if (level->has_key) {
            buf_add_char(&out, '/');
            json_key_point(c->text + c->keys[end - 1].at, &out);
        }
    }
    cut = str_utf8_prefix((struct str){ out.data, out.len }, POINTER_MAX);
    return str_dup(c->arena, cut);
}

struct err
json_check_members(struct arena *a, const char *text, size_t len, size_t members_max)
{
    struct check c = {
        .arena = a, .text = text, .len = len, .members_max = members_max, .key_cap = KEYS_INLINE
    };
    const char *where;

    c.keys = c.keys_inline;
    if (check_all(&c))
        return OK;
    where = pointer(&c);
    return err_fmt(a, ERR_MALFORMED, "not valid JSON at byte %zu%s%s: %s", c.at,
                   where[0] ? " in " : "", where, c.wrong);
}

struct err
json_check(struct arena *a, const char *text, size_t len)
{
    return json_check_members(a, text, len, JSON_MEMBERS_MAX);
}
