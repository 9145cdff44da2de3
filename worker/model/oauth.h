/*
 * Oauth: signing in to Databricks as a service principal (OAuth 2.0 client
 * credentials, RFC 6749 4.4) for agents that have one. A token is kept in the
 * worker's memory, for the agent and secret that it was given for, until shortly
 * before it expires.
 */
#ifndef WORKER_OAUTH_H
#define WORKER_OAUTH_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdint.h>

struct arena;
struct http_transfer;
struct services;
struct oauth;

/* Of one worker; freed with the arena. */
struct oauth *oauth_new(struct arena *a);

struct oauth_call {
    const struct services *services;
    struct arena *arena;
    struct id agent_id;
    const char *endpoint_url, *client_id, *sealed; /* sealed: the secret, as stored */
    void *arg;
    /* Once, on the loop, perhaps before oauth_get() returns. `token` lives in the arena. */
    void (*done)(void *arg, struct err err, const char *token);
    /* private */
    struct http_transfer *transfer;
    struct buf body;
    int status;
};

/* A token, kept or new. The call stays where it is until done, or oauth_cancel(). */
void oauth_get(struct oauth_call *c);
void oauth_cancel(struct oauth_call *c);

/* The server does not take it any more. */
void oauth_forget(const struct oauth_call *c);

/* How long a token that expires after so many seconds is kept: it is renewed five minutes before,
 * but not within half of its life. */
int64_t oauth_kept_ms(int64_t expires_s);

/* The server's answer: a JSON object with access_token and expires_in. Pure. */
#define OAUTH_BODY_MAX ((size_t)64 * 1024)
struct err oauth_read(struct arena *a, const char *body, size_t len, const char **token,
                      int64_t *expires_s) CHECKED;

#endif
