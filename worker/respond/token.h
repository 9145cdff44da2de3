/*
 * Token: signing in to Databricks as a service principal (OAuth 2.0 client
 * credentials, RFC 6749 4.4) for agents that have one. A token is kept in the
 * worker's memory, for the agent and secret that it was given for, until shortly
 * before it expires.
 */
#ifndef WORKER_TOKEN_H
#define WORKER_TOKEN_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdint.h>

struct arena;
struct http_transfer;
struct services;
struct tokens;

/* Of one worker; freed with the arena. */
struct tokens *tokens_new(struct arena *a);

struct token_call {
    const struct services *services;
    struct arena *arena;
    struct id agent_id;
    const char *endpoint_url, *client_id, *sealed; /* sealed: the secret, as stored */
    void *arg;
    /* Once, on the loop, perhaps before token_get() returns. `token` lives in the arena. */
    void (*done)(void *arg, struct err err, const char *token);
    /* private */
    struct http_transfer *transfer;
    struct buf body;
    int status;
};

/* A token, kept or new. The call stays where it is until done, or token_cancel(). */
void token_get(struct token_call *c);
void token_cancel(struct token_call *c);

/* The server does not take it any more. */
void token_forget(const struct token_call *c);

/* The server's answer: a JSON object with access_token and expires_in. Pure. */
#define TOKEN_BODY_MAX ((size_t)64 * 1024)
struct err token_read(struct arena *a, const char *body, size_t len, const char **token,
                      int64_t *expires_s) CHECKED;

#endif
