/*
 * Trace: what was done for one response, and how long each part took: a tree of
 * spans. Its id is the request's. The worker writes it in the transaction of
 * the response's end, and at the end of an attempt that another follows; so a
 * failed or cancelled response has one too. Its spans are stored as the API
 * shows them, see db/trace_json.h.
 */
#ifndef DB_TRACE_H
#define DB_TRACE_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define TRACE_FETCH_KIND    "fetch_trace"   /* job; its subject is the trace */
#define TRACE_EXPORT_KIND   "export_trace"  /* likewise; its payload is the target, as JSON text */
#define TRACE_FEEDBACK_KIND "send_feedback" /* its subject is the message */
#define TRACE_UPSTREAM_MAX  300             /* characters of another server's trace id */

extern const char *const trace_state_names[]; /* running, completed, failed, cancelled, NULL */

/* What an attempt adds. Times are milliseconds since the request was made. */
struct trace_new {
    struct id id;
    const char *status, *error;          /* error: NULL for none */
    double store_ms;                     /* when storing began; NaN: another attempt follows */
    double first_token_ms;               /* NaN: none came */
    int64_t input_tokens, output_tokens; /* -1: unknown */
    int attempt;
    int span_count, model_calls, tool_calls;
    const char *spans; /* JSON, separated by commas; "" for none */
    /* The half that another server keeps. */
    const char *upstream_id;     /* NULL: there is none */
    const char *upstream_parent; /* span of ours that it hangs under */
    double upstream_start_ms;    /* when that began */
    const char *upstream_spans;  /* NULL: they are to be fetched */
    int upstream_count;
};

/* Within a transaction of the request's user. Queued. */
struct err trace_add(struct db *db, const struct trace_new *t) CHECKED;

/* Have what is not there fetched, in the background. Queued. */
struct err trace_fetch_later(struct db *db, struct arena *a, struct id id, struct id user_id,
                             const char *http_request_id) CHECKED;

/* Have it sent to a target (a word), in the background. Queued. */
struct err trace_export_later(struct db *db, struct arena *a, struct id id, struct id user_id,
                              const char *target, const char *http_request_id) CHECKED;

/* What is cancelled while it waits, for its first attempt or for another one. Queued. */
struct err trace_add_wait(struct db *db, struct arena *a, struct id id, int attempt, double from_ms,
                          double to_ms) CHECKED;

struct trace_info {
    struct id id, chat_id, agent_id;                  /* agent_id is unset when it was not known */
    const char *status, *error;                       /* error may be NULL */
    const char *started_at, *expires_at, *fetched_at; /* fetched_at may be NULL */
    double duration_ms, store_ms, first_token_ms;     /* store_ms, first_token_ms may be NaN */
    int64_t input_tokens, output_tokens;              /* -1: unknown */
    const char *summary;                              /* JSON */
    const char *upstream_id, *upstream_status, *upstream_error; /* may be NULL */
    /* of trace_get() only */
    const char *spans, *upstream_spans;         /* JSON, separated by commas */
    const char *agent_name, *question, *answer; /* may be NULL but answer; at most TRACE_TEXT_MAX */
    const char *traceparent;                    /* of the client; NULL for none */
    const char *rating, *comment; /* what its user thinks of the answer; may be NULL */
    int64_t started_us;           /* Unix time */
};

/* ERR_NOT_FOUND unless it is the caller's. `keep_days` makes expires_at. */
struct err trace_get(struct db *db, struct arena *a, struct id id, int64_t keep_days,
                     struct trace_info *out) CHECKED;

/* All spans of ours: those that are stored, the root before them and what stores behind them. */
const char *trace_all_spans(struct arena *a, const struct trace_info *t);

/* The trace whose other half has this id elsewhere, "tr-..." for one. */
struct err trace_find(struct db *db, struct arena *a, const char *upstream_id,
                      struct id *out) CHECKED;

struct trace_filter {
    struct id before; /* page: the last of the page before; unset: newest */
    int limit;
    struct id chat_id, agent_id; /* unset: any */
    const char *status;          /* NULL: any */
    double min_duration_ms;      /* NaN: any */
    const char *from, *to;       /* RFC 3339; NULL: any */
    int64_t keep_days;
};

/* The caller's, newest first. */
struct err trace_list(struct db *db, struct arena *a, const struct trace_filter *filter,
                      struct trace_info **out, size_t *count) CHECKED;

/* ERR_NOT_FOUND unless it is the caller's. */
struct err trace_delete(struct db *db, struct arena *a, struct id id) CHECKED;

/*
 * Have the half that another server keeps fetched again, in the background.
 * ERR_NOT_FOUND unless it is the caller's, ERR_CONFLICT when there is no such half.
 */
struct err trace_refresh(struct db *db, struct arena *a, struct id id, struct id user_id,
                         const char *http_request_id) CHECKED;

/* ---- for the worker that fetches ------------------------------------------- */

struct trace_task {
    struct id id, agent_id;
    const char *upstream_id, *upstream_parent; /* upstream_parent may be NULL */
    double upstream_start_ms;
    int64_t started_us;                                             /* Unix time of the request */
    const char *endpoint_url, *mlflow_url, *credential, *client_id; /* may be NULL */
    bool databricks_oauth;
};
struct err trace_fetch_load(struct db *db, struct arena *a, struct id id,
                            struct trace_task *out) CHECKED;

/* What was fetched; or why it was not: what is there stays then. Queued. */
struct err trace_fetched(struct db *db, struct id id, const char *spans, int count) CHECKED;
struct err trace_fetch_failed(struct db *db, struct id id, const char *error) CHECKED;

/* ---- feedback ---------------------------------------------------------------- */

/*
 * Have what its user thinks of a message kept on its trace elsewhere too, in the
 * background: whatever that is when the job runs. One after the other for a message. Queued.
 */
struct err trace_feedback_later(struct db *db, struct arena *a, struct id message_id,
                                struct id user_id, const char *http_request_id) CHECKED;

struct trace_feedback {
    struct trace_task task; /* its id is unset without a trace; upstream_id may be NULL */
    struct id request_id;
    bool complete;                       /* nothing more happens to the answer */
    const char *traceparent;             /* of the client; NULL for none */
    const char *rating;                  /* up, down; NULL: taken back */
    const char *comment;                 /* may be NULL */
    const char *created_at, *updated_at; /* RFC 3339; NULL without a rating */
};
/* ERR_NOT_FOUND when the message is gone. */
struct err trace_feedback(struct db *db, struct arena *a, struct id message_id,
                          struct trace_feedback *out) CHECKED;

/* Make the partitions to come and drop those older than keep_days. */
struct err trace_sweep(struct db *db, struct arena *a, int64_t keep_days) CHECKED;

#endif
