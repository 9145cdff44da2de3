#include "worker/trace/export.h"

#include "db/db.h"
#include "db/trace.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/http.h"
#include "lib/str.h"
#include "worker/attempt.h"
#include "worker/kind.h"
#include "worker/trace/otlp.h"
#include "worker/trace/server.h"

#include <string.h>

#define CALL_MS     30000
#define HEADERS_MAX 16
#define BODY_MAX    (INT64_C(1) << 20) /* bytes of an answer that nobody reads */

static const char otlp_target[] = "otlp", mlflow_target[] = "mlflow";

struct export
{
    struct attempt *at;
    struct trace_info trace;
    bool to_mlflow;
    bool packed; /* in Protocol Buffers; else in JSON */
    const char *url;
    struct str body;
    struct http_header headers[HEADERS_MAX];
    size_t header_count;
    struct http_transfer *transfer;
};

size_t
export_targets(const char *out[EXPORT_TARGETS_MAX])
{
    size_t n = 0;

    if (config_str(SET_OTLP_URL)[0])
        out[n++] = otlp_target;
    if (config_str(SET_MLFLOW_URL)[0] && config_str(SET_MLFLOW_EXPERIMENT)[0])
        out[n++] = mlflow_target;
    return n;
}

/* ---- the body ----------------------------------------------------------------- */

static struct err
write_body(struct attempt *at, struct db *db)
{
    struct export *x = at->state;

    (void)db;
    if (x->packed ? otlp_proto(at->arena, &x->trace, &x->body)
                  : otlp_json(at->arena, &x->trace, &x->body))
        return OK;
    return ERR(ERR_TOO_LARGE, "the trace is too large to be sent");
}

static void send_trace(struct export *x);

static void
written(struct attempt *at, struct err err)
{
    if (err.code)
        attempt_fail(at, err);
    else
        send_trace(at->state);
}

/* ---- calling ------------------------------------------------------------------ */

static void
add_header(struct export *x, const char *name, const char *value)
{
    if (x->header_count < HEADERS_MAX)
        x->headers[x->header_count++] = (struct http_header){ name, value };
}

/* name=value, comma separated. */
static void
add_headers(struct export *x, const char *list)
{
    struct str rest = str_from(list), value;

    while (rest.len > 0) {
        struct str one = str_cut(rest, ',', &rest), name = str_cut(one, '=', &value);

        if (str_trim(name).len > 0)
            add_header(x, str_dup(x->at->arena, str_trim(name)),
                       str_dup(x->at->arena, str_trim(value)));
    }
}

static void
address(struct export *x)
{
    const char *base = config_str(x->to_mlflow ? SET_MLFLOW_URL : SET_OTLP_URL);
    const char *token = config_str(SET_MLFLOW_TOKEN);

    x->url = arena_printf(x->at->arena, "%s/v1/traces", mlflow_base(x->at->arena, base));
    add_header(x, "Content-Type", NULL);
    if (!x->to_mlflow) {
        add_headers(x, config_str(SET_OTLP_HEADERS));
        return;
    }
    add_header(x, "x-mlflow-experiment-id", config_str(SET_MLFLOW_EXPERIMENT));
    if (token[0])
        add_header(x, "Authorization", arena_printf(x->at->arena, "Bearer %s", token));
}

/* Not every collector takes JSON; those that do not say so. */
static bool
wants_proto(const struct export *x, const struct http_reply *reply)
{
    return !x->packed && (reply->status == 400 || reply->status == 415);
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct export *x = arg;
    struct attempt *at = x->at;
    bool passing = reply->status == 429 || reply->status >= 500;

    x->transfer = NULL;
    if (!reply->err.code && wants_proto(x, reply)) {
        x->packed = true;
        attempt_work(at, write_body, written);
        return;
    }
    if (reply->err.code)
        attempt_fail(at, reply->err);
    else if (reply->status / 100 == 2)
        attempt_end(at, JOB_END_COMPLETED, NULL);
    else
        attempt_fail(at, err_fmt(at->arena, passing ? ERR_UPSTREAM : ERR_INVALID,
                                 "the collector refused the trace (HTTP %d)", reply->status));
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    (void)arg;
    (void)bytes;
    (void)len;
    return true;
}

/* The operator has named the server: it may be an internal one. */
static void
send_trace(struct export *x)
{
    const struct http_request rq = { .url = x->url,
                                     .headers = x->headers,
                                     .header_count = x->header_count,
                                     .body = x->body.p,
                                     .body_len = x->body.len,
                                     .connect_ms = config_int(SET_MODEL_CONNECT_S) * 1000,
                                     .total_ms = CALL_MS,
                                     .body_max = BODY_MAX,
                                     .arg = x,
                                     .on_data = on_data,
                                     .on_end = on_end };

    x->headers[0].value = x->packed ? "application/x-protobuf" : "application/json";
    x->transfer = http_send(x->at->services->http, &rq);
}

/* ---- the job ------------------------------------------------------------------ */

static struct err
load(struct attempt *at, struct db *db)
{
    struct export *x = at->state;

    TRY(db_begin(db, TX_READ, at->job.user_id));
    TRY(trace_get(db, at->arena, at->job.subject_id, config_int(SET_TRACE_KEEP_D), &x->trace));
    db_end_read(db);
    x->packed = x->to_mlflow;
    return write_body(at, db);
}

static void
loaded(struct attempt *at, struct err err)
{
    struct export *x = at->state;

    if (err.code == ERR_NOT_FOUND) {
        attempt_end(at, JOB_END_CANCELLED, "the trace was deleted");
        return;
    }
    if (err.code) {
        attempt_fail(at, err);
        return;
    }
    address(x);
    send_trace(x);
}

static void
start(struct attempt *at)
{
    struct export *x = at->state = ARENA_NEW(at->arena, struct export);

    x->at = at;
    x->to_mlflow = at->job.payload && strstr(at->job.payload, mlflow_target);
    attempt_work(at, load, loaded);
}

static void
stop(struct attempt *at)
{
    struct export *x = at->state;

    if (x && x->transfer)
        http_cancel(x->transfer);
}

const struct kind kind_export_trace = {
    .name = TRACE_EXPORT_KIND,
    .queue = "default",
    .summary = "Send a trace to a collector or to MLflow",
    .max_attempts = 10,
    .timeout_s = 120,
    .backoff_ms = 1000,
    .backoff_max_ms = 300000,
    .quiet = true,
    .start = start,
    .stop = stop,
};
