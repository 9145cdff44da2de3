#include "lib/json_slice.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_key.h"

#include <string.h>

static const struct str nothing = { "", 0 };

/* ---- mending ------------------------------------------------------------------ */

static bool
is_unicode_escape(const char *p)
{
    return p[0] == '\\' && p[1] == 'u';
}

void
json_mend(char *text)
{
    static const char replacement[4] = { 'f', 'f', 'f', 'd' };

    for (char *p = text; (p = strchr(p, '\\')); p += p[1] ? 2 : 1) {
        int value = is_unicode_escape(p) ? json_hex4(p + 2, 4) : -1;
        int next = value >= 0 && is_unicode_escape(p + 6) ? json_hex4(p + 8, 4) : -1;

        if (value >= 0xd800 && value <= 0xdbff && next >= 0xdc00 && next <= 0xdfff)
            p += 10;
        else if (value == 0 || (value >= 0xd800 && value <= 0xdfff))
            memcpy(p + 2, replacement, sizeof(replacement));
    }
}

/* ---- walking ------------------------------------------------------------------ */

static struct str
from(struct str s, size_t i)
{
    return (struct str){ s.p + i, s.len - i };
}

static size_t
skip_space(struct str s, size_t i)
{
    while (i < s.len && (s.p[i] == ' ' || s.p[i] == '\n' || s.p[i] == '\r' || s.p[i] == '\t'))
        i++;
    return i;
}

/* Behind the string that begins at `i`. */
static size_t
skip_string(struct str s, size_t i)
{
    for (i++; i < s.len && s.p[i] != '"'; i++)
        i += s.p[i] == '\\';
    return i < s.len ? i + 1 : s.len;
}

/* Behind the value that begins at `i`. */
static size_t
skip_value(struct str s, size_t i)
{
    size_t depth = 0;

    while (i < s.len) {
        char c = s.p[i];

        if (c == '"') {
            i = skip_string(s, i);
        } else if (c == '{' || c == '[') {
            depth++;
            i++;
        } else if (c == '}' || c == ']') {
            depth--;
            i++;
        } else if (depth == 0) {
            while (i < s.len && !strchr(",]} \n\r\t", s.p[i]))
                i++;
        } else {
            i++;
        }
        if (depth == 0)
            return i;
    }
    return i;
}

static struct str
value_at(struct str s, size_t i)
{
    return (struct str){ s.p + i, skip_value(s, i) - i };
}

/* ---- values -------------------------------------------------------------------- */

struct str
json_value(struct str text)
{
    return str_trim(text);
}

static bool
begins(struct str value, char c)
{
    return value.len > 0 && value.p[0] == c;
}

bool
json_is_object(struct str value)
{
    return begins(value, '{');
}

bool
json_is_array(struct str value)
{
    return begins(value, '[');
}

bool
json_is_string(struct str value)
{
    return begins(value, '"');
}

bool
json_is_empty(struct str value)
{
    if (!json_is_object(value) && !json_is_array(value))
        return value.len == 0;
    return skip_space(value, 1) == value.len - 1;
}

struct str
json_member(struct str object, const char *key)
{
    size_t len = strlen(key), i = 1;

    if (!json_is_object(object))
        return nothing;
    while ((i = skip_space(object, i)) < object.len && object.p[i] == '"') {
        size_t name = i + 1, end = skip_string(object, i);
        struct str value;

        i = skip_space(object, end) + 1; /* the colon */
        value = value_at(object, skip_space(object, i));
        if (end - 1 - name == len && memcmp(object.p + name, key, len) == 0)
            return value;
        i = skip_space(object, (size_t)(value.p - object.p) + value.len) + 1; /* the comma */
    }
    return nothing;
}

bool
json_each(struct str object, size_t *at, struct str *key, struct str *value)
{
    size_t i = skip_space(object, *at + 1), end; /* behind the brace or the comma */

    if (!json_is_object(object) || i >= object.len || object.p[i] != '"')
        return false;
    end = skip_string(object, i);
    *key = (struct str){ object.p + i, end - i };
    i = skip_space(object, end) + 1; /* the colon */
    *value = value_at(object, skip_space(object, i));
    *at = skip_space(object, (size_t)(value->p - object.p) + value->len);
    return true;
}

bool
json_next(struct str *rest, struct str *element)
{
    size_t i;

    if (rest->len == 0 || !strchr("[,", rest->p[0]))
        return false;
    i = skip_space(*rest, 1);
    if (i == rest->len || rest->p[i] == ']')
        return false;
    *element = value_at(*rest, i);
    *rest = from(*rest, skip_space(*rest, i + element->len));
    return true;
}

bool
json_next_member(struct str *rest, struct str *key, struct str *value)
{
    size_t i;

    if (rest->len == 0 || !strchr("{,", rest->p[0]))
        return false;
    i = skip_space(*rest, 1);
    if (i == rest->len || rest->p[i] != '"')
        return false;
    *key = value_at(*rest, i);
    i = skip_space(*rest, i + key->len) + 1; /* the colon */
    *value = value_at(*rest, skip_space(*rest, i));
    *rest = from(*rest, skip_space(*rest, (size_t)(value->p - rest->p) + value->len));
    return true;
}

/* ---- strings and numbers ---------------------------------------------------------- */

static unsigned
hex(const char *digits)
{
    unsigned value = 0;

    for (int i = 0; i < 4; i++) {
        char c = digits[i];

        value = value * 16 + (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return value;
}

static void
add_code_point(struct buf *out, unsigned c)
{
    char bytes[4] = { 0 };
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char first[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

    for (size_t i = n; i-- > 1; c >>= 6)
        bytes[i] = (char)(0x80 | (c & 0x3f));
    bytes[0] = (char)(first[n] | c);
    buf_add(out, bytes, n);
}

/* Takes the escape at s.p[i], which is a backslash; returns where the text goes on. */
static size_t
add_escape(struct buf *out, struct str s, size_t i)
{
    static const char letters[] = "bfnrt", controls[] = "\b\f\n\r\t";
    const char *letter = strchr(letters, s.p[i + 1]);
    unsigned c;

    if (s.p[i + 1] != 'u') {
        buf_add(out, letter ? controls + (letter - letters) : s.p + i + 1, 1);
        return i + 2;
    }
    c = hex(s.p + i + 2);
    if (c < 0xd800 || c > 0xdbff) {
        add_code_point(out, c);
        return i + 6;
    }
    add_code_point(out, 0x10000 + ((c - 0xd800) << 10) + (hex(s.p + i + 8) - 0xdc00));
    return i + 12;
}

struct str
json_text(struct arena *a, struct str value)
{
    struct str raw = nothing;
    struct buf out;

    if (json_is_string(value))
        raw = (struct str){ value.p + 1, value.len - 2 };
    if (raw.len == 0 || !memchr(raw.p, '\\', raw.len))
        return raw;
    buf_init(&out, a, raw.len);
    for (size_t i = 0; i < raw.len;) {
        const char *escape = memchr(raw.p + i, '\\', raw.len - i);
        size_t plain = escape ? (size_t)(escape - raw.p) - i : raw.len - i;

        buf_add(&out, raw.p + i, plain);
        i += plain;
        if (i < raw.len)
            i = add_escape(&out, raw, i);
    }
    return (struct str){ out.data, out.len };
}

int64_t
json_int(struct str value)
{
    int64_t n;

    return str_int(value, INT64_MIN, INT64_MAX, &n) ? n : 0;
}
