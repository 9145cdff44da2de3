/* What becomes of a connection: from its request to its end. */
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/url.h"
#include "stream/gateway_private.h"
#include "stream/reply.h"

#include <unistd.h>

#define CLOSE_S 5 /* that a client is given to take the last bytes */

static const char *const why_names[WHY_COUNT] = {
    [WHY_ENDED] = "ended",     [WHY_GONE] = "client_gone", [WHY_SLOW] = "too_slow",
    [WHY_REVOKED] = "revoked", [WHY_STOPPED] = "stopped",
};

struct reply_mark
conn_mark(const struct conn *c)
{
    return (struct reply_mark){ c->name, c->db_ns, clock_mono_ns() - c->began_ns };
}

/* ---- answers that need no stream ------------------------------------------------ */

/* The connection was never put back: it ends with this text. */
static void
answer_and_free(struct conn *c, const struct buf *text)
{
    door_answer(c->fd, text);
    c->fd = -1;
    conn_gone(c);
}

static void
refuse(struct conn *c, struct err e)
{
    struct reply_mark mark = conn_mark(c);
    struct buf text;

    c->gateway->metrics.refused++;
    log_info("request_refused", LOG_S("request_id", c->name), LOG_I("status", err_status(e.code)),
             LOG_S("msg", e.msg));
    buf_init(&text, c->gateway->scratch, REPLY_MAX);
    reply_problem(&text, e, &c->visit.fault, &mark);
    answer_and_free(c, &text);
}

void
conn_turn_away(struct conn *c)
{
    refuse(c, ERR(ERR_UNAVAILABLE, "the gateway is stopping"));
}

static void
pass_on(struct conn *c)
{
    struct reply_mark mark = conn_mark(c);
    struct buf text;

    buf_init(&text, c->gateway->scratch, REPLY_MAX);
    reply_pass_on(&text, &c->visit, &mark);
    answer_and_free(c, &text);
}

static void
show_metrics(struct conn *c)
{
    struct reply_mark mark = conn_mark(c);
    struct reader_figures figures;
    struct buf body, text;

    reader_figures(c->gateway->reader, &figures);
    buf_init(&body, c->gateway->scratch, REPLY_MAX);
    metrics_write(&body, &c->gateway->metrics, &figures);
    buf_init(&text, c->gateway->scratch, 2 * REPLY_MAX);
    reply_text(&text, "text/plain; version=0.0.4; charset=utf-8", body.data, &mark);
    answer_and_free(c, &text);
}

static void
show_health(struct conn *c)
{
    struct reply_mark mark = conn_mark(c);
    struct buf text;

    buf_init(&text, c->gateway->scratch, REPLY_MAX);
    reply_text(&text, "application/json", "{\"status\":\"ok\"}\n", &mark);
    answer_and_free(c, &text);
}

/* ---- a request ---------------------------------------------------------------------- */

static enum stream_kind
kind_of(const struct visit *v)
{
    if (v->what == VISIT_STATUS)
        return STREAM_STATUS;
    if (v->what == VISIT_FEED || v->what == VISIT_CRAWL)
        return v->websocket ? STREAM_FEED_WS : STREAM_FEED_SSE;
    return v->websocket ? STREAM_REQUEST_WS : STREAM_REQUEST_SSE;
}

static void
ask_to_open(struct conn *c)
{
    c->ask = gateway_ask(c->gateway, ASK_OPEN);
    c->ask->conn = c;
    c->ask->visit = c->visit;
    c->asked_ns = clock_mono_ns();
    secret_wipe(c->visit.token, sizeof(c->visit.token));
    list_add(&c->gateway->waiting, &c->link);
    reader_ask(c->gateway->reader, c->ask);
}

static void
begin(struct conn *c, struct err e)
{
    if (e.code)
        refuse(c, e);
    else if (c->visit.what == VISIT_HEALTH)
        show_health(c);
    else if (c->visit.what == VISIT_METRICS)
        show_metrics(c);
    else if (c->gateway->stopping)
        conn_turn_away(c);
    else if (c->gateway->conns.used > c->gateway->options->max)
        refuse(c, ERR(ERR_UNAVAILABLE, "too many streams"));
    else if (c->visit.what == VISIT_STATUS && c->visit.wait_s == 0)
        pass_on(c);
    else
        ask_to_open(c);
}

int
conn_visit(struct gateway *g, struct lws *wsi, bool upgrade)
{
    struct visit_text text;
    struct conn *c;
    int fd;

    door_read(wsi, g->scratch, upgrade, &text);
    fd = door_take(g, wsi);
    if (fd < 0) {
        log_warn("request_dropped", LOG_S("msg", "no descriptor left"));
        return -1;
    }
    c = pool_take(&g->conns);
    c->gateway = g;
    c->fd = fd;
    c->began_ms = c->wrote_ms = clock_mono_ms();
    c->began_ns = clock_mono_ns();
    visit_name(&text, c->name);
    if (!text.peer || !url_listed(g->options->identity_proxies, text.peer))
        text.forwarded_email = NULL;
    begin(c, visit_read(&text, g->options->public_url, &c->visit));
    arena_reset(g->scratch);
    return -1;
}

/* ---- the database's answer ---------------------------------------------------------- */

/* A status that cannot be looked at is the app's to answer, in its own words. */
static void
open_refused(struct conn *c, struct err e)
{
    if (c->kind == STREAM_STATUS && e.code < ERR_INTERNAL)
        pass_on(c);
    else
        refuse(c, e);
}

static void
open_stream(struct conn *c, const struct ask *ask)
{
    struct reply_mark mark = conn_mark(c);
    struct buf text;

    if (c->kind == STREAM_STATUS && ask->ended) {
        pass_on(c);
        return;
    }
    if (c->watcher.ended && !c->visit.websocket) {
        buf_init(&text, c->gateway->scratch, REPLY_MAX);
        reply_nothing(&text, &mark);
        answer_and_free(c, &text);
        return;
    }
    c->until_ms = clock_mono_ms() + c->visit.wait_s * 1000;
    door_put_back(c);
}

static enum topic_kind
topic_of(enum visit_what what)
{
    if (what == VISIT_FEED)
        return TOPIC_FEED;
    if (what == VISIT_CRAWL)
        return TOPIC_CRAWL;
    return what == VISIT_VISITOR ? TOPIC_VISITOR : TOPIC_REQUEST;
}

/* Take over what an ask has brought. */
static void
take(struct conn *c, struct ask *ask)
{
    struct watcher *w = &c->watcher;

    w->seq = ask->seq;
    if (ask->joined)
        hub_join(&c->gateway->hub, topic_of(ask->visit.what), ask->topic_id, w);
    if (ask->batch)
        watcher_give(w, ask->batch);
    else
        w->ended = ask->ended;
    ask->batch = NULL;
}

static void
leave_topic(struct gateway *g, enum visit_what what, struct id id)
{
    struct ask *ask = gateway_ask(g, ASK_LEAVE);

    ask->visit.what = what;
    ask->visit.id = id;
    reader_ask(g->reader, ask);
}

/* Nobody waits for it any more. */
static void
drop_answer(struct gateway *g, struct ask *ask)
{
    batch_drop(ask->batch);
    if (ask->joined)
        leave_topic(g, ask->visit.what, ask->topic_id);
}

static void
answer_open(struct conn *c, struct ask *ask)
{
    struct gateway *g = c->gateway;

    secret_wipe(ask->visit.token, sizeof(ask->visit.token));
    list_remove(&c->link);
    c->db_ns = clock_mono_ns() - c->asked_ns;
    c->kind = kind_of(&c->visit);
    if (ask->err.code) {
        open_refused(c, ask->err);
        return;
    }
    c->user_id = ask->user_id;
    c->topic_id = ask->topic_id;
    memcpy(c->origin, ask->origin, sizeof(c->origin));
    c->shows_place = ask->visit.what == VISIT_FEED && ask->visit.after == AFTER_UNSET;
    take(c, ask);
    c->credential = credential_hold(&g->credentials, ask->credential_id, &c->holder);
    open_stream(c, ask);
}

static void
answer_more(struct conn *c, struct ask *ask)
{
    take(c, ask);
    lws_callback_on_writable(c->wsi);
}

void
conn_answer(struct gateway *g, struct ask *ask)
{
    struct conn *c = ask->conn;

    if (!c) {
        drop_answer(g, ask);
        return;
    }
    c->ask = NULL;
    if (ask->kind == ASK_OPEN)
        answer_open(c, ask);
    else
        answer_more(c, ask);
    arena_reset(g->scratch);
}

/* ---- while it is open ----------------------------------------------------------------- */

void
conn_opened(struct conn *c, struct lws *wsi)
{
    struct gateway *g = c->gateway;

    g->adopting = NULL;
    c->state = CONN_OPEN;
    c->wsi = wsi;
    c->wrote_ms = clock_mono_ms();
    g->metrics.open[c->kind]++;
    g->metrics.opened[c->kind]++;
    list_add(c->kind == STREAM_STATUS ? &g->held : &g->open, &c->link);
    gateway_start_clock(g);
    lws_callback_on_writable(wsi);
}

void
conn_news(void *arg, struct watcher *w, enum hub_news news)
{
    struct conn *c = LIST_OF(w, struct conn, watcher);

    (void)arg;
    if (c->state != CONN_OPEN)
        return;
    if (news == HUB_TOO_SLOW) {
        c->gateway->metrics.slow++;
        conn_close(c, WHY_SLOW, 0);
        return;
    }
    if (c->kind != STREAM_STATUS)
        lws_callback_on_writable(c->wsi);
    else if (!watcher_is_idle(w) || w->ended)
        conn_let_go(c);
}

void
conn_let_go(struct conn *c)
{
    c->changed = true;
    list_remove(&c->link);
    lws_callback_on_writable(c->wsi);
}

/* ---- the end ---------------------------------------------------------------------------- */

static void
say_closed(const struct conn *c, enum conn_why why)
{
    log_info("stream_closed", LOG_S("request_id", c->name), LOG_S("user_id", c->user_id.s),
             LOG_S("response_id", c->visit.what == VISIT_FEED ? "" : c->topic_id.s),
             LOG_S("origin", c->origin), LOG_S("msg", why_names[why]), LOG_I("n", c->events),
             LOG_I("bytes", c->bytes), LOG_I("ms", clock_mono_ms() - c->began_ms));
}

/* Out of all that it takes part in. */
static void
leave(struct conn *c)
{
    struct gateway *g = c->gateway;

    list_remove(&c->link);
    if (c->ask) {
        c->ask->conn = NULL;
        c->ask = NULL;
    }
    if (c->watcher.channel)
        leave_topic(g, c->visit.what, c->topic_id);
    hub_leave(&g->hub, &c->watcher);
    if (c->credential) {
        credential_leave(&g->credentials, c->credential, &c->holder);
        c->credential = NULL;
    }
}

void
conn_close(struct conn *c, enum conn_why why, int close_code)
{
    if (c->state != CONN_OPEN)
        return;
    say_closed(c, why);
    c->gateway->metrics.open[c->kind]--;
    leave(c);
    c->state = CONN_CLOSING;
    c->close_code = close_code;
    if (why == WHY_SLOW) {
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    } else {
        lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_REASON_BASE, CLOSE_S);
        lws_callback_on_writable(c->wsi);
    }
}

void
conn_gone(struct conn *c)
{
    struct gateway *g = c->gateway;

    if (g->adopting == c)
        g->adopting = NULL;
    if (c->state == CONN_OPEN) {
        say_closed(c, WHY_GONE);
        g->metrics.open[c->kind]--;
    }
    leave(c);
    if (c->fd >= 0)
        (void)close(c->fd);
    pool_give(&g->conns, c);
}
