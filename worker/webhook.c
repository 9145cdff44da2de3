/* Job "webhook": send one delivery to its address, signed, until it is taken. */
#include "db/webhook.h"

#include "db/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/http.h"
#include "lib/id.h"
#include "lib/secret.h"
#include "lib/signature.h"
#include "worker/attempt.h"
#include "worker/kind.h"

#include <inttypes.h>
#include <string.h>

#define CONNECT_MS 5000
#define TOTAL_MS   15000                /* for the receiver to take it */
#define BODY_MAX   (INT64_C(64) * 1024) /* bytes of a reply that nobody reads */
#define GONE       410                  /* the receiver wants nothing more */
#define AGENT_NAME "Offstage/" OFFSTAGE_VERSION

struct delivery {
    struct attempt *at;
    struct webhook_task task;
    struct http_transfer *transfer;
    struct webhook_try outcome;
    struct job_end end;
    bool gone;
};

/* ---- the end of an attempt ------------------------------------------------- */

static struct err
store(struct attempt *at, struct db *db)
{
    struct delivery *d = at->state;

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(webhook_tried(db, d->task.id, &d->outcome));
    if (d->gone)
        TRY(webhook_stop(db, d->task.webhook_id));
    TRY(job_end_here(db, at->arena, &at->lease, &d->end));
    return db_commit(db);
}

static void
stored(struct attempt *at, struct err err)
{
    struct delivery *d = at->state;

    if (err.code)
        attempt_fail(at, err);
    else
        attempt_ended(at, &d->end);
}

/* What the receiver's answer means: anything but a 2xx may be tried again. */
static struct err
verdict(struct arena *a, const struct http_reply *reply)
{
    if (reply->status / 100 == 2)
        return OK;
    if (reply->status == GONE)
        return ERR(ERR_FORBIDDEN, "The receiver is gone for good (HTTP 410).");
    if (reply->status)
        return err_fmt(a, ERR_UPSTREAM, "The receiver answered with HTTP status %d.",
                       reply->status);
    return err_fmt(a, reply->err.code == ERR_FORBIDDEN ? ERR_FORBIDDEN : ERR_UPSTREAM,
                   "The receiver could not be reached: %s.", reply->err.msg);
}

static void
finish(struct delivery *d, struct err e, int64_t retry_after_ms)
{
    struct attempt *at = d->at;
    bool again = e.code && attempt_may_retry(at, e);
    int64_t delay_ms = again ? attempt_delay_ms(at, retry_after_ms) : -1;

    d->outcome.state = !e.code ? "delivered" : again ? "pending" : "failed";
    d->outcome.error = e.msg;
    d->outcome.next_ms = delay_ms;
    d->end = attempt_job_end(at,
                             !e.code ? JOB_END_COMPLETED
                             : again ? JOB_END_RETRY
                                     : JOB_END_DISCARDED,
                             again ? delay_ms : 0, e.msg);
    attempt_work(at, store, stored);
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct delivery *d = arg;

    d->transfer = NULL;
    d->outcome.status = reply->status;
    d->outcome.duration_ms = reply->total_ms;
    d->gone = reply->status == GONE;
    finish(d, verdict(d->at->arena, reply), reply->retry_after_ms);
}

/* ---- sending ---------------------------------------------------------------- */

static struct err
sign(struct delivery *d, int64_t now_s, const char **signature)
{
    struct arena *a = d->at->arena;
    const char *secret;

    TRY(secret_open(a, config_str(SET_SECRET_KEY), webhook_secret_context(a, d->task.webhook_id),
                    d->task.secret, &secret));
    return signature_make(a, secret, d->task.id.s, now_s, d->task.body, signature);
}

static void
send_it(struct delivery *d)
{
    int64_t now_s = clock_wall_us() / 1000000;
    struct http_header headers[] = {
        { "Content-Type", "application/json" },
        { "User-Agent", AGENT_NAME },
        { "webhook-id", d->task.id.s },
        { "webhook-timestamp", arena_printf(d->at->arena, "%" PRId64, now_s) },
        { "webhook-signature", NULL },
    };
    struct http_request rq = { .url = d->task.url,
                               .headers = headers,
                               .header_count = sizeof(headers) / sizeof(headers[0]),
                               .body = d->task.body,
                               .body_len = strlen(d->task.body),
                               .gate = true,
                               .allow = config_str(SET_ALLOW_PRIVATE),
                               .connect_ms = CONNECT_MS,
                               .total_ms = TOTAL_MS,
                               .body_max = BODY_MAX,
                               .arg = d,
                               .on_end = on_end };
    struct err e = sign(d, now_s, &headers[rq.header_count - 1].value);

    if (e.code)
        finish(d, ERR(ERR_INVALID, "The webhook's secret cannot be read; make it anew."), -1);
    else
        d->transfer = http_send(d->at->services->http, &rq);
}

static struct err
load(struct attempt *at, struct db *db)
{
    struct delivery *d = at->state;

    TRY(db_begin(db, TX_READ, at->job.user_id));
    TRY(webhook_load(db, at->arena, at->job.subject_id, &d->task));
    db_end_read(db);
    return OK;
}

static void
loaded(struct attempt *at, struct err err)
{
    struct delivery *d = at->state;

    if (err.code == ERR_NOT_FOUND)
        attempt_end(at, JOB_END_CANCELLED, "the webhook was deleted");
    else if (err.code)
        attempt_fail(at, err);
    else if (!d->task.due)
        attempt_end(at, JOB_END_CANCELLED, "there is nothing more to deliver");
    else
        send_it(d);
}

static void
start(struct attempt *at)
{
    struct delivery *d = at->state = ARENA_NEW(at->arena, struct delivery);

    d->at = at;
    attempt_work(at, load, loaded);
}

static void
stop(struct attempt *at)
{
    struct delivery *d = at->state;

    if (d && d->transfer)
        http_cancel(d->transfer);
}

/* ---- jobs that end without an attempt ------------------------------------------ */

static struct err
record(struct attempt *at, struct db *db)
{
    struct delivery *d = at->state;

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(webhook_over(db, at->job.subject_id, d->outcome.state, d->outcome.error));
    TRY(job_end_here(db, at->arena, &at->lease, &d->end));
    return db_commit(db);
}

static void
end_without(struct attempt *at, bool cancelled, const char *why)
{
    struct delivery *d = at->state;

    if (!d)
        d = at->state = ARENA_NEW(at->arena, struct delivery);
    d->outcome.state = cancelled ? "cancelled" : "failed";
    d->outcome.error = why;
    d->end = attempt_job_end(at, cancelled ? JOB_END_CANCELLED : JOB_END_DISCARDED, 0, why);
    attempt_work(at, record, stored);
}

static void
give_up(struct attempt *at)
{
    end_without(at, at->job.cancel, attempt_refusal(at));
}

static void
cancel(struct attempt *at)
{
    stop(at);
    end_without(at, true, "it was cancelled");
}

const struct kind kind_webhook = {
    .name = WEBHOOK_KIND,
    .queue = WEBHOOK_KIND,
    .summary = "Tell a webhook what became of a request",
    .max_attempts = WEBHOOK_ATTEMPTS,
    .backoff_ms = 5000,
    .backoff_max_ms = INT64_C(8) * 3600 * 1000,
    .start = start,
    .cancel = cancel,
    .stop = stop,
    .give_up = give_up,
};
