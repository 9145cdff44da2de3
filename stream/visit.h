/*
 * Visit: what a request to the gateway asks for, read from its text. Pure: who
 * the credential belongs to, and whether the request is there, is found out by
 * the database thread.
 */
#ifndef STREAM_VISIT_H
#define STREAM_VISIT_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VISIT_TOKEN_MAX 200 /* bytes of a session token or API key */
#define VISIT_WAIT_MAX  60  /* seconds that a status is held */
#define VISIT_NAME_MAX  64  /* bytes of an X-Request-Id that is taken over */
#define VISIT_KEY       24  /* characters of a Sec-WebSocket-Key: 16 bytes in base64 */

#define AFTER_UNSET INT64_MIN /* the client did not say where to go on */

enum visit_what {
    VISIT_REQUEST, /* the events of a request */
    VISIT_VISITOR, /* the same, as the visitor who asked may see them */
    VISIT_FEED,    /* the caller's feed */
    VISIT_CRAWL,   /* the progress of a source's newest crawl */
    VISIT_STATUS,  /* the status of a request, once it has changed */
    VISIT_HEALTH,
    VISIT_METRICS
};

/* What came; texts are NULL where nothing did. */
struct visit_text {
    const char *method, *path;
    const char *const *query; /* "name=value", decoded */
    size_t query_count;
    const char *scheme; /* by which the client came to nginx */
    const char *host, *origin, *fetch_site, *cookie, *authorization, *last_event_id;
    const char *request_id, *ws_key, *ws_version;
    const char *peer;            /* whoever spoke to nginx: the client, or a proxy before it */
    const char *forwarded_email; /* who a proxy says it is; NULL unless that proxy is trusted */
    bool upgrade;                /* to a WebSocket */
};

/* The parameter or header that breaks a rule, and the rule; literals, NULL where nothing does. */
struct visit_fault {
    const char *name, *detail;
};

struct visit {
    enum visit_what what;
    bool websocket;
    struct id id;    /* of the request or source, but for VISIT_FEED */
    int64_t after;   /* the last event that the client has, -1 for none; or AFTER_UNSET */
    int64_t wait_s;  /* 0: answer at once */
    bool short_path; /* VISIT_STATUS without /status */
    bool by_key;
    bool by_proxy;                   /* the token is an e-mail address */
    char token[VISIT_TOKEN_MAX + 1]; /* VISIT_VISITOR: for that request alone */
    char ws_key[VISIT_KEY + 1];
    struct visit_fault fault;
};

/*
 * ERR_NOT_FOUND, ERR_METHOD, ERR_MALFORMED (the handshake), ERR_UNAUTHENTICATED
 * (no credential), ERR_FORBIDDEN (a page of another origin uses its visitor's
 * cookie), ERR_INVALID (out->fault names what of the query or the header is
 * wrong). `public_url` is the setting; "" for none.
 */
struct err visit_read(const struct visit_text *text, const char *public_url,
                      struct visit *out) CHECKED;

/* The client's X-Request-Id when it is a sane token, else a new id. */
void visit_name(const struct visit_text *text, char out[VISIT_NAME_MAX + 1]);

#endif
