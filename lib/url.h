/*
 * Url: what Offstage needs to know of an http(s) URL, and which addresses are
 * public. Parsing is libcurl's (curl_url); userinfo is refused.
 */
#ifndef LIB_URL_H
#define LIB_URL_H

#include "lib/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct sockaddr;

#define URL_MAX 2000 /* bytes */

struct url {
    const char *text; /* as normalised by libcurl */
    bool https;
    const char *host; /* lower case; IPv6 in brackets */
    int port;
    const char *path; /* begins with '/' */
};

/* ERR_INVALID unless `text` is an absolute http or https URL without userinfo. */
struct err url_parse(struct arena *a, const char *text, struct url *out) CHECKED;

/* True for public unicast addresses only, by IANA's special-purpose registries; mapped,
 * translated and tunnelled IPv4 (::ffff/96, ::/96, 64:ff9b::/96, 64:ff9b:1::/48, 2002::/16,
 * 2001::/32) is refused, whatever it wraps. Unknown families are refused. */
bool url_address_is_public(const struct sockaddr *address);

/* Text as it stands in a path's segment or a query: all but letters, digits and "-._~" as %XX. */
const char *url_escape(struct arena *a, const char *text);

/*
 * True when an allow list (hosts, host:port and CIDRs, comma separated: the
 * setting OFFSTAGE_ALLOW_PRIVATE) names this host and port, or this address.
 */
bool url_allowed_host(const char *allow, const char *host, int port);
bool url_allowed_address(const char *allow, const struct sockaddr *address);

/* True when a list of addresses and CIDRs, comma separated, holds this literal address. */
bool url_listed(const char *list, const char *address);

/*
 * Check a URL that a user gave, before it is stored: parses, and a literal
 * private address or a name such as localhost must be on the allow list. The
 * address that is dialled later is checked again by lib/http.
 */
struct err url_check_user(struct arena *a, const char *text, const char *allow) CHECKED;

#endif
