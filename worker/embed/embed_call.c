#include "worker/embed/embed_call.h"

#include "lib/arena.h"
#include "lib/config.h"
#include "lib/http.h"
#include "lib/secret.h"
#include "worker/attempt.h"
#include "worker/model/dialect.h"
#include "worker/model/model.h"
#include "worker/model/upstream.h"

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct embed_call *c = arg;

    buf_add(&c->body, bytes, len);
    return buf_ok(&c->body);
}

static struct err
read_reply(struct embed_call *c, const struct http_reply *reply)
{
    size_t len = c->body.len < UPSTREAM_BODY_MAX ? c->body.len : UPSTREAM_BODY_MAX;

    if (reply->err.code)
        return upstream_broken(c->arena, reply);
    if (reply->status / 100 != 2)
        return upstream_refused(c->arena, reply->status, c->body.data, len);
    return embeddings_read(c->arena, (struct str){ c->body.data, c->body.len }, c->count,
                           &c->result);
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct embed_call *c = arg;

    c->transfer = NULL;
    c->status = reply->status;
    c->retry_after_ms = reply->retry_after_ms;
    c->done(c->arg, read_reply(c, reply));
}

/* The key as it goes into a header; NULL for none. */
static struct err
open_key(struct embed_call *c, const char **out)
{
    const char *plain;

    *out = NULL;
    if (!c->agent.credential)
        return OK;
    if (secret_open(c->arena, config_str(SET_SECRET_KEY), embedding_context(c->arena, c->agent_id),
                    c->agent.credential, &plain)
            .code)
        return ERR(ERR_INVALID, "The key for embeddings cannot be read; store it again.");
    *out = arena_printf(c->arena, "Bearer %s", plain);
    model_wipe(plain);
    return OK;
}

void
embed_call_start(struct embed_call *c)
{
    struct str body = embeddings_body(c->arena, c->agent.model, c->texts, c->count);
    struct dialect_request rq = { .url = embeddings_url(c->arena, c->agent.url),
                                  .body = body.p,
                                  .body_len = body.len };
    const struct http_request how = { .total_ms = c->total_ms,
                                      .body_max = EMBEDDINGS_REPLY_MAX,
                                      .arg = c,
                                      .on_data = on_data,
                                      .on_end = on_end };
    struct err e = open_key(c, &rq.secret);

    c->status = 0;
    c->retry_after_ms = -1;
    if (e.code) {
        c->done(c->arg, e);
        return;
    }
    rq.headers[rq.header_count++] = (struct http_header){ "Content-Type", "application/json" };
    if (rq.secret)
        rq.headers[rq.header_count++] = (struct http_header){ "Authorization", rq.secret };
    buf_init(&c->body, c->arena, (size_t)EMBEDDINGS_REPLY_MAX);
    c->transfer = model_send(c->services->http, &rq, &how);
}

bool
embed_call_cancel(struct embed_call *c)
{
    if (!c->transfer)
        return false;
    http_cancel(c->transfer);
    c->transfer = NULL;
    return true;
}
