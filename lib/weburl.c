#include "lib/weburl.h"

#include "lib/arena.h"
#include "lib/buf.h"

#include <string.h>

#define PORT_MAX 65535

/* The standard's percent-encode sets, beside controls and everything above '~'. */
#define SET_FRAGMENT " \"<>`"
#define SET_QUERY    " \"#<>'"
#define SET_PATH     " \"#<>?`{}^"
#define SET_USERINFO " \"#<>?`{}/:;=@[\\]^|"

static bool
is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_slash(char c)
{
    return c == '/' || c == '\\';
}

static void
encode(struct buf *out, struct str text, const char *set)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c <= 0x1f || c > 0x7e || strchr(set, c))
            buf_printf(out, "%%%02X", c);
        else
            buf_add_char(out, (char)c);
    }
}

static const char *
encoded(struct arena *a, struct str text, const char *set)
{
    struct buf out;

    buf_init(&out, a, text.len * 3 + 1);
    encode(&out, text, set);
    return out.data;
}

/* Without spaces and controls at the ends, and tabs and line ends anywhere. */
static struct str
clean(struct arena *a, struct str text)
{
    char *kept;
    size_t n = 0;

    while (text.len > 0 && (unsigned char)text.p[0] <= ' ')
        text.p++, text.len--;
    while (text.len > 0 && (unsigned char)text.p[text.len - 1] <= ' ')
        text.len--;
    kept = arena_alloc(a, text.len + 1);
    for (size_t i = 0; i < text.len; i++)
        if (text.p[i] != '\t' && text.p[i] != '\n' && text.p[i] != '\r')
            kept[n++] = text.p[i];
    return (struct str){ kept, n };
}

/* The scheme before the first ':', without it; empty when there is none. */
static struct str
scheme_of(struct str text)
{
    size_t n = 0;

    while (n < text.len &&
           (is_alpha(text.p[n]) || (n > 0 && text.p[n] && strchr("0123456789+-.", text.p[n]))))
        n++;
    return n > 0 && n < text.len && text.p[n] == ':' ? (struct str){ text.p, n }
                                                     : (struct str){ text.p, 0 };
}

static struct str
behind(struct str text, size_t n)
{
    return (struct str){ text.p + n, text.len - n };
}

/* The length up to the first of these characters. */
static size_t
until(struct str text, const char *set)
{
    size_t n = 0;

    while (n < text.len && !(text.p[n] && strchr(set, text.p[n])))
        n++;
    return n;
}

/* ---- authority --------------------------------------------------------------- */

static void
read_userinfo(struct arena *a, struct str text, struct weburl *out)
{
    struct str password, username = str_cut(text, ':', &password);

    out->username = encoded(a, username, SET_USERINFO);
    out->password = encoded(a, password, SET_USERINFO);
}

static struct err
read_port(struct str text, struct weburl *out)
{
    int port = 0;

    out->port = -1;
    if (text.len == 0)
        return OK;
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return ERR(ERR_INVALID, "the port is not a number");
        port = port * 10 + text.p[i] - '0';
        if (port > PORT_MAX)
            return ERR(ERR_INVALID, "the port is over 65535");
    }
    if (port != (out->https ? 443 : 80))
        out->port = port;
    return OK;
}

static struct err
read_authority(struct arena *a, struct str text, struct weburl *out)
{
    size_t at = text.len, colon;
    bool in_brackets = false;

    while (at > 0 && text.p[at - 1] != '@')
        at--;
    out->username = out->password = "";
    if (at > 0)
        read_userinfo(a, (struct str){ text.p, at - 1 }, out);
    text = behind(text, at);
    for (colon = 0; colon < text.len && (in_brackets || text.p[colon] != ':'); colon++) {
        if (text.p[colon] == '[')
            in_brackets = true;
        else if (text.p[colon] == ']')
            in_brackets = false;
    }
    if (colon == 0)
        return ERR(ERR_INVALID, "the URL has no host");
    TRY(weburl_host(a, (struct str){ text.p, colon }, &out->host));
    return read_port(behind(text, colon < text.len ? colon + 1 : colon), out);
}

/* ---- path ---------------------------------------------------------------------- */

/* 1 for ".", 2 for "..", in any spelling; 0 for other segments. */
static int
dots(struct str segment)
{
    int n = 0;

    while (segment.len > 0) {
        size_t take = 0;

        if (segment.p[0] == '.')
            take = 1;
        else if (segment.len >= 3 && segment.p[0] == '%' && segment.p[1] == '2' &&
                 str_lower(segment.p[2]) == 'e')
            take = 3;
        if (take == 0 || ++n > 2)
            return 0;
        segment = behind(segment, take);
    }
    return n;
}

/* Drop the last segment: "/a/b" becomes "/a". */
static void
shorten(struct buf *path)
{
    size_t len = path->len;

    while (len > 0 && path->data[--len] != '/')
        continue;
    buf_truncate(path, len);
}

/* Append the segments of `text` to a path that ends without '/'. */
static const char *
read_path(struct buf *path, struct str text)
{
    for (;;) {
        size_t n = until(text, "/\\");
        struct str segment = { text.p, n };
        bool last = n == text.len;
        int up = dots(segment);

        if (up == 2)
            shorten(path);
        if (up == 0) {
            buf_add_char(path, '/');
            encode(path, segment, SET_PATH);
        } else if (last) {
            buf_add_char(path, '/');
        }
        if (last)
            return path->data;
        text = behind(text, n + 1);
    }
}

/* Path, query and fragment; `before` is the path that a relative one goes on from. */
static void
read_rest(struct arena *a, struct str text, const char *before, struct weburl *out)
{
    size_t n = until(text, "?#");
    struct str path = { text.p, n };
    struct buf whole;

    buf_init(&whole, a, strlen(before) + text.len * 3 + 4);
    buf_add_str(&whole, before);
    if (path.len > 0 && is_slash(path.p[0]))
        path = behind(path, 1);
    out->path = read_path(&whole, path);
    out->query = out->fragment = NULL;
    text = behind(text, n);
    if (text.len > 0 && text.p[0] == '?') {
        n = until(text, "#");
        out->query = encoded(a, (struct str){ text.p + 1, n - 1 }, SET_QUERY);
        text = behind(text, n);
    }
    if (text.len > 0)
        out->fragment = encoded(a, behind(text, 1), SET_FRAGMENT);
}

/* ---- the whole --------------------------------------------------------------------- */

static struct err
read_absolute(struct arena *a, struct str text, struct weburl *out)
{
    size_t n = 0;

    while (n < text.len && is_slash(text.p[n]))
        n++;
    text = behind(text, n);
    n = until(text, "/\\?#");
    TRY(read_authority(a, (struct str){ text.p, n }, out));
    read_rest(a, behind(text, n), "", out);
    return OK;
}

/* The query and fragment, or the fragment alone, that replace those of the base. */
static void
read_tail(struct arena *a, struct str text, const struct weburl *base, struct weburl *out)
{
    struct weburl tail = { .path = "" };

    read_rest(a, text, "", &tail);
    out->path = base->path;
    out->query = text.len > 0 && text.p[0] == '?' ? tail.query : base->query;
    out->fragment = tail.fragment;
}

static struct err
read_relative(struct arena *a, struct str text, const struct weburl *base, struct weburl *out)
{
    struct buf before;

    if (text.len >= 2 && is_slash(text.p[0]) && is_slash(text.p[1])) {
        out->https = base->https;
        return read_absolute(a, text, out);
    }
    *out = *base;
    if (text.len == 0 || text.p[0] == '?' || text.p[0] == '#') {
        read_tail(a, text, base, out);
        return OK;
    }
    buf_init(&before, a, strlen(base->path) + 1);
    if (!is_slash(text.p[0])) {
        buf_add_str(&before, base->path);
        shorten(&before);
    }
    read_rest(a, text, before.data, out);
    return OK;
}

struct err
weburl_parse(struct arena *a, struct str text, const struct weburl *base, struct weburl *out)
{
    struct weburl url = { .port = -1, .username = "", .password = "" };
    struct str scheme;
    struct err e;

    if (text.len > WEBURL_MAX)
        return ERR(ERR_TOO_LARGE, "the URL is too long");
    text = clean(a, text);
    scheme = scheme_of(text);
    if (scheme.len > 0) {
        url.https = str_eq_nocase(scheme, STR("https"));
        if (!url.https && !str_eq_nocase(scheme, STR("http")))
            return ERR(ERR_MEDIA_TYPE, "the URL's scheme is neither http nor https");
        text = behind(text, scheme.len + 1);
        /* "http:page", a spelling of old: relative when the base has the same scheme. */
        e = base && base->https == url.https &&
                    !(text.len >= 2 && is_slash(text.p[0]) && is_slash(text.p[1]))
                ? read_relative(a, text, base, &url)
                : read_absolute(a, text, &url);
    } else if (base) {
        e = read_relative(a, text, base, &url);
    } else {
        return ERR(ERR_INVALID, "the URL is not absolute");
    }
    if (!e.code)
        *out = url;
    return e;
}

int
weburl_port(const struct weburl *url)
{
    return url->port >= 0 ? url->port : url->https ? 443 : 80;
}

const char *
weburl_text(struct arena *a, const struct weburl *url)
{
    struct buf out;

    buf_init(&out, a, WEBURL_MAX * 8);
    buf_add_str(&out, url->https ? "https://" : "http://");
    if (url->username[0] || url->password[0]) {
        buf_add_str(&out, url->username);
        if (url->password[0])
            buf_printf(&out, ":%s", url->password);
        buf_add_char(&out, '@');
    }
    buf_add_str(&out, url->host);
    if (url->port >= 0)
        buf_printf(&out, ":%d", url->port);
    buf_add_str(&out, url->path);
    if (url->query)
        buf_printf(&out, "?%s", url->query);
    if (url->fragment)
        buf_printf(&out, "#%s", url->fragment);
    return out.data;
}
