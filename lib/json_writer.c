#include "lib/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

size_t
jw_escape(unsigned char c, char out[6])
{
    static const char hex[] = "0123456789abcdef";
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *special = c ? strchr(from, c) : NULL;

    if (special) {
        out[0] = '\\';
        out[1] = to[special - from];
        return 2;
    }
    if (c >= 0x20 && c != '<' && c != '>' && c != '&' && c != 0x7f) {
        out[0] = (char)c;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'u';
    out[2] = out[3] = '0';
    out[4] = hex[c >> 4];
    out[5] = hex[c & 15];
    return 6;
}

void
jw_begin(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){ .out = out };
}

/* True unless the byte is escaped, or begins a code point that may be. */
static bool
is_plain(unsigned char c)
{
    static const uint64_t special[4] = { 0x00000000ffffffff | 1ULL << '"' | 1ULL << '&' |
                                             1ULL << '<' | 1ULL << '>',
                                         1ULL << ('\\' - 64) | 1ULL << (0x7f - 64), 0,
                                         1ULL << (0xe2 - 192) };

    return !(special[c >> 6] >> (c & 63) & 1);
}

static void
add_string(struct buf *out, const char *s, size_t len)
{
    size_t start = 0;
    char escape[6];

    buf_add_char(out, '"');
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (is_plain(c))
            continue;
        if (c == 0xe2) { /* U+2028 and U+2029 end a line in old JavaScript */
            if (len - i < 3 || s[i + 1] != '\x80' || (s[i + 2] & 0xfe) != 0xa8)
                continue;
            buf_add(out, s + start, i - start);
            buf_printf(out, "\\u202%c", s[i + 2] & 1 ? '9' : '8');
            i += 2;
        } else {
            buf_add(out, s + start, i - start);
            buf_add(out, escape, jw_escape(c, escape));
        }
        start = i + 1;
    }
    buf_add(out, s + start, len - start);
    buf_add_char(out, '"');
}

/* What comes before every value. */
static void
lead(struct json_writer *w, const char *key)
{
    if (w->comma[w->depth])
        buf_add_char(w->out, ',');
    w->comma[w->depth] = true;
    if (key) {
        add_string(w->out, key, strlen(key));
        buf_add_char(w->out, ':');
    }
}

static void
open_scope(struct json_writer *w, const char *key, char bracket)
{
    assert(w->depth < JW_DEPTH_MAX);
    lead(w, key);
    buf_add_char(w->out, bracket);
    w->comma[++w->depth] = false;
}

static void
close_scope(struct json_writer *w, char bracket)
{
    assert(w->depth > 0);
    w->depth--;
    buf_add_char(w->out, bracket);
}

void
jw_object(struct json_writer *w, const char *key)
{
    open_scope(w, key, '{');
}

void
jw_object_end(struct json_writer *w)
{
    close_scope(w, '}');
}

void
jw_array(struct json_writer *w, const char *key)
{
    open_scope(w, key, '[');
}

void
jw_array_end(struct json_writer *w)
{
    close_scope(w, ']');
}

void
jw_str(struct json_writer *w, const char *key, const char *value)
{
    if (value)
        jw_str_len(w, key, value, strlen(value));
    else
        jw_null(w, key);
}

void
jw_str_len(struct json_writer *w, const char *key, const char *value, size_t len)
{
    lead(w, key);
    add_string(w->out, value, len);
}

void
jw_id(struct json_writer *w, const char *key, struct id value)
{
    jw_str(w, key, id_is_set(value) ? value.s : NULL);
}

void
jw_int(struct json_writer *w, const char *key, int64_t value)
{
    lead(w, key);
    buf_printf(w->out, "%" PRId64, value);
}

void
jw_double(struct json_writer *w, const char *key, double value)
{
    char text[32];

    if (!isfinite(value)) {
        jw_null(w, key);
        return;
    }
    /* The shortest of the three precisions that reads back as the same number. */
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    lead(w, key);
    buf_add_str(w->out, text);
}

void
jw_bool(struct json_writer *w, const char *key, bool value)
{
    jw_raw(w, key, value ? "true" : "false");
}

void
jw_null(struct json_writer *w, const char *key)
{
    jw_raw(w, key, "null");
}

void
jw_raw(struct json_writer *w, const char *key, const char *json)
{
    lead(w, key);
    buf_add_str(w->out, json ? json : "null");
}
