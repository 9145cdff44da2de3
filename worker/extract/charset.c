#include "worker/extract/charset.h"

#include "lib/arena.h"
#include "lib/buf.h"

#include <errno.h>
#include <iconv.h>
#include <strings.h>

#define PRESCAN   1024 /* bytes in which <meta> counts */
#define LABEL_MAX 40   /* bytes */
#define UTF8_SURE 8    /* bytes that only go on with a character */

static const struct str utf8_mark = { "\xef\xbb\xbf", 3 };
static const struct str le_mark = { "\xff\xfe", 2 };
static const struct str be_mark = { "\xfe\xff", 2 };

/* ---- what is declared --------------------------------------------------------------- */

/* The value after "charset=" in `s`, quotes off; empty without one. */
static struct str
charset_in(struct str s)
{
    for (size_t i = 0; i + 8 < s.len; i++) {
        struct str value;
        size_t n = 0;

        if (strncasecmp(s.p + i, "charset", 7) != 0)
            continue;
        value = str_trim((struct str){ s.p + i + 7, s.len - i - 7 });
        if (value.len == 0 || value.p[0] != '=')
            continue;
        value = str_trim((struct str){ value.p + 1, value.len - 1 });
        if (value.len > 0 && (value.p[0] == '"' || value.p[0] == '\''))
            value = (struct str){ value.p + 1, value.len - 1 };
        while (n < value.len && n < LABEL_MAX && !strchr(" \t\r\n\"';>/,", value.p[n]))
            n++;
        return (struct str){ value.p, n };
    }
    return STR("");
}

/* The standard's prescan, simplified: the first <meta that has a known charset, comments aside. */
static const char *
declared_in_meta(struct str head)
{
    const char *end = head.p + head.len;

    for (const char *p = head.p; p < end; p++) {
        struct str tag;
        const char *close, *name;

        p = memchr(p, '<', (size_t)(end - p));
        if (!p)
            break;
        if (end - p >= 4 && memcmp(p, "<!--", 4) == 0) {
            p = memmem(p + 2, (size_t)(end - p - 2), "-->", 3);
            if (!p)
                break;
            continue;
        }
        if (end - p < 6 || strncasecmp(p, "<meta", 5) != 0)
            continue;
        close = memchr(p, '>', (size_t)(end - p));
        tag = (struct str){ p + 5, (size_t)((close ? close : end) - p) - 5 };
        name = charset_label(charset_in(tag));
        if (!name)
            continue;
        if (strcmp(name, "x-user-defined") == 0)
            return "windows-1252";
        return strncmp(name, "UTF-16", 6) == 0 ? "UTF-8" : name;
    }
    return NULL;
}

/* <?xml version="1.0" encoding="..."?> */
static const char *
declared_in_xml(struct str head)
{
    const char *end, *at;
    struct str value;

    if (head.len < 5 || memcmp(head.p, "<?xml", 5) != 0)
        return NULL;
    end = memchr(head.p, '>', head.len);
    at = end ? memmem(head.p, (size_t)(end - head.p), "encoding=", 9) : NULL;
    if (!at || end - at < 12)
        return NULL;
    value = (struct str){ at + 10, (size_t)(end - at) - 10 };
    at = memchr(value.p, at[9], value.len);
    return at ? charset_label((struct str){ value.p, (size_t)(at - value.p) }) : NULL;
}

/* By chance a few characters of another encoding are UTF-8, and many never. */
static bool
is_surely_utf8(struct str bytes)
{
    size_t valid = str_utf8_valid(bytes);

    return valid == bytes.len && valid - str_utf8_count(bytes) >= UTF8_SURE;
}

const char *
charset_decide(struct str bytes, const char *content_type, bool markup)
{
    struct str head = { bytes.p, bytes.len < PRESCAN ? bytes.len : PRESCAN };
    const char *name = NULL, *inside = NULL;

    if (str_starts(bytes, utf8_mark))
        return "UTF-8";
    if (str_starts(bytes, le_mark))
        return "UTF-16LE";
    if (str_starts(bytes, be_mark))
        return "UTF-16BE";
    if (content_type)
        name = charset_label(str_trim(charset_in(str_from(content_type))));
    if (name)
        return name;
    if (markup)
        inside = declared_in_meta(head);
    if (!inside && markup)
        inside = declared_in_xml(head);
    if (inside && (strcmp(inside, "UTF-8") == 0 || !is_surely_utf8(bytes)))
        return inside;
    return str_utf8_valid(bytes) == bytes.len ? "UTF-8" : "windows-1252";
}

/* ---- decoding ------------------------------------------------------------------------ */

/* What iconv calls the encodings of the standard that it calls otherwise. */
static const char *
iconv_name(const char *charset)
{
    static const char *const other[][2] = {
        { "ISO-8859-8-I", "ISO-8859-8" },
        { "x-mac-cyrillic", "MAC-CYRILLIC" },
        { "GBK", "GB18030" },
        { "Big5", "BIG5-HKSCS" },
        { "EUC-JP", "EUC-JP-MS" },
        { "Shift_JIS", "CP932" },
        { "EUC-KR", "UHC" },
        { "windows-874", "CP874" },
        { "x-user-defined", "CP1252" },
    };

    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        if (strcmp(charset, other[i][0]) == 0)
            return other[i][1];
    return charset;
}

static struct str
repaired(struct arena *a, struct str bytes, size_t max)
{
    char carry[4];
    size_t carry_len = 0;
    struct buf out;

    buf_init(&out, a, bytes.len * 3 + 4);
    str_utf8_repair(bytes, carry, &carry_len, &out);
    str_utf8_repair_end(&carry_len, &out);
    return str_utf8_prefix((struct str){ out.data, out.len }, max);
}

static void
close_iconv(void *handle)
{
    iconv_close(handle);
}

static struct str
converted(struct arena *a, struct str bytes, const char *charset, size_t max)
{
    iconv_t handle = iconv_open("UTF-8", iconv_name(charset));
    char piece[4096], *in = (char *)(uintptr_t)bytes.p;
    size_t left = bytes.len;
    struct buf out;

    if (handle == (iconv_t)-1) /* NOLINT(performance-no-int-to-ptr) */
        return repaired(a, bytes, max);
    arena_defer(a, close_iconv, handle);
    buf_init(&out, a, bytes.len * 4 + sizeof(piece));
    while (left > 0 && out.len < max) {
        char *to = piece;
        size_t room = sizeof(piece);
        size_t done = iconv(handle, &in, &left, &to, &room);

        buf_add(&out, piece, sizeof(piece) - room);
        if (done != (size_t)-1 || errno == E2BIG)
            continue;
        buf_add_str(&out, "\xef\xbf\xbd");
        in++;
        left--;
    }
    return repaired(a, (struct str){ out.data, out.len }, max);
}

struct str
charset_decode(struct arena *a, struct str bytes, const char *charset, size_t max)
{
    struct str mark = strcmp(charset, "UTF-8") == 0      ? utf8_mark
                      : strcmp(charset, "UTF-16LE") == 0 ? le_mark
                      : strcmp(charset, "UTF-16BE") == 0 ? be_mark
                                                         : STR("\1\2\3");

    if (str_starts(bytes, mark))
        bytes = (struct str){ bytes.p + mark.len, bytes.len - mark.len };
    if (strcmp(charset, "replacement") == 0)
        return STR("\xef\xbf\xbd");
    if (strcmp(charset, "UTF-8") != 0)
        return converted(a, bytes, charset, max);
    if (str_utf8_valid(bytes) == bytes.len && !memchr(bytes.p, '\0', bytes.len))
        return str_utf8_prefix(bytes, max);
    return repaired(a, bytes, max);
}
