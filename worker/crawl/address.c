#include "worker/crawl/address.h"

#include "lib/arena.h"
#include "lib/buf.h"

#include <stdlib.h>
#include <string.h>

#define PARAMETERS_MAX 64 /* that are sorted; an address with more is a trap anyway */

const char *
address_reason(enum address_no no)
{
    static const char *const words[] = {
        [ADDRESS_OK] = "",
        [ADDRESS_SCHEME] = "scheme",
        [ADDRESS_BROKEN] = "bad_address",
        [ADDRESS_LONG] = "long_address",
        [ADDRESS_TRAP] = "trap",
        [ADDRESS_OUTSIDE] = "other_site",
        [ADDRESS_SECTION] = "other_section",
        [ADDRESS_EXCLUDED] = "excluded",
        [ADDRESS_NOT_INCLUDED] = "not_included",
        [ADDRESS_TYPE] = "type",
    };

    return words[no];
}

/* ---- the normal form ------------------------------------------------------------ */

/* Names of parameters that say where a visitor came from or who it is, not what is shown. */
static bool
only_tracks(struct str name)
{
    static const char *const names[] = { "gclid",     "fbclid",     "msclkid", "dclid",    "yclid",
                                         "igshid",    "_ga",        "_gl",     "mc_cid",   "mc_eid",
                                         "phpsessid", "jsessionid", "sid",     "sessionid" };

    if (name.len > 4 && str_eq_nocase((struct str){ name.p, 4 }, STR("utm_")))
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq_nocase(name, str_from(names[i])))
            return true;
    return false;
}

static int
compare(const void *left, const void *right)
{
    const struct str *l = left, *r = right;
    size_t least = l->len < r->len ? l->len : r->len;
    int order = memcmp(l->p, r->p, least);

    return order ? order : l->len < r->len ? -1 : l->len > r->len;
}

/* NULL when nothing is left. */
static const char *
normal_query(struct arena *a, const char *query, size_t *count)
{
    struct str parts[PARAMETERS_MAX], rest = str_from(query);
    struct buf out;
    size_t n = 0;

    while (rest.len > 0) {
        struct str value, part = str_cut(rest, '&', &rest);

        if (part.len == 0 || only_tracks(str_cut(part, '=', &value)))
            continue;
        ++*count;
        if (n < PARAMETERS_MAX)
            parts[n++] = part;
    }
    qsort(parts, n, sizeof(parts[0]), compare);
    buf_init(&out, a, ADDRESS_MAX * 2);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_add_char(&out, '&');
        buf_add(&out, parts[i].p, parts[i].len);
    }
    return n > 0 ? out.data : NULL;
}

/* "/cart;jsessionid=1234" without what hangs on the ';'. */
static const char *
without_session(struct arena *a, const char *path)
{
    const char *at = strcasestr(path, ";jsessionid=");
    size_t len;

    if (!at)
        return path;
    len = 1 + strcspn(at + 1, ";/");
    return arena_printf(a, "%.*s%s", (int)(at - path), path, at + len);
}

static bool
is_trap(const char *path, size_t parameters)
{
    struct str rest = str_from(path), segments[ADDRESS_SEGMENTS + 1];
    size_t n = 0;

    while (rest.len > 0) {
        struct str segment = str_cut(rest, '/', &rest);
        int same = 1;

        if (segment.len == 0)
            continue;
        if (n == ADDRESS_SEGMENTS)
            return true;
        for (size_t i = 0; i < n; i++)
            same += str_eq(segments[i], segment);
        if (same > ADDRESS_REPEATS)
            return true;
        segments[n++] = segment;
    }
    return parameters > ADDRESS_PARAMETERS;
}

enum address_no
address_read(struct arena *a, struct str link, const struct weburl *base, struct weburl *out)
{
    struct err e = weburl_parse(a, link, base, out);
    size_t parameters = 0;

    if (e.code == ERR_TOO_LARGE)
        return ADDRESS_LONG;
    if (e.code)
        return e.code == ERR_MEDIA_TYPE ? ADDRESS_SCHEME : ADDRESS_BROKEN;
    if (out->username[0] || out->password[0])
        return ADDRESS_SCHEME;
    if (out->fragment && out->fragment[0] != '!')
        out->fragment = NULL;
    out->path = without_session(a, out->path);
    out->query = out->query ? normal_query(a, out->query, &parameters) : NULL;
    if (strlen(weburl_text(a, out)) > ADDRESS_MAX)
        return ADDRESS_LONG;
    return is_trap(out->path, parameters) ? ADDRESS_TRAP : ADDRESS_OK;
}

/* ---- scope ------------------------------------------------------------------------ */

static const char *
bare_host(const char *host)
{
    return strncmp(host, "www.", 4) == 0 && strchr(host + 4, '.') ? host + 4 : host;
}

void
scope_add(struct arena *a, struct scope *s, const struct weburl *start)
{
    const char *slash = strrchr(start->path, '/'), *host = bare_host(start->host);

    for (size_t i = 0; i < s->host_count; i++)
        if (strcmp(s->hosts[i], host) == 0)
            host = NULL, i = s->host_count;
    if (host && s->host_count < ADDRESS_HOSTS)
        s->hosts[s->host_count++] = arena_strdup(a, host);
    /* Where the start was moved to decides, as that is where its links lead. */
    s->section = arena_strndup(a, start->path, (size_t)(slash - start->path) + 1);
}

static bool
is_on_host(const struct scope *s, const char *host)
{
    size_t len = strlen(host);

    for (size_t i = 0; i < s->host_count; i++) {
        size_t own = strlen(s->hosts[i]);

        if (strcmp(bare_host(host), s->hosts[i]) == 0)
            return true;
        if (s->subdomains && len > own + 1 && host[len - own - 1] == '.' &&
            strcmp(host + len - own, s->hosts[i]) == 0)
            return true;
    }
    return false;
}

/* What its name gives away as no text; the server's answer decides about all others. */
static bool
is_no_text(const char *path)
{
    static const char *const endings[] = {
        "7z",  "aac",  "apk",  "avi",  "avif",  "bin", "bmp", "bz2", "css",  "dmg", "deb",
        "eot", "exe",  "flv",  "gif",  "gz",    "ico", "iso", "jar", "jpeg", "jpg", "js",
        "m4a", "m4v",  "mjs",  "mkv",  "mov",   "mp3", "mp4", "mpg", "msi",  "ogg", "otf",
        "png", "psd",  "rar",  "rpm",  "svg",   "tar", "tgz", "tif", "tiff", "ttf", "wasm",
        "wav", "webm", "webp", "woff", "woff2", "wmv", "xz",  "zip", "zst"
    };
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

    for (size_t i = 0; dot && i < sizeof(endings) / sizeof(endings[0]); i++)
        if (str_eq_nocase(str_from(dot + 1), str_from(endings[i])))
            return true;
    return false;
}

static bool
any_matches(const char *const *patterns, size_t n, struct str path, struct str whole)
{
    for (size_t i = 0; i < n; i++) {
        struct str pattern = str_from(patterns[i]);

        if (address_matches(pattern, strstr(patterns[i], "://") ? whole : path))
            return true;
    }
    return false;
}

enum address_no
scope_check(const struct scope *s, struct arena *scratch, const struct weburl *url, bool is_start)
{
    struct str path, whole;

    if (is_start)
        return ADDRESS_OK;
    if (!is_on_host(s, url->host))
        return ADDRESS_OUTSIDE;
    if (s->kind == SCOPE_PAGE ||
        (s->kind == SCOPE_SECTION && !str_starts(str_from(url->path), str_from(s->section))))
        return ADDRESS_SECTION;
    if (is_no_text(url->path))
        return ADDRESS_TYPE;
    if (s->include_count + s->exclude_count == 0)
        return ADDRESS_OK;
    path = str_from(url->query ? arena_printf(scratch, "%s?%s", url->path, url->query) : url->path);
    whole = str_from(weburl_text(scratch, url));
    if (any_matches(s->exclude, s->exclude_count, path, whole))
        return ADDRESS_EXCLUDED;
    if (s->include_count > 0 && !any_matches(s->include, s->include_count, path, whole))
        return ADDRESS_NOT_INCLUDED;
    return ADDRESS_OK;
}

/* ---- patterns ------------------------------------------------------------------------ */

static void
skip(struct str *s, size_t n)
{
    s->p += n;
    s->len -= n;
}

/* As in robots.txt: the first place of a piece is as good as any later one. */
bool
address_matches(struct str pattern, struct str text)
{
    struct str rest, left = pattern, piece = str_cut(left, '*', &rest);
    bool more = piece.len < left.len;

    if (!str_starts(text, piece))
        return false;
    skip(&text, piece.len);
    if (!more)
        return text.len == 0 || (piece.len > 0 && piece.p[piece.len - 1] == '/') ||
               text.p[0] == '/' || text.p[0] == '?';
    while (more) {
        const char *found;

        left = rest;
        piece = str_cut(left, '*', &rest);
        more = piece.len < left.len;
        if (!more)
            return text.len >= piece.len &&
                   memcmp(text.p + text.len - piece.len, piece.p, piece.len) == 0;
        if (piece.len == 0)
            continue;
        found = memmem(text.p, text.len, piece.p, piece.len);
        if (!found)
            return false;
        skip(&text, (size_t)(found - text.p) + piece.len);
    }
    return true;
}

/* ---- templates ------------------------------------------------------------------------ */

static void
add_without_digits(struct buf *out, struct str text)
{
    bool was_digit = false;

    for (size_t i = 0; i < text.len; i++) {
        bool is_digit = text.p[i] >= '0' && text.p[i] <= '9';

        if (!is_digit)
            buf_add_char(out, text.p[i]);
        else if (!was_digit)
            buf_add_char(out, 'N');
        was_digit = is_digit;
    }
}

const char *
address_template(struct arena *a, const struct weburl *url)
{
    struct str rest = str_from(url->query);
    struct buf out;

    buf_init(&out, a, ADDRESS_MAX * 2);
    buf_add_str(&out, url->host);
    add_without_digits(&out, str_from(url->path));
    for (char mark = '?'; rest.len > 0; mark = '&') {
        struct str value, name = str_cut(str_cut(rest, '&', &rest), '=', &value);

        buf_add_char(&out, mark);
        add_without_digits(&out, name);
    }
    return out.data;
}
