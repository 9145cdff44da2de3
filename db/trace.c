#include "db/trace.h"

#include "db/db.h"
#include "db/job.h"
#include "db/trace_json.h"
#include "lib/arena.h"

#include <math.h>
#include <string.h>

#define FETCH_ATTEMPTS    6
#define EXPORT_ATTEMPTS   10
#define FEEDBACK_ATTEMPTS 10

const char *const trace_state_names[] = { "running", "completed", "failed", "cancelled", NULL };

static struct arg
arg_tokens(int64_t n)
{
    return n < 0 ? arg_null() : arg_int(n);
}

struct err
trace_add(struct db *db, const struct trace_new *t)
{
    return db_later(db, Q_TRACE_ADD,
                    ARGS(arg_id(t->id), arg_str(t->status), arg_str(t->error),
                         arg_double(t->store_ms), arg_double(t->first_token_ms),
                         arg_tokens(t->input_tokens), arg_tokens(t->output_tokens),
                         arg_int(t->attempt), arg_int(t->span_count), arg_int(t->model_calls),
                         arg_int(t->tool_calls), arg_str(t->spans), arg_str(t->upstream_id),
                         arg_str(t->upstream_parent),
                         t->upstream_id ? arg_double(t->upstream_start_ms) : arg_null(),
                         arg_str(t->upstream_spans), arg_int(t->upstream_count)));
}

struct err
trace_add_wait(struct db *db, struct arena *a, struct id id, int attempt, double from_ms,
               double to_ms)
{
    struct trace_span wait = { .name = "queue",
                               .kind = "queue",
                               .start_ns = (int64_t)(from_ms * 1e6),
                               .duration_ns = (int64_t)((to_ms - from_ms) * 1e6),
                               .status = TRACE_CANCELLED };
    struct trace_new trace = { .id = id,
                               .status = "cancelled",
                               .store_ms = (double)NAN,
                               .first_token_ms = (double)NAN,
                               .input_tokens = -1,
                               .output_tokens = -1,
                               .attempt = attempt,
                               .span_count = 1 };
    struct buf span;

    buf_init(&span, a, TRACE_TEXT_MAX);
    trace_store_id(id, wait.id);
    trace_root_id(id, wait.parent);
    trace_span_json(&span, &wait);
    trace.spans = span.data;
    return trace_add(db, &trace);
}

static struct trace_info
read_trace(const struct row *r)
{
    return (struct trace_info){
        .id = row_id(r, "id"),
        .chat_id = row_id(r, "chat_id"),
        .agent_id = row_opt_id(r, "agent_id"),
        .status = row_str(r, "status"),
        .error = row_opt_str(r, "error"),
        .started_at = row_str(r, "started_at"),
        .expires_at = row_str(r, "expires_at"),
        .fetched_at = row_opt_str(r, "fetched_at"),
        .duration_ms = row_double(r, "duration_ms"),
        .store_ms = (double)NAN,
        .first_token_ms = row_opt_double(r, "first_token_ms", (double)NAN),
        .input_tokens = row_opt_int(r, "input_tokens", -1),
        .output_tokens = row_opt_int(r, "output_tokens", -1),
        .summary = row_str(r, "summary"),
        .upstream_id = row_opt_str(r, "upstream_id"),
        .upstream_status = row_opt_str(r, "upstream_status"),
        .upstream_error = row_opt_str(r, "upstream_error"),
    };
}

struct err
trace_get(struct db *db, struct arena *a, struct id id, int64_t keep_days, struct trace_info *out)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_TRACE_GET,
                          ARGS(arg_id(id), arg_int(keep_days), arg_int((int64_t)TRACE_TEXT_MAX)),
                          &row),
                   "trace not found"));
    *out = read_trace(&row);
    out->store_ms = row_opt_double(&row, "store_ms", (double)NAN);
    out->spans = row_str(&row, "spans");
    out->upstream_spans = row_str(&row, "upstream_spans");
    out->agent_name = row_opt_str(&row, "agent_name");
    out->question = row_opt_str(&row, "question");
    out->answer = row_str(&row, "answer");
    out->traceparent = row_opt_str(&row, "traceparent");
    out->rating = row_opt_str(&row, "rating");
    out->comment = row_opt_str(&row, "comment");
    out->started_us = row_int(&row, "started_us");
    return OK;
}

struct err
trace_find(struct db *db, struct arena *a, const char *upstream_id, struct id *out)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_TRACE_FIND, ARGS(arg_str(upstream_id)), &row),
                   "trace not found"));
    *out = row_id(&row, "id");
    return OK;
}

struct err
trace_list(struct db *db, struct arena *a, const struct trace_filter *f, struct trace_info **out,
           size_t *count)
{
    struct trace_info *list;
    struct rows rows;

    TRY(db_all(db, a, Q_TRACE_LIST,
               ARGS(arg_id(f->before), arg_int(f->limit), arg_id(f->chat_id), arg_id(f->agent_id),
                    arg_str(f->status), arg_double(f->min_duration_ms), arg_str(f->from),
                    arg_str(f->to), arg_int(f->keep_days)),
               &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_trace(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
trace_delete(struct db *db, struct arena *a, struct id id)
{
    struct row row;

    return db_missing(db_one(db, a, Q_TRACE_DELETE, ARGS(arg_id(id)), &row), "trace not found");
}

struct err
trace_export_later(struct db *db, struct arena *a, struct id id, struct id user_id,
                   const char *target, const char *http_request_id)
{
    struct job_new job = { .id = id_new(),
                           .kind = TRACE_EXPORT_KIND,
                           .priority = JOB_PRIORITIES - 1,
                           .max_attempts = EXPORT_ATTEMPTS,
                           .user_id = user_id,
                           .subject_id = id,
                           .request_id = http_request_id,
                           .payload = arena_printf(a, "\"%s\"", target),
                           .forget = true };

    return job_add(db, a, &job);
}

struct err
trace_fetch_later(struct db *db, struct arena *a, struct id id, struct id user_id,
                  const char *http_request_id)
{
    struct job_new job = { .id = id_new(),
                           .kind = TRACE_FETCH_KIND,
                           .priority = JOB_PRIORITY_USUAL,
                           .max_attempts = FETCH_ATTEMPTS,
                           .user_id = user_id,
                           .subject_id = id,
                           .unique_key = job_key(TRACE_FETCH_KIND, id.s),
                           .request_id = http_request_id };

    return job_add(db, a, &job);
}

struct err
trace_refresh(struct db *db, struct arena *a, struct id id, struct id user_id,
              const char *http_request_id)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_TRACE_REFRESH, ARGS(arg_id(id)), &row), "trace not found"));
    if (!row_bool(&row, "has_upstream"))
        return ERR(ERR_CONFLICT, "no other server has a part of this trace");
    return trace_fetch_later(db, a, id, user_id, http_request_id);
}

static struct trace_task
read_task(const struct row *r)
{
    return (struct trace_task){
        .agent_id = row_opt_id(r, "agent_id"),
        .upstream_id = row_opt_str(r, "upstream_id"),
        .endpoint_url = row_opt_str(r, "endpoint_url"),
        .mlflow_url = row_opt_str(r, "mlflow_url"),
        .credential = row_opt_str(r, "credential"),
        .client_id = row_opt_str(r, "client_id"),
        .databricks_oauth =
            row_opt_str(r, "auth") && strcmp(row_str(r, "auth"), "databricks_oauth") == 0,
    };
}

struct err
trace_fetch_load(struct db *db, struct arena *a, struct id id, struct trace_task *out)
{
    struct row r;

    TRY(db_missing(db_one(db, a, Q_TRACE_FETCH_LOAD, ARGS(arg_id(id)), &r), "trace not found"));
    *out = read_task(&r);
    out->id = row_id(&r, "id");
    out->upstream_parent = row_opt_str(&r, "upstream_parent");
    out->upstream_start_ms = row_double(&r, "upstream_start_ms");
    out->started_us = row_int(&r, "started_us");
    return OK;
}

struct err
trace_fetched(struct db *db, struct id id, const char *spans, int count)
{
    return db_later(db, Q_TRACE_FETCHED, ARGS(arg_id(id), arg_str(spans), arg_int(count)));
}

struct err
trace_fetch_failed(struct db *db, struct id id, const char *error)
{
    return db_later(db, Q_TRACE_FETCH_FAILED, ARGS(arg_id(id), arg_str(error)));
}

struct err
trace_feedback_later(struct db *db, struct arena *a, struct id message_id, struct id user_id,
                     const char *http_request_id)
{
    struct job_new job = { .id = id_new(),
                           .kind = TRACE_FEEDBACK_KIND,
                           .priority = JOB_PRIORITIES - 1,
                           .max_attempts = FEEDBACK_ATTEMPTS,
                           .user_id = user_id,
                           .subject_id = message_id,
                           .serial_key = job_key(TRACE_FEEDBACK_KIND, message_id.s),
                           .request_id = http_request_id,
                           .forget = true };

    return job_add(db, a, &job);
}

struct err
trace_feedback(struct db *db, struct arena *a, struct id message_id, struct trace_feedback *out)
{
    struct row r;

    TRY(db_one(db, a, Q_TRACE_FEEDBACK, ARGS(arg_id(message_id)), &r));
    *out = (struct trace_feedback){
        .task = read_task(&r),
        .request_id = row_id(&r, "request_id"),
        .complete = row_bool(&r, "complete"),
        .traceparent = row_opt_str(&r, "traceparent"),
        .rating = row_opt_str(&r, "rating"),
        .comment = row_opt_str(&r, "comment"),
        .created_at = row_opt_str(&r, "created_at"),
        .updated_at = row_opt_str(&r, "updated_at"),
    };
    out->task.id = row_opt_id(&r, "trace_id");
    return OK;
}

struct err
trace_sweep(struct db *db, struct arena *a, int64_t keep_days)
{
    struct row row;

    return db_one(db, a, Q_TRACE_SWEEP, ARGS(arg_int(keep_days)), &row);
}
