/* Credentials: what a client shows of itself in its headers. Pure. */
#ifndef APP_CREDENTIALS_H
#define APP_CREDENTIALS_H

#include "lib/err.h"

#include <stdbool.h>

struct arena;

enum credential {
    CREDENTIAL_NONE,
    CREDENTIAL_SESSION,
    CREDENTIAL_KEY,
    CREDENTIAL_PROXY /* the token is an e-mail address */
};

/*
 * The session's token of a Cookie header or the key of an Authorization
 * header; the latter goes before. `secure`: the client came by https, where
 * the cookie has its other name. ERR_UNAUTHENTICATED for an Authorization that
 * is not understood.
 */
struct err credentials_read(struct arena *a, const char *authorization, const char *cookie,
                            bool secure, enum credential *kind, const char **token) CHECKED;

/*
 * What a proxy states goes before a cookie and after a key: `email` is the header
 * X-Forwarded-Email, believed when `peer`, who spoke to nginx, is among
 * `proxies`, the setting. Leaves both as they are when it is not, and when there
 * is none. ERR_UNAUTHENTICATED when it is no address.
 */
struct err credentials_of_proxy(struct arena *a, const char *proxies, const char *peer,
                                const char *email, enum credential *kind,
                                const char **token) CHECKED;

/*
 * Does a browser send this from our own pages? `origin` and `fetch_site` are
 * the headers Origin and Sec-Fetch-Site, `own` is the origin that users see
 * ("https://chat.example"), or NULL: then `host`, by either scheme unless the
 * client came by https. Headers may be NULL.
 */
enum origin { ORIGIN_UNKNOWN, ORIGIN_OWN, ORIGIN_FOREIGN };
enum origin credentials_origin(const char *origin, const char *fetch_site, const char *own,
                               const char *host, bool https);

#endif
