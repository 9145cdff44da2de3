#include "stream/visit.h"

#include "db/auth.h"
#include "lib/str.h"

#include <string.h>

/* clang-format off */
static const struct route {
    const char *pattern; /* '*' stands for an id */
    enum visit_what what;
    bool open;           /* needs no credential: for the supervisor, not passed on by nginx */
    bool websocket;
    bool short_path;
} routes[] = {
    { "/api/requests/*/stream",         VISIT_REQUEST, false, true,  false },
    { "/api/requests/*/visitor-stream", VISIT_VISITOR, false, true,  false },
    { "/api/events",                    VISIT_FEED,    false, true,  false },
    { "/api/crawl/*/stream",            VISIT_CRAWL,   false, true,  false },
    { "/api/requests/*/status",         VISIT_STATUS,  false, false, false },
    { "/api/requests/*",                VISIT_STATUS,  false, false, true  },
    { "/healthz",                       VISIT_HEALTH,  true,  false, false },
    { "/metrics",                       VISIT_METRICS, true,  false, false },
};
/* clang-format on */

static bool
matches(const char *pattern, const char *path, struct id *id)
{
    size_t before = strcspn(pattern, "*");
    char text[ID_TEXT + 1];

    if (!pattern[before])
        return strcmp(pattern, path) == 0;
    if (strncmp(pattern, path, before) != 0 || strlen(path) < before + ID_TEXT ||
        strcmp(pattern + before + 1, path + before + ID_TEXT) != 0)
        return false;
    memcpy(text, path + before, ID_TEXT);
    text[ID_TEXT] = '\0';
    return id_parse(text, id);
}

static struct err
find_route(const struct visit_text *text, const struct route **route, struct id *id)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        if (!matches(routes[i].pattern, text->path, id))
            continue;
        *route = &routes[i];
        return strcmp(text->method, "GET") == 0 ? OK : ERR(ERR_METHOD, "only GET is allowed here");
    }
    return ERR(ERR_NOT_FOUND, "no such resource");
}

/* ---- the query ------------------------------------------------------------ */

/* The value of a parameter; NULL when it is absent. */
static const char *
parameter(const struct visit_text *text, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < text->query_count; i++)
        if (strncmp(text->query[i], name, len) == 0 && text->query[i][len] == '=')
            return text->query[i] + len + 1;
    return NULL;
}

#define AFTER_RULE "must be an integer from -1 to 9223372036854775807"
#define WAIT_RULE  "must be an integer from 0 to 60"

/* The error of a visit whose parameter or header `name` breaks `rule`; both literals. */
#define BROKEN(v, kind, name, rule)                                                                \
    ((v)->fault = (struct visit_fault){ name, rule },                                              \
     ERR(ERR_INVALID, "the " kind " " name " " rule))

/* What is absent (NULL) is right, and leaves `out` as it is. */
static bool
read_after(const char *value, int64_t *out)
{
    return !value || str_int(str_from(value), -1, INT64_MAX, out);
}

/*
 * ?after=, or for a status also ?sequence_number=, or Last-Event-ID. A browser
 * that reconnects by itself asks for the same URL again and names what it got
 * since in the header: so of two numbers the larger one counts.
 */
static struct err
read_position(const struct visit_text *text, struct visit *out)
{
    int64_t last = AFTER_UNSET;

    out->after = AFTER_UNSET;
    if (out->what == VISIT_STATUS && !read_after(parameter(text, "sequence_number"), &out->after))
        return BROKEN(out, "parameter", "sequence_number", AFTER_RULE);
    if (!read_after(parameter(text, "after"), &out->after))
        return BROKEN(out, "parameter", "after", AFTER_RULE);
    if (out->what == VISIT_STATUS)
        return OK;
    if (!read_after(text->last_event_id, &last))
        return BROKEN(out, "header", "Last-Event-ID", AFTER_RULE);
    if (last > out->after)
        out->after = last;
    return OK;
}

static struct err
read_wait(const struct visit_text *text, struct visit *out)
{
    const char *value = out->what == VISIT_STATUS ? parameter(text, "wait") : NULL;

    if (!value || str_int(str_from(value), 0, VISIT_WAIT_MAX, &out->wait_s))
        return OK;
    return BROKEN(out, "parameter", "wait", WAIT_RULE);
}

/* ---- credentials ---------------------------------------------------------- */

/* Users come by https: what OFFSTAGE_PUBLIC_URL says, else what nginx does. */
static bool
is_secure(const struct visit_text *text, const char *public_url)
{
    if (*public_url)
        return str_starts(str_from(public_url), STR("https://"));
    return text->scheme && strcmp(text->scheme, "https") == 0;
}

/* The value of the only cookie of that name; a second one is somebody's trick. */
static struct str
find_cookie(const char *header, const char *name)
{
    struct str rest = str_from(header), found = { "", 0 };
    bool seen = false;

    while (rest.len) {
        struct str value, pair = str_trim(str_cut(rest, ';', &rest));

        if (!str_eq(str_cut(pair, '=', &value), str_from(name)))
            continue;
        if (seen)
            return (struct str){ "", 0 };
        seen = true;
        found = value;
    }
    return found;
}

static struct str
bearer(const char *header)
{
    struct str token, scheme = str_cut(str_trim(str_from(header)), ' ', &token);

    return str_eq_nocase(scheme, STR("bearer")) ? str_trim(token) : (struct str){ "", 0 };
}

static bool
is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.len > 0 && s.len <= VISIT_TOKEN_MAX;
}

/*
 * Whoever has a visitor's address has its token: no browser adds it by itself,
 * so pages of any origin may use it. Nothing else that comes with it counts.
 */
static struct err
read_visitor(const struct visit_text *text, struct visit *out)
{
    const char *token = parameter(text, "token");

    if (!token || !is_token(str_from(token)))
        return ERR(ERR_UNAUTHENTICATED, "the token of the stream's address is missing");
    snprintf(out->token, sizeof(out->token), "%s", token);
    return OK;
}

static struct err
read_credential(const struct visit_text *text, const char *public_url, struct visit *out)
{
    const char *name = is_secure(text, public_url) ? AUTH_COOKIE_SECURE : AUTH_COOKIE;
    struct str token;

    out->by_key = text->authorization != NULL;
    out->by_proxy = !out->by_key && text->forwarded_email;
    if (out->by_proxy)
        token = str_trim(str_from(text->forwarded_email));
    else
        token = out->by_key ? bearer(text->authorization) : find_cookie(text->cookie, name);
    if (!is_token(token))
        return out->by_key ? ERR(ERR_UNAUTHENTICATED,
                                 "the Authorization header must be \"Bearer\" and a key")
                           : ERR(ERR_UNAUTHENTICATED, "sign in, or send an API key");
    memcpy(out->token, token.p, token.len);
    out->token[token.len] = '\0';
    return OK;
}

/* ---- origin --------------------------------------------------------------- */

/* "host" or "host:port" without the port that the scheme implies. */
static struct str
authority(struct str s, struct str port)
{
    if (s.len > port.len && str_eq((struct str){ s.p + s.len - port.len, port.len }, port))
        s.len -= port.len;
    return s;
}

static bool
same_authority(struct str origin, struct str host)
{
    bool https = str_starts(origin, STR("https://"));
    size_t scheme = https ? STR("https://").len : STR("http://").len;
    struct str port = https ? STR(":443") : STR(":80");
    struct str named = { origin.p + scheme, origin.len - scheme };

    return host.len && str_eq_nocase(authority(named, port), authority(host, port));
}

static bool
is_own_origin(const char *origin, const char *host, const char *public_url)
{
    struct str from = str_from(origin);
    struct str url = str_from(public_url);

    if (!str_starts(from, STR("http://")) && !str_starts(from, STR("https://")))
        return false;
    while (url.len && url.p[url.len - 1] == '/')
        url.len--;
    return (url.len && str_eq_nocase(from, url)) || (host && same_authority(from, str_from(host)));
}

/*
 * A cookie travels with whatever page asks, so that page must be ours. Browsers
 * name it by Origin in every WebSocket handshake and in requests to another
 * origin, and by Sec-Fetch-Site everywhere.
 */
static struct err
check_origin(const struct visit_text *text, const char *public_url, const struct visit *v)
{
    const char *site = text->fetch_site;

    if (v->by_key && !v->websocket)
        return OK;
    if (text->origin)
        return is_own_origin(text->origin, text->host, public_url)
                   ? OK
                   : ERR(ERR_FORBIDDEN, "this origin may not open streams");
    if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
        return ERR(ERR_FORBIDDEN, "another site may not open streams");
    return OK;
}

static struct err
read_handshake(const struct visit_text *text, const struct route *route, struct visit *out)
{
    out->websocket = text->upgrade;
    if (!text->upgrade)
        return OK;
    if (!route->websocket)
        return ERR(ERR_MALFORMED, "there is no WebSocket here");
    if (!text->ws_version || strcmp(text->ws_version, "13") != 0)
        return ERR(ERR_MALFORMED, "Sec-WebSocket-Version must be 13");
    if (!text->ws_key || strlen(text->ws_key) != VISIT_KEY ||
        strspn(text->ws_key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") !=
            VISIT_KEY - 2 ||
        strcmp(text->ws_key + VISIT_KEY - 2, "==") != 0)
        return ERR(ERR_MALFORMED, "Sec-WebSocket-Key is missing or malformed");
    memcpy(out->ws_key, text->ws_key, VISIT_KEY + 1);
    return OK;
}

struct err
visit_read(const struct visit_text *text, const char *public_url, struct visit *out)
{
    const struct route *route = NULL;

    *out = (struct visit){ .after = AFTER_UNSET };
    TRY(find_route(text, &route, &out->id));
    out->what = route->what;
    out->short_path = route->short_path;
    TRY(read_handshake(text, route, out));
    if (route->open)
        return OK;
    if (out->what == VISIT_VISITOR) {
        TRY(read_visitor(text, out));
    } else {
        TRY(read_credential(text, public_url, out));
        TRY(check_origin(text, public_url, out));
    }
    TRY(read_position(text, out));
    return read_wait(text, out);
}

void
visit_name(const struct visit_text *text, char out[VISIT_NAME_MAX + 1])
{
    const char *name = text->request_id ? text->request_id : "";
    size_t len = strlen(name);

    if (len == 0 || len > VISIT_NAME_MAX ||
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != len) {
        snprintf(out, VISIT_NAME_MAX + 1, "%s", id_new().s);
        return;
    }
    memcpy(out, name, len + 1);
}
