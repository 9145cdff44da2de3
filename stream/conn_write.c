/* What a connection is sent: written when its socket takes more, and only then. */
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "stream/gateway_private.h"
#include "stream/reply.h"

#define PIECE_MAX ((size_t)64 * 1024) /* bytes of one write, but for a larger event */
#define PING      ": ping\n\n"

/* What does not fit now is kept by libwebsockets, which lets nothing else be written before it. */
static bool
put(struct conn *c, char *bytes, size_t len, enum lws_write_protocol how)
{
    c->wrote_ms = clock_mono_ms();
    if (c->kind != STREAM_STATUS)
        list_move(&c->gateway->open, &c->link);
    return lws_write(c->wsi, (unsigned char *)bytes, len, how) >= 0;
}

static bool
put_buf(struct conn *c, const struct buf *text)
{
    bool sent = put(c, text->data, text->len, LWS_WRITE_HTTP);

    arena_reset(c->gateway->scratch);
    return sent;
}

/*
 * One event as a message. Its frame's header is written before the JSON, where
 * the batch holds what belongs to event streams: so that is put back.
 */
static bool
put_message(struct conn *c, const struct piece *piece)
{
    const struct batch_event *event = &piece->batch->events[piece->first];
    char *json = piece->text + (event->json - event->start);
    char before[LWS_PRE];
    bool sent;

    memcpy(before, json - LWS_PRE, LWS_PRE);
    sent = put(c, json, event->json_len, LWS_WRITE_TEXT);
    memcpy(json - LWS_PRE, before, LWS_PRE);
    return sent;
}

static bool
put_events(struct conn *c)
{
    bool ws = c->visit.websocket;
    struct piece piece;

    while (watcher_next(&c->watcher, ws ? 1 : SIZE_MAX, PIECE_MAX, &piece)) {
        if (ws ? !put_message(c, &piece) : !put(c, piece.text, piece.len, LWS_WRITE_HTTP))
            return false;
        c->events += (int64_t)piece.count;
        c->bytes += (int64_t)piece.len;
        c->gateway->metrics.events += (int64_t)piece.count;
        c->gateway->metrics.bytes += (int64_t)piece.len;
        watcher_sent(&c->watcher, &piece);
        c->ping = false;
        if (watcher_is_idle(&c->watcher))
            break;
        if (lws_send_pipe_choked(c->wsi)) {
            lws_callback_on_writable(c->wsi);
            break;
        }
    }
    return true;
}

static bool
put_ping(struct conn *c)
{
    char text[LWS_PRE + sizeof(PING)];

    c->ping = false;
    memcpy(text + LWS_PRE, PING, sizeof(PING) - 1);
    return c->visit.websocket ? put(c, text + LWS_PRE, 0, LWS_WRITE_PING)
                              : put(c, text + LWS_PRE, sizeof(PING) - 1, LWS_WRITE_HTTP);
}

static bool
put_head(struct conn *c)
{
    struct reply_mark mark = conn_mark(c);
    struct buf text;

    c->has_head = true;
    buf_init(&text, c->gateway->scratch, REPLY_MAX);
    reply_stream(&text, c->shows_place ? c->watcher.seq : -1, &mark);
    return put_buf(c, &text);
}

static bool
put_status(struct conn *c)
{
    struct reply_mark mark = conn_mark(c);
    struct buf text;

    buf_init(&text, c->gateway->scratch, REPLY_MAX);
    reply_pass_on(&text, &c->visit, &mark);
    return put_buf(c, &text);
}

/* All of its own batch was sent, and it did not reach the end of the log. */
static void
ask_for_more(struct conn *c)
{
    c->ask = gateway_ask(c->gateway, ASK_MORE);
    c->ask->conn = c;
    c->ask->visit.what = c->visit.what;
    c->ask->visit.id = c->topic_id;
    c->ask->visit.after = c->watcher.seq;
    reader_ask(c->gateway->reader, c->ask);
}

static int
write_status(struct conn *c)
{
    if (!c->changed)
        return 0;
    if (!put_status(c))
        return -1;
    conn_close(c, WHY_ENDED, 0);
    return 0;
}

static int
write_stream(struct conn *c)
{
    struct watcher *w = &c->watcher;

    if (!c->has_head && !c->visit.websocket && !put_head(c))
        return -1;
    if (!put_events(c) || (c->ping && !put_ping(c)))
        return -1;
    if (w->ended)
        conn_close(c, WHY_ENDED, WS_NORMAL);
    else if (watcher_is_idle(w) && !w->channel && !c->ask)
        ask_for_more(c);
    return 0;
}

/* libwebsockets closes what answers -1: a WebSocket only after its peer has said good-bye too. */
static int
finish(struct conn *c)
{
    if (c->state == CONN_CLOSED)
        return 0;
    c->state = CONN_CLOSED;
    if (c->visit.websocket)
        lws_close_reason(c->wsi, (enum lws_close_status)c->close_code, NULL, 0);
    return -1;
}

int
conn_write(struct conn *c)
{
    if (c->state != CONN_OPEN)
        return finish(c);
    return c->kind == STREAM_STATUS ? write_status(c) : write_stream(c);
}
