/*
 * Job "send_feedback": what a user thinks of an answer becomes an assessment of its
 * trace in MLflow: of ours, where OFFSTAGE_MLFLOW_EXPERIMENT has it, and of the
 * agent's own. It is looked for first, so a job that runs again changes what is
 * there; and what is taken back is removed.
 *
 * Traces arrive behind their answers, so one that is not there yet is asked for again.
 */
#include "db/db.h"
#include "db/trace.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/config.h"
#include "lib/http.h"
#include "lib/url.h"
#include "worker/attempt.h"
#include "worker/kind.h"
#include "worker/trace/assessment.h"
#include "worker/trace/otlp.h"
#include "worker/trace/server.h"

#include <string.h>

#define CALL_MS 30000

/* The two traces of an answer, in their turn. */
enum turn { TURN_OURS, TURN_THEIRS, TURN_NONE };

struct feedback {
    struct attempt *at;
    struct trace_feedback given;
    enum turn turn;
    struct mlflow_server server;
    const char *trace_id, *url, *query; /* of the trace; query: "" or "?..." */
    bool looking;                       /* else writing */
    struct http_transfer *transfer;
    struct buf body;
    struct err fault; /* the first that may pass, else the first */
};

static void next_turn(struct feedback *f);

static void
note(struct feedback *f, struct err err)
{
    if (!f->fault.code || (attempt_may_retry(f->at, err) && !attempt_may_retry(f->at, f->fault)))
        f->fault = err;
}

/* ---- calling ------------------------------------------------------------------ */

static void on_end(void *arg, const struct http_reply *reply);

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct feedback *f = arg;

    buf_add(&f->body, bytes, len);
    return buf_ok(&f->body);
}

static void
call(struct feedback *f, const char *method, const char *url, const char *body)
{
    const struct http_header headers[] = { { "Content-Type", "application/json" },
                                           { "Authorization", f->server.authorization } };
    struct http_request rq = { .method = method,
                               .url = url,
                               .headers = headers,
                               .header_count = f->server.authorization ? 2 : 1,
                               .body = body,
                               .body_len = body ? strlen(body) : 0,
                               .gate = f->server.gate,
                               .allow = config_str(SET_ALLOW_PRIVATE),
                               .connect_ms = config_int(SET_MODEL_CONNECT_S) * 1000,
                               .total_ms = CALL_MS,
                               .body_max = (int64_t)ASSESSMENT_BODY_MAX,
                               .arg = f,
                               .on_data = on_data,
                               .on_end = on_end };

    buf_init(&f->body, f->at->arena, ASSESSMENT_BODY_MAX);
    f->transfer = http_send(f->at->services->http, &rq);
}

static void
look(struct feedback *f)
{
    struct arena *a = f->at->arena;
    const char *location, *warehouse = config_str(SET_DATABRICKS_WAREHOUSE);
    const char *path = mlflow_trace_path(a, f->trace_id, &location);

    if (!path) { /* nothing to be found there */
        next_turn(f);
        return;
    }
    f->url = arena_printf(a, "%s%s", f->server.base, path);
    f->query = location && warehouse[0]
                   ? arena_printf(a, "?sql_warehouse_id=%s", url_escape(a, warehouse))
                   : "";
    f->looking = true;
    call(f, NULL, arena_printf(a, "%s%s%s", f->url, location ? "/info" : "", f->query), NULL);
}

static void
add(struct feedback *f, const struct assessment *as)
{
    struct arena *a = f->at->arena;

    call(f, "POST", arena_printf(a, "%s/assessments%s", f->url, f->query), assessment_json(a, as));
}

static void
change(struct feedback *f, const struct assessment *as)
{
    struct arena *a = f->at->arena;
    const char *url = arena_printf(a, "%s/assessments/%s", f->url, url_escape(a, as->id));
    bool bare = strncmp(f->trace_id, "trace:/", 7) == 0;
    const char *mask =
        bare ? arena_printf(a, "%supdate_mask=" ASSESSMENT_CHANGED, f->query[0] ? "&" : "?") : "";

    call(f, "PATCH", arena_printf(a, "%s%s%s", url, f->query, mask), assessment_json(a, as));
}

/* As it shall be, where `id` is what is there; NULL: nothing. */
static void
put(struct feedback *f, const char *id)
{
    const struct trace_feedback *g = &f->given;
    const struct assessment as = { .id = id,
                                   .trace_id = f->trace_id,
                                   .message_id = f->at->job.subject_id.s,
                                   .user_id = f->at->job.user_id.s,
                                   .good = g->rating && strcmp(g->rating, "up") == 0,
                                   .comment = g->comment,
                                   .created_at = g->created_at,
                                   .updated_at = g->updated_at };
    struct arena *a = f->at->arena;

    f->looking = false;
    if (g->rating && id)
        change(f, &as);
    else if (g->rating)
        add(f, &as);
    else if (id)
        call(f, "DELETE",
             arena_printf(a, "%s/assessments/%s%s", f->url, url_escape(a, id), f->query), NULL);
    else
        next_turn(f);
}

static struct err
fault_of(struct feedback *f, const struct http_reply *reply)
{
    bool passing = reply->status == 404 || reply->status == 429 || reply->status >= 500;

    if (reply->err.code == ERR_FORBIDDEN || reply->err.code == ERR_INVALID)
        return err_fmt(f->at->arena, reply->err.code, "The MLflow server cannot be called: %s.",
                       reply->err.msg);
    if (reply->err.code)
        return ERR(ERR_UNAVAILABLE, "The MLflow server cannot be reached.");
    if (reply->status / 100 == 2)
        return OK;
    return err_fmt(f->at->arena, passing ? ERR_UPSTREAM : ERR_INVALID,
                   "The MLflow server refused the feedback (HTTP %d).", reply->status);
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct feedback *f = arg;
    struct err e = fault_of(f, reply);
    const char *id = NULL;

    f->transfer = NULL;
    if (!e.code && f->looking)
        e = assessment_find(f->at->arena, f->body.data, f->body.len, f->at->job.subject_id.s, &id);
    if (e.code) {
        note(f, e);
        next_turn(f);
    } else if (f->looking) {
        put(f, id);
    } else {
        next_turn(f);
    }
}

/* ---- whose turn it is --------------------------------------------------------- */

static void
server_found(void *arg, struct err err)
{
    struct feedback *f = arg;

    if (!err.code) {
        look(f);
        return;
    }
    if (err.code != ERR_NOT_FOUND)
        note(f, err);
    next_turn(f);
}

static void
look_at_ours(struct feedback *f)
{
    struct arena *a = f->at->arena;
    const char *token = config_str(SET_MLFLOW_TOKEN);
    char id[33];

    if (!config_str(SET_MLFLOW_URL)[0] || !config_str(SET_MLFLOW_EXPERIMENT)[0]) {
        next_turn(f);
        return;
    }
    otlp_trace_id(f->given.request_id, f->given.traceparent, id);
    f->trace_id = arena_printf(a, "tr-%s", id);
    f->server.base = mlflow_base(a, config_str(SET_MLFLOW_URL));
    if (token[0])
        f->server.authorization = arena_printf(a, "Bearer %s", token);
    look(f);
}

static void
look_at_theirs(struct feedback *f)
{
    if (!f->given.task.upstream_id) {
        next_turn(f);
        return;
    }
    f->trace_id = f->given.task.upstream_id;
    f->server = (struct mlflow_server){ .services = f->at->services,
                                        .arena = f->at->arena,
                                        .task = &f->given.task,
                                        .arg = f,
                                        .found = server_found };
    mlflow_server_find(&f->server);
}

static void
next_turn(struct feedback *f)
{
    if (f->turn == TURN_NONE)
        f->turn = TURN_OURS;
    else
        f->turn = f->turn == TURN_OURS ? TURN_THEIRS : TURN_NONE;
    if (f->turn == TURN_OURS)
        look_at_ours(f);
    else if (f->turn == TURN_THEIRS)
        look_at_theirs(f);
    else if (f->fault.code)
        attempt_fail(f->at, f->fault);
    else
        attempt_end(f->at, JOB_END_COMPLETED, NULL);
}

/* ---- the job ------------------------------------------------------------------ */

static struct err
load(struct attempt *at, struct db *db)
{
    struct feedback *f = at->state;

    TRY(db_begin(db, TX_READ, at->job.user_id));
    TRY(trace_feedback(db, at->arena, at->job.subject_id, &f->given));
    db_end_read(db);
    if (!f->given.complete)
        return ERR(ERR_UPSTREAM, "The answer is not complete yet.");
    return OK;
}

static void
loaded(struct attempt *at, struct err err)
{
    struct feedback *f = at->state;

    if (err.code == ERR_NOT_FOUND)
        attempt_end(at, JOB_END_CANCELLED, "the message was deleted");
    else if (err.code)
        attempt_fail(at, err);
    else if (!id_is_set(f->given.task.id))
        attempt_end(at, JOB_END_CANCELLED, "the trace was deleted");
    else
        next_turn(f);
}

static void
start(struct attempt *at)
{
    struct feedback *f = at->state = ARENA_NEW(at->arena, struct feedback);

    f->at = at;
    f->turn = TURN_NONE;
    attempt_work(at, load, loaded);
}

static void
stop(struct attempt *at)
{
    struct feedback *f = at->state;

    if (!f)
        return;
    if (f->transfer)
        http_cancel(f->transfer);
    f->transfer = NULL;
    mlflow_server_cancel(&f->server);
}

const struct kind kind_send_feedback = {
    .name = TRACE_FEEDBACK_KIND,
    .queue = "default",
    .summary = "Send what a user thinks of an answer to MLflow",
    .max_attempts = 10,
    .timeout_s = 300,
    .backoff_ms = 1000,
    .backoff_max_ms = 300000,
    .quiet = true,
    .start = start,
    .stop = stop,
};
