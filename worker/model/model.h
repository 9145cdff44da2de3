/*
 * Model: calling the server of an agent's model: its sealed key, the outgoing
 * gate, the operator's limits.
 */
#ifndef WORKER_MODEL_H
#define WORKER_MODEL_H

#include "lib/err.h"
#include "lib/id.h"

struct arena;
struct dialect;
struct dialect_question;
struct dialect_request;
struct http;
struct http_request;
struct http_transfer;

/*
 * Ask in a dialect, with `token` (see worker/model/oauth.h) or, when that is
 * NULL, with the key that is sealed in `credential` (NULL: none). Nothing but
 * out->secret holds the opened key afterwards.
 */
struct err model_ask(struct arena *a, const struct dialect *dialect, struct dialect_question *q,
                     struct id agent_id, const char *credential, const char *token,
                     struct dialect_request *out) CHECKED;

/* Send what was asked, and forget the key. `how` has the callbacks and what deadlines differ. */
struct http_transfer *model_send(struct http *http, struct dialect_request *request,
                                 const struct http_request *how);

/* Overwrite a secret that is not needed any more; NULL is none. */
void model_wipe(const char *secret);

#endif
