#include "worker/model/model_call.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/http.h"
#include "worker/attempt.h"
#include "worker/model/model.h"
#include "worker/model/upstream.h"

#define BODY_MAX (INT64_C(16) * 1024 * 1024) /* bytes */

void
model_call_cancel(struct model_call *c)
{
    if (c->transfer)
        http_cancel(c->transfer);
    c->transfer = NULL;
    oauth_cancel(&c->signing);
}

static void
finish(struct model_call *c, struct err err)
{
    model_call_cancel(c);
    c->done(c->arg, err);
}

static void
on_reply(void *arg, const struct http_reply *reply)
{
    struct model_call *c = arg;

    c->status = reply->status;
    if (c->status / 100 == 2)
        c->listener = c->dialect->listen(c->arena, reply->content_type);
    else
        buf_init(&c->refusal, c->arena, UPSTREAM_BODY_MAX);
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct model_call *c = arg;
    struct arena *scratch = c->services->scratch;
    struct dialect_heard *list;
    struct err e;
    bool enough;
    size_t n = 0, room;

    if (!c->listener) {
        room = UPSTREAM_BODY_MAX - c->refusal.len;
        buf_add(&c->refusal, bytes, len < room ? len : room);
        return true;
    }
    e = c->dialect->hear(c->listener, scratch, bytes, len, &list, &n);
    enough = e.code || !c->heard(c->arg, list, n) || c->dialect->reply(c->listener)->over;
    arena_reset(scratch);
    if (enough)
        finish(c, e);
    return true;
}

static struct err
hear_end(struct model_call *c)
{
    struct arena *scratch = c->services->scratch;
    struct dialect_heard *list;
    struct err e;
    size_t n = 0;

    e = c->dialect->heard_end(c->listener, scratch, &list, &n);
    if (!e.code)
        (void)c->heard(c->arg, list, n);
    arena_reset(scratch);
    return e;
}

static void call_model(struct model_call *c);

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct model_call *c = arg;
    bool refused = c->status && !c->listener;

    c->transfer = NULL;
    if (refused &&
        dialect_concede(c->dialect, c->status, c->refusal.data, &c->question.concessions))
        call_model(c);
    else if (refused)
        finish(c, upstream_refused(c->arena, c->status, c->refusal.data, c->refusal.len));
    else if (reply->err.code)
        finish(c, upstream_broken(c->arena, reply));
    else
        finish(c, hear_end(c));
}

static void
call_model(struct model_call *c)
{
    const struct http_request how = {
        .total_ms = c->total_ms,
        .body_max = BODY_MAX,
        .arg = c,
        .on_reply = on_reply,
        .on_data = on_data,
        .on_end = on_end,
    };
    struct err e = model_ask(c->arena, c->dialect, &c->question, c->agent_id, c->sealed, c->token,
                             &c->request);

    if (e.code) {
        finish(c, e);
        return;
    }
    c->status = 0;
    c->sent_ms = clock_mono_ms();
    c->transfer = model_send(c->services->http, &c->request, &how);
}

static void
signed_in(void *arg, struct err err, const char *token)
{
    struct model_call *c = arg;

    c->token = token;
    if (err.code)
        finish(c, err);
    else
        call_model(c);
}

void
model_call_start(struct model_call *c)
{
    if (!c->signs_in) {
        call_model(c);
        return;
    }
    c->signing = (struct oauth_call){ .services = c->services,
                                      .arena = c->arena,
                                      .agent_id = c->agent_id,
                                      .endpoint_url = c->question.endpoint_url,
                                      .client_id = c->client_id,
                                      .sealed = c->sealed,
                                      .arg = c,
                                      .done = signed_in };
    oauth_get(&c->signing);
}
