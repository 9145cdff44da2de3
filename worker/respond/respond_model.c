/* Calling an agent's model, and listening to what it answers. */
#include "worker/respond/respond.h"

#include "lib/arena.h"
#include "lib/http.h"
#include "lib/log.h"
#include "lib/url.h"
#include "worker/model/model.h"
#include "worker/model/upstream.h"

#define BODY_MAX  (INT64_C(1) << 30) /* bytes of a reply; the answer's own limit is far below */
#define LINGER_MS 250                /* for a server to close after it said that it was done */

static void
complete(struct respond *r)
{
    const char *reason = r->dialect->reply(r->listener)->finish_reason;

    if (respond_tools_round(r))
        return;
    respond_end(r, RESPOND_COMPLETED, reason ? reason : "stop");
}

static void
linger_over(struct attempt *at)
{
    complete(at->state);
}

static void
on_reply(void *arg, const struct http_reply *reply)
{
    struct respond *r = arg;

    r->status = reply->status;
    if (r->status / 100 == 2)
        r->listener = r->dialect->listen(r->at->arena, reply->content_type);
    else
        buf_init(&r->refusal, r->at->arena, UPSTREAM_BODY_MAX);
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct respond *r = arg;
    struct dialect_heard *list;
    size_t n, room;
    struct err e;

    if (!r->listener) {
        room = UPSTREAM_BODY_MAX - r->refusal.len;
        buf_add(&r->refusal, bytes, len < room ? len : room);
        return true;
    }
    e = r->dialect->hear(r->listener, r->at->services->scratch, bytes, len, &list, &n);
    if (respond_say(r, list, n, e) && r->dialect->reply(r->listener)->over && !r->lingers) {
        r->lingers = true;
        attempt_wait(r->at, LINGER_MS, linger_over);
    }
    return true;
}

static void
log_call(const struct respond *r, const struct http_reply *reply)
{
    struct url url;
    struct err e = url_parse(r->at->arena, r->request.url, &url);
    const struct log_key keys[] = {
        LOG_S("request_id", r->task.http_request_id),
        LOG_S("response_id", r->task.id.s),
        LOG_S("agent_id", r->task.agent_id.s),
        LOG_S("host", e.code ? "" : url.host),
        LOG_I("status", reply->status),
        LOG_I("bytes", reply->body_bytes),
        LOG_I("ms", reply->total_ms),
        LOG_S("msg", reply->err.msg), /* only when there is one */
    };
    int n = (int)(sizeof(keys) / sizeof(keys[0]));

    log_write(LOG_LEVEL_INFO, "model_called", keys, reply->err.code ? n : n - 1);
}

/* A token that was kept may have been withdrawn. */
static bool
is_token_refused(struct respond *r)
{
    if (!r->token || r->status != 401 || r->renewed)
        return false;
    r->renewed = true;
    oauth_forget(&r->signing);
    respond_trace_called(r, TRACE_ERROR, "The token was refused: signing in again.");
    respond_sign_in(r);
    return true;
}

static void
refused(struct respond *r, const struct http_reply *reply)
{
    struct err e;

    if (is_token_refused(r))
        return;
    if (dialect_concede(r->dialect, r->status, r->refusal.data, &r->question.concessions)) {
        respond_trace_called(r, TRACE_ERROR,
                             "The server does not take all of it: asked differently.");
        e = respond_ask(r);
        if (!e.code) {
            respond_call(r);
            return;
        }
    } else {
        e = upstream_refused(r->at->arena, r->status, r->refusal.data, r->refusal.len);
    }
    respond_fail(r, e, upstream_error_name(e), reply->retry_after_ms);
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct respond *r = arg;
    struct dialect_heard *list;
    struct err e;
    size_t n;

    r->transfer = NULL;
    attempt_wait_no_more(r->at);
    log_call(r, reply);
    if (r->status && !r->listener) {
        refused(r, reply);
        return;
    }
    if (reply->err.code && !(r->listener && r->dialect->reply(r->listener)->complete)) {
        e = upstream_broken(r->at->arena, reply);
        respond_fail(r, e, upstream_error_name(e), -1);
        return;
    }
    e = r->dialect->heard_end(r->listener, r->at->services->scratch, &list, &n);
    if (respond_say(r, list, n, e))
        complete(r);
}

static void
signed_in(void *arg, struct err err, const char *token)
{
    struct respond *r = arg;

    trace_close(&r->traced.trace, r->token_span, err.code ? TRACE_ERROR : TRACE_OK, err.msg);
    r->token = token;
    if (!err.code)
        err = respond_ask(r);
    if (err.code)
        respond_fail(r, err, upstream_error_name(err), -1);
    else
        respond_call(r);
}

void
respond_sign_in(struct respond *r)
{
    r->token_span = trace_open(&r->traced.trace, "token", "sign in", r->traced.attempt);
    r->signing = (struct oauth_call){ .services = r->at->services,
                                      .arena = r->at->arena,
                                      .agent_id = r->task.agent_id,
                                      .endpoint_url = r->task.endpoint_url,
                                      .client_id = r->task.client_id,
                                      .sealed = r->task.credential,
                                      .arg = r,
                                      .done = signed_in };
    oauth_get(&r->signing);
}

void
respond_call(struct respond *r)
{
    const struct http_request how = {
        .body_max = BODY_MAX,
        .arg = r,
        .on_reply = on_reply,
        .on_data = on_data,
        .on_end = on_end,
    };

    r->status = 0;
    respond_trace_sent(r);
    r->transfer = model_send(r->at->services->http, &r->request, &how);
}
