/*
 * Job "fetch_trace": the half of a trace that the agent's own server keeps.
 *
 * Servers export their traces behind the answer, so what is not there yet is asked
 * for again.
 */
#include "db/db.h"
#include "db/trace.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/config.h"
#include "lib/http.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/url.h"
#include "worker/attempt.h"
#include "worker/kind.h"
#include "worker/trace/mlflow.h"
#include "worker/trace/server.h"

#include <string.h>

#define CALL_MS     30000
#define HEADERS_MAX 8

/* The ways to a trace, in their order; Databricks has its own, and one for its Unity Catalog. */
enum step {
    STEP_GET,
    STEP_ARTIFACT_3,
    STEP_ARTIFACT_2,
    STEP_NONE,
    STEP_CREDENTIALS,
    STEP_SIGNED,
    STEP_CATALOG
};

struct fetch {
    struct attempt *at;
    struct trace_task task;
    struct mlflow_trace trace;
    struct mlflow_server server;
    const char *path, *location; /* see mlflow_trace_path() */
    enum step step;
    const char *url; /* STEP_SIGNED */
    struct http_header headers[HEADERS_MAX];
    size_t header_count;
    struct http_transfer *transfer;
    struct buf body;
    int status;
    bool found; /* a trace, though perhaps not all of it */
    struct err fault;
};

/* ---- where -------------------------------------------------------------------- */

static const char *
catalog_url(struct fetch *f)
{
    struct arena *a = f->at->arena;
    const char *warehouse = config_str(SET_DATABRICKS_WAREHOUSE);

    return arena_printf(a, "%s/api/4.0/mlflow/traces/%s/batchGet?trace_ids=%s%s%s", f->server.base,
                        f->location, strrchr(f->path, '/') + 1,
                        warehouse[0] ? "&sql_warehouse_id=" : "", url_escape(a, warehouse));
}

static const char *
step_url(struct fetch *f)
{
    struct arena *a = f->at->arena;
    const char *base = f->server.base, *id = url_escape(a, f->task.upstream_id);

    switch (f->step) {
    case STEP_GET:
        return arena_printf(a, "%s/api/3.0/mlflow/traces/get?trace_id=%s&allow_partial=true", base,
                            id);
    case STEP_ARTIFACT_3:
        return arena_printf(a, "%s/ajax-api/3.0/mlflow/get-trace-artifact?request_id=%s", base, id);
    case STEP_ARTIFACT_2:
        return arena_printf(a, "%s/ajax-api/2.0/mlflow/get-trace-artifact?request_id=%s", base, id);
    case STEP_CREDENTIALS:
        return arena_printf(a, "%s%s/credentials-for-data-download", base, f->path);
    case STEP_CATALOG:
        return catalog_url(f);
    case STEP_SIGNED:
    case STEP_NONE:
    default:
        return f->url;
    }
}

/* ---- the end ------------------------------------------------------------------ */

static struct job_end
end_of(const struct fetch *f)
{
    return attempt_job_end(f->at, f->fault.code ? JOB_END_DISCARDED : JOB_END_COMPLETED, 0,
                           f->fault.msg);
}

static struct err
store(struct attempt *at, struct db *db)
{
    struct fetch *f = at->state;
    struct job_end end = end_of(f);

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    if (f->fault.code)
        TRY(trace_fetch_failed(db, at->job.subject_id, f->fault.msg));
    else
        TRY(trace_fetched(db, f->task.id, f->trace.spans, f->trace.count));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    return db_commit(db);
}

static void
stored(struct attempt *at, struct err err)
{
    struct job_end end = end_of(at->state);

    if (err.code)
        attempt_fail(at, err);
    else
        attempt_ended(at, &end);
}

static void
finish(struct fetch *f, struct err fault)
{
    f->fault = fault;
    if (fault.code && attempt_may_retry(f->at, fault))
        attempt_fail(f->at, fault);
    else
        attempt_work(f->at, store, stored);
}

/* ---- reading ------------------------------------------------------------------ */

static struct err
read_trace(struct attempt *at, struct db *db)
{
    struct fetch *f = at->state;
    struct mlflow_place place = { .zero_ns = f->task.started_us * 1000,
                                  .start_ns = (int64_t)(f->task.upstream_start_ms * 1e6),
                                  .parent =
                                      f->task.upstream_parent ? f->task.upstream_parent : "" };

    (void)db;
    TRY(mlflow_read(at->arena, f->body.data, f->body.len, &place, &f->trace));
    f->found = true;
    if (f->trace.in_progress && !attempt_is_last(at))
        return ERR(ERR_UPSTREAM, "The agent's trace is not complete yet.");
    return OK;
}

static void
trace_read(struct attempt *at, struct err err)
{
    finish(at->state, err);
}

/* Where Databricks says that the trace lies: an address with headers of its own, and no key. */
static struct err
read_credentials(struct fetch *f)
{
    struct arena *a = f->at->arena;
    struct str info, headers, header;

    if (json_check(a, f->body.data, f->body.len).code)
        return ERR(ERR_UPSTREAM, "The MLflow server sent something that is no address.");
    info = json_member(json_value((struct str){ f->body.data, f->body.len }), "credential_info");
    f->url = str_dup(a, json_text(a, json_member(info, "signed_uri")));
    headers = json_member(info, "headers");
    f->header_count = 0;
    while (f->header_count < HEADERS_MAX && json_next(&headers, &header))
        f->headers[f->header_count++] =
            (struct http_header){ str_dup(a, json_text(a, json_member(header, "name"))),
                                  str_dup(a, json_text(a, json_member(header, "value"))) };
    return f->url[0] ? OK
                     : ERR(ERR_UPSTREAM, "The MLflow server sent something that is no address.");
}

/* ---- calling ------------------------------------------------------------------ */

static void call(struct fetch *f);

static struct err
fault_of(struct fetch *f, const struct http_reply *reply)
{
    if (reply->err.code == ERR_TOO_LARGE)
        return ERR(ERR_TOO_LARGE, "The trace is over the limit of 16 MiB.");
    if (reply->err.code == ERR_FORBIDDEN || reply->err.code == ERR_INVALID)
        return err_fmt(f->at->arena, reply->err.code, "The MLflow server cannot be called: %s.",
                       reply->err.msg);
    if (reply->err.code)
        return ERR(ERR_UNAVAILABLE, "The MLflow server cannot be reached.");
    if (f->status == 401 || f->status == 403)
        return ERR(ERR_FORBIDDEN, "The MLflow server does not let us read the trace.");
    if (f->status == 404)
        return ERR(ERR_UPSTREAM, "The MLflow server does not have the trace, or not yet.");
    return err_fmt(f->at->arena, ERR_UPSTREAM, "The MLflow server failed (HTTP %d).", f->status);
}

static bool
has_another_way(const struct fetch *f)
{
    return (f->status == 400 || f->status == 404 || f->status == 405 || f->status == 501) &&
           f->step + 1 < STEP_NONE;
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct fetch *f = arg;
    struct err e;

    f->transfer = NULL;
    f->status = reply->status;
    if (!reply->err.code && f->status == 200 && f->step == STEP_CREDENTIALS) {
        e = read_credentials(f);
        f->step = STEP_SIGNED;
        if (e.code)
            finish(f, e);
        else
            call(f);
    } else if (!reply->err.code && f->status == 200) {
        attempt_work(f->at, read_trace, trace_read);
    } else if (!reply->err.code && has_another_way(f)) {
        f->step++;
        call(f);
    } else {
        finish(f, fault_of(f, reply));
    }
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct fetch *f = arg;

    buf_add(&f->body, bytes, len);
    return buf_ok(&f->body);
}

static void
call(struct fetch *f)
{
    struct http_request rq = { .url = step_url(f),
                               .headers = f->headers,
                               .header_count = f->header_count,
                               .gate = f->server.gate,
                               .allow = config_str(SET_ALLOW_PRIVATE),
                               .connect_ms = config_int(SET_MODEL_CONNECT_S) * 1000,
                               .total_ms = CALL_MS,
                               .body_max = (int64_t)MLFLOW_BODY_MAX,
                               .arg = f,
                               .on_data = on_data,
                               .on_end = on_end };

    buf_init(&f->body, f->at->arena, MLFLOW_BODY_MAX);
    f->transfer = http_send(f->at->services->http, &rq);
}

static void
server_found(void *arg, struct err err)
{
    struct fetch *f = arg;

    if (err.code) {
        finish(f, err);
        return;
    }
    f->path = mlflow_trace_path(f->at->arena, f->task.upstream_id, &f->location);
    if (!f->path) {
        finish(f, ERR(ERR_INVALID, "The agent's trace has an id that no server can know."));
        return;
    }
    f->step = f->location ? STEP_CATALOG : f->server.databricks ? STEP_CREDENTIALS : STEP_GET;
    if (f->server.authorization)
        f->headers[f->header_count++] =
            (struct http_header){ "Authorization", f->server.authorization };
    call(f);
}

/* ---- the job ------------------------------------------------------------------ */

static struct err
load(struct attempt *at, struct db *db)
{
    struct fetch *f = at->state;

    TRY(db_begin(db, TX_READ, at->job.user_id));
    TRY(trace_fetch_load(db, at->arena, at->job.subject_id, &f->task));
    db_end_read(db);
    return OK;
}

static void
loaded(struct attempt *at, struct err err)
{
    struct fetch *f = at->state;

    if (err.code == ERR_NOT_FOUND) {
        attempt_end(at, JOB_END_CANCELLED, "the trace was deleted");
        return;
    }
    if (err.code) {
        attempt_fail(at, err);
        return;
    }
    f->server = (struct mlflow_server){ .services = at->services,
                                        .arena = at->arena,
                                        .task = &f->task,
                                        .arg = f,
                                        .found = server_found };
    mlflow_server_find(&f->server);
}

static void
start(struct attempt *at)
{
    struct fetch *f = at->state = ARENA_NEW(at->arena, struct fetch);

    f->at = at;
    attempt_work(at, load, loaded);
}

static void
stop(struct attempt *at)
{
    struct fetch *f = at->state;

    if (!f)
        return;
    if (f->transfer)
        http_cancel(f->transfer);
    f->transfer = NULL;
    mlflow_server_cancel(&f->server);
}

/* It is not to be run any more: what is there stays, and says so. */
static void
give_up(struct attempt *at)
{
    struct fetch *f = at->state = ARENA_NEW(at->arena, struct fetch);

    f->at = at;
    f->fault = ERR(ERR_INTERNAL, "The fetching of the trace was given up.");
    attempt_work(at, store, stored);
}

const struct kind kind_fetch_trace = {
    .name = TRACE_FETCH_KIND,
    .queue = "default",
    .summary = "Fetch an agent's own trace from MLflow",
    .max_attempts = 6,
    .timeout_s = 300,
    .backoff_ms = 1000,
    .backoff_max_ms = 60000,
    .start = start,
    .stop = stop,
    .give_up = give_up,
};
