#include "app/credentials.h"

#include "db/auth.h"
#include "lib/arena.h"
#include "lib/str.h"
#include "lib/url.h"

#include <string.h>

#define TOKEN_MAX 200 /* bytes; nothing longer is ours */

/* The value of the only cookie of that name; a second one is somebody's trick. */
static struct str
find_cookie(const char *header, struct str name)
{
    struct str rest = str_from(header), found = { NULL, 0 };

    while (rest.len > 0) {
        struct str value, pair = str_trim(str_cut(rest, ';', &rest));

        if (!str_eq(str_cut(pair, '=', &value), name))
            continue;
        if (found.p)
            return (struct str){ NULL, 0 };
        found = value;
    }
    return found;
}

static bool
is_token(struct str s)
{
    if (s.len == 0 || s.len > TOKEN_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

struct err
credentials_read(struct arena *a, const char *authorization, const char *cookie, bool secure,
                 enum credential *kind, const char **token)
{
    struct str name = secure ? STR(AUTH_COOKIE_SECURE) : STR(AUTH_COOKIE), rest;

    if (authorization) {
        struct str scheme = str_cut(str_trim(str_from(authorization)), ' ', &rest);

        rest = str_trim(rest);
        if (!str_eq_nocase(scheme, STR("bearer")) || !is_token(rest))
            return ERR(ERR_UNAUTHENTICATED,
                       "the Authorization header must be \"Bearer\" and a key");
        *kind = CREDENTIAL_KEY;
        *token = str_dup(a, rest);
        return OK;
    }
    rest = find_cookie(cookie, name);
    *kind = is_token(rest) ? CREDENTIAL_SESSION : CREDENTIAL_NONE;
    *token = str_dup(a, rest);
    return OK;
}

struct err
credentials_of_proxy(struct arena *a, const char *proxies, const char *peer, const char *email,
                     enum credential *kind, const char **token)
{
    struct str said = str_trim(str_from(email));

    if (*kind == CREDENTIAL_KEY || !email || !peer || !url_listed(proxies, peer))
        return OK;
    if (!is_token(said) || !memchr(said.p, '@', said.len) || memchr(said.p, ',', said.len))
        return ERR(ERR_UNAUTHENTICATED, "the proxy states no e-mail address");
    *kind = CREDENTIAL_PROXY;
    *token = str_dup(a, said);
    return OK;
}

static bool
is_own(struct str origin, const char *own, const char *host, bool https)
{
    static const struct str schemes[] = { { "https://", 8 }, { "http://", 7 } };

    if (own)
        return str_eq_nocase(origin, str_from(own));
    if (!host)
        return false;
    for (size_t i = 0; i < (https ? 1U : 2U); i++) {
        struct str authority = origin;

        if (!str_starts(origin, schemes[i]))
            continue;
        authority.p += schemes[i].len;
        authority.len -= schemes[i].len;
        return str_eq_nocase(authority, str_from(host));
    }
    return false;
}

enum origin
credentials_origin(const char *origin, const char *fetch_site, const char *own, const char *host,
                   bool https)
{
    if (fetch_site && strcmp(fetch_site, "same-origin") != 0)
        return ORIGIN_FOREIGN;
    if (origin)
        return is_own(str_from(origin), own, host, https) ? ORIGIN_OWN : ORIGIN_FOREIGN;
    return fetch_site ? ORIGIN_OWN : ORIGIN_UNKNOWN;
}
