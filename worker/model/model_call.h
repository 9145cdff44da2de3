/*
 * Model call: one short question to an agent's model, outside of a response.
 * Signs in where the agent has to, and asks again in another way when the
 * server names what it does not take.
 */
#ifndef WORKER_MODEL_CALL_H
#define WORKER_MODEL_CALL_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/id.h"
#include "worker/model/dialect.h"
#include "worker/model/oauth.h"

#include <stdbool.h>
#include <stdint.h>

struct http_transfer;
struct services;

struct model_call {
    const struct services *services;
    struct arena *arena;
    const struct dialect *dialect; /* one that asks a server */
    struct dialect_question question;
    struct id agent_id;
    const char *sealed;    /* the key or the principal's secret, as stored; NULL: none */
    const char *client_id; /* of the service principal */
    bool signs_in;         /* as that principal */
    int64_t total_ms;      /* for each try */

    void *arg;
    /* What was heard, which lives until the return. False: that is enough. */
    bool (*heard)(void *arg, const struct dialect_heard *list, size_t n);
    /* Once, on the loop, perhaps before model_call_start() returns. The error is a sentence. */
    void (*done)(void *arg, struct err err);

    int status;      /* of the last answer; 0: none came */
    int64_t sent_ms; /* on the monotonic clock; 0: nothing was sent */
    /* private */
    struct dialect_request request;
    struct http_transfer *transfer;
    struct oauth_call signing;
    const char *token;
    void *listener;
    struct buf refusal;
};

/* The call stays where it is until done, or model_call_cancel(). */
void model_call_start(struct model_call *c);
void model_call_cancel(struct model_call *c);

#endif
