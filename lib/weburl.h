/*
 * Weburl: http and https addresses as browsers read them, by the WHATWG URL
 * Standard: what stands in a link, resolved against the page that it stands on.
 * lib/url, which is libcurl's view, decides what may be dialled; this one says
 * which address is meant.
 *
 * Pure. Input is any bytes without NUL, best valid UTF-8; a query is encoded as
 * UTF-8 whatever the page's encoding.
 */
#ifndef LIB_WEBURL_H
#define LIB_WEBURL_H

#include "lib/err.h"
#include "lib/str.h"

#include <stdbool.h>

struct arena;

#define WEBURL_MAX ((size_t)16 * 1024) /* bytes that are looked at; more is ERR_TOO_LARGE */

/* All parts are serialised, ASCII only. */
struct weburl {
    bool https;
    const char *username, *password; /* "" for none */
    const char *host;                /* a name, an IPv4 address, or IPv6 in brackets */
    int port;                        /* -1: the scheme's own */
    const char *path;                /* begins with '/' */
    const char *query, *fragment;    /* without '?' and '#'; NULL for none */
};

/*
 * Parse `text`, relative to `base` unless that is NULL. ERR_INVALID when it is
 * no URL; ERR_MEDIA_TYPE when it is one of another scheme (mailto:, data:).
 */
struct err weburl_parse(struct arena *a, struct str text, const struct weburl *base,
                        struct weburl *out) CHECKED;

/* The address as one text. */
const char *weburl_text(struct arena *a, const struct weburl *url);

/* 80 or 443 where none is given. */
int weburl_port(const struct weburl *url);

/*
 * The standard's host parser for special schemes: percent-decoding, IDNA
 * (UTS 46, non-transitional), IPv4 in all its spellings, IPv6. A part of
 * weburl.c that stands in weburl_host.c.
 */
struct err weburl_host(struct arena *a, struct str text, const char **out) CHECKED;

#endif
