#include "worker/model/model.h"

#include "db/agent.h"
#include "lib/config.h"
#include "lib/http.h"
#include "lib/secret.h"
#include "worker/model/dialect.h"

#include <string.h>

/* The memory is the attempt's own, although texts are handed on to be read only. */
void
model_wipe(const char *secret)
{
    void *memory;

    if (!secret)
        return;
    memcpy(&memory, &secret, sizeof(memory));
    secret_wipe(memory, strlen(secret));
}

struct err
model_ask(struct arena *a, const struct dialect *dialect, struct dialect_question *q,
          struct id agent_id, const char *credential, const char *token,
          struct dialect_request *out)
{
    const char *plain = NULL;
    struct err e = OK;

    if (!token && credential && credential[0])
        e = secret_open(a, config_str(SET_SECRET_KEY), agent_credential_context(a, agent_id),
                        credential, &plain);
    if (e.code)
        return ERR(ERR_INVALID, "The agent's key cannot be read; store it again.");
    q->credential = token ? token : plain;
    e = dialect->ask(a, q, out);
    q->credential = NULL;
    model_wipe(plain);
    return e;
}

struct http_transfer *
model_send(struct http *http, struct dialect_request *request, const struct http_request *how)
{
    struct http_request rq = *how;
    struct http_transfer *transfer;

    rq.url = request->url;
    rq.headers = request->headers;
    rq.header_count = request->header_count;
    rq.body = request->body;
    rq.body_len = request->body_len;
    rq.gate = true;
    rq.allow = config_str(SET_ALLOW_PRIVATE);
    rq.connect_ms = config_int(SET_MODEL_CONNECT_S) * 1000;
    if (!rq.idle_ms)
        rq.idle_ms = config_int(SET_MODEL_IDLE_S) * 1000;
    if (!rq.total_ms)
        rq.total_ms = config_int(SET_MODEL_TOTAL_S) * 1000;
    transfer = http_send(http, &rq);
    model_wipe(request->secret);
    request->secret = NULL;
    return transfer;
}
