/* Answers of the database thread. */
#include "db/auth.h"
#include "db/crawl.h"
#include "db/db.h"
#include "db/event.h"
#include "db/feed.h"
#include "db/request.h"
#include "lib/arena.h"
#include "stream/reader_private.h"

#define EACH 200 /* events of one answer: a replay is read as fast as its reader takes it */

static struct follow *
join(struct follows *follows, struct ask *ask, int64_t after)
{
    ask->joined = true;
    return follow_add(follows, ask->topic_id, after);
}

static void
join_feed(struct reader *r, struct ask *ask, int64_t after)
{
    join(&r->feeds, ask, after)->owner = ask->topic_id;
    reader_watch_soon(r);
}

/* The steps of a crawl stand in its user's feed. */
static void
join_crawl(struct reader *r, struct ask *ask, int64_t after)
{
    struct follow *one = join(&r->crawls, ask, after);

    one->about = ask->visit.id;
    one->owner = ask->user_id;
    reader_watch_soon(r);
}

static struct follows *
follows_of(struct reader *r, enum visit_what what)
{
    if (what == VISIT_FEED)
        return &r->feeds;
    if (what == VISIT_CRAWL)
        return &r->crawls;
    return what == VISIT_VISITOR ? &r->visitors : &r->requests;
}

/* Events after ask->seq. When they reach the end of the log, what follows is heard of as news. */
static struct err
read_request(struct reader *r, struct ask *ask, bool final, int64_t last_seq)
{
    bool visitor = ask->visit.what == VISIT_VISITOR;
    struct event_cursor cursor = { ask->topic_id, ask->seq };
    struct event_row *rows;
    size_t n;

    TRY(event_read(r->db, r->scratch, visitor ? EVENT_VIEW_VISITOR : EVENT_VIEW_ALL, &cursor, 1,
                   EACH, &rows, &n));
    if (n) {
        ask->batch = batch_of_events(visitor ? TOPIC_VISITOR : TOPIC_REQUEST, rows, n);
        last_seq = batch_last(ask->batch);
        ask->ended = ask->batch->ends;
    }
    if (n == EACH || ask->ended)
        return OK;
    if (final)
        ask->ended = true;
    else
        join(follows_of(r, ask->visit.what), ask, last_seq);
    return OK;
}

static struct err
look(struct reader *r, struct ask *ask, struct request_watch *out)
{
    struct err e;

    ask->topic_id = ask->visit.id;
    e = request_watch(r->db, r->scratch, ask->topic_id, ask->user_id, out);
    if (!e.code && out->http_request_id)
        snprintf(ask->origin, sizeof(ask->origin), "%s", out->http_request_id);
    return db_missing(e, "request not found");
}

static struct err
open_request(struct reader *r, struct ask *ask)
{
    struct request_watch watch;

    ask->seq = ask->visit.after == AFTER_UNSET ? -1 : ask->visit.after;
    TRY(look(r, ask, &watch));
    if (watch.final && watch.last_seq <= ask->seq) {
        ask->ended = true;
        return OK;
    }
    return read_request(r, ask, watch.final, watch.last_seq < ask->seq ? watch.last_seq : ask->seq);
}

static struct err
open_status(struct reader *r, struct ask *ask)
{
    struct request_watch watch;

    TRY(look(r, ask, &watch));
    ask->seq = ask->visit.after == AFTER_UNSET ? watch.last_seq : ask->visit.after;
    if (watch.final || watch.last_seq > ask->seq)
        ask->ended = true;
    else
        join(&r->requests, ask, watch.last_seq);
    return OK;
}

static struct err
read_feed(struct reader *r, struct ask *ask)
{
    struct feed_cursor cursor = { ask->topic_id, ask->seq };
    struct feed_event *rows;
    size_t n;

    TRY(feed_read(r->db, r->scratch, &cursor, 1, EACH, &rows, &n));
    if (n)
        ask->batch = batch_of_feed(rows, n);
    if (n < EACH)
        join_feed(r, ask, n ? rows[n - 1].seq : ask->seq);
    return OK;
}

static struct err
open_feed(struct reader *r, struct ask *ask)
{
    int64_t after = ask->visit.after, newest, oldest;

    ask->topic_id = ask->user_id;
    TRY(feed_last(r->db, r->scratch, ask->user_id, &newest, &oldest));
    if (after == AFTER_UNSET) {
        ask->seq = newest;
        join_feed(r, ask, newest);
        return OK;
    }
    ask->seq = after < 0 ? 0 : after;
    if (ask->seq >= oldest - 1 && ask->seq <= newest)
        return read_feed(r, ask);
    ask->batch = batch_of_reset(ask->user_id, newest);
    ask->seq = -1;
    join_feed(r, ask, newest);
    return OK;
}

/* What was seen of an earlier crawl counts for nothing. */
static struct err
open_crawl(struct reader *r, struct ask *ask)
{
    struct crawl crawl;
    struct err e = crawl_latest_of(r->db, r->scratch, ask->visit.id, ask->user_id, &crawl);

    if (e.code)
        return db_missing(e, "crawl not found");
    ask->topic_id = crawl.id;
    ask->seq = ask->visit.after > crawl.version ? -1 : ask->visit.after;
    if (ask->seq < crawl.version) {
        ask->seq = -1;
        ask->batch = batch_of_crawl(&crawl);
    }
    ask->ended = crawl.finished_at != NULL;
    if (!ask->ended)
        join_crawl(r, ask, crawl.version);
    return OK;
}

static struct err
identify(struct reader *r, const struct visit *v, struct auth_caller *out)
{
    if (v->by_key)
        return auth_by_key(r->db, r->scratch, v->token, out);
    if (v->by_proxy)
        return auth_by_proxy(r->db, r->scratch, v->token, out);
    return auth_by_session(r->db, r->scratch, v->token, out);
}

/* A visitor's stream is held open under the agent: it ends when that is not public any more. */
static struct err
open_visitor(struct reader *r, struct ask *ask)
{
    TRY(auth_by_visitor(r->db, r->scratch, ask->visit.id, ask->visit.token, &ask->user_id,
                        &ask->credential_id));
    return open_request(r, ask);
}

static struct err
open_topic(struct reader *r, struct ask *ask)
{
    struct auth_caller caller;

    if (ask->visit.what == VISIT_VISITOR)
        return open_visitor(r, ask);
    TRY(identify(r, &ask->visit, &caller));
    ask->user_id = caller.user_id;
    ask->credential_id = caller.credential_id;
    if (ask->visit.what == VISIT_FEED)
        return open_feed(r, ask);
    if (ask->visit.what == VISIT_CRAWL)
        return open_crawl(r, ask);
    return ask->visit.what == VISIT_STATUS ? open_status(r, ask) : open_request(r, ask);
}

static struct err
read_more(struct reader *r, struct ask *ask)
{
    ask->topic_id = ask->visit.id;
    ask->seq = ask->visit.after;
    if (ask->visit.what == VISIT_FEED)
        return read_feed(r, ask);
    return read_request(r, ask, false, ask->seq);
}

static struct err
check(struct reader *r, struct ask *ask)
{
    return auth_still_good(r->db, ask->arena, ask->ids, ask->count, &ask->ids, &ask->count);
}

static struct err
answer(struct reader *r, struct ask *ask)
{
    switch (ask->kind) {
    case ASK_OPEN:
        return open_topic(r, ask);
    case ASK_MORE:
        return read_more(r, ask);
    case ASK_CHECK:
        return check(r, ask);
    case ASK_LEAVE:
    default:
        return OK;
    }
}

void
reader_answer(struct reader *r, struct ask *ask)
{
    struct err e;

    ask->err = OK;
    if (ask->kind == ASK_LEAVE) {
        follow_leave(follows_of(r, ask->visit.what), ask->visit.id);
        return;
    }
    e = reader_begin(r, TX_READ);
    if (!e.code)
        e = answer(r, ask);
    if (e.code) {
        /* A statement that took too long is as good as a database that is away. */
        ask->err.code = e.code == ERR_TIMEOUT ? ERR_UNAVAILABLE : e.code;
        snprintf(ask->reason, sizeof(ask->reason), "%s", e.msg);
        ask->err.msg = ask->reason;
        reader_complain("ask_failed", e);
        db_rollback(r->db);
    } else {
        db_end_read(r->db);
    }
    arena_reset(r->scratch);
}
