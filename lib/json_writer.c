#include "lib/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

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

/* The byte `c` eight times. */
static uint64_t
eight(unsigned char c)
{
    return c * 0x0101010101010101U;
}

static uint64_t
zero_bytes(uint64_t v)
{
    return (v - eight(1)) & ~v & eight(0x80);
}

/* How many bytes at the start are plain. Eight at a time, as long as all are. */
static size_t
plain_run(const char *s, size_t len)
{
    size_t i = 0;
    uint64_t v;

    for (; len - i >= sizeof(v); i += sizeof(v)) {
        memcpy(&v, s + i, sizeof(v));
        /* Below 0x20; then & and ", which one bit tells apart, < and >, and the single ones. */
        if (((v - eight(0x20)) & ~v & eight(0x80)) |
            zero_bytes((v | eight('&' ^ '"')) ^ eight('&')) |
            zero_bytes((v | eight('>' ^ '<')) ^ eight('>')) | zero_bytes(v ^ eight('\\')) |
            zero_bytes(v ^ eight(0x7f)) | zero_bytes(v ^ eight(0xe2)))
            break;
    }
    while (i < len && is_plain((unsigned char)s[i]))
        i++;
    return i;
}

static void
add_string(struct buf *out, const char *s, size_t len)
{
    char escape[6];

    buf_add_char(out, '"');
    while (len > 0) {
        size_t run = plain_run(s, len), taken = 1;

        buf_add(out, s, run);
        s += run;
        len -= run;
        if (len == 0)
            break;
        if (len >= 3 && memcmp(s, "\xe2\x80", 2) == 0 && ((unsigned char)s[2] & 0xfe) == 0xa8) {
            /* U+2028 and U+2029 end a line in old JavaScript. */
            buf_printf(out, "\\u202%c", s[2] & 1 ? '9' : '8');
            taken = 3;
        } else if (*s == '\xe2') {
            buf_add_char(out, *s);
        } else {
            buf_add(out, escape, jw_escape((unsigned char)*s, escape));
        }
        s += taken;
        len -= taken;
    }
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
