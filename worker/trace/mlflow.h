/*
 * Mlflow: reading a trace that MLflow keeps, and making it the other half of one
 * of ours.
 *
 * Three dialects of spans are taken, as what a server answers or sends inline:
 * the REST API's (OTLP's JSON with snake_case, ids in base64, attributes as a list
 * of typed values), the artifact's (ids in hex, attributes as JSON in strings), and
 * that of MLflow 2 (context.span_id, start_time, status_code).
 *
 * A server is not trusted. A span without an id or a time after 1970 is left out,
 * and so is a second one of the same id; a parent that is missing, or a circle of
 * parents, is replaced by the span of ours. Times are kept, but moved as a whole when
 * the server's clock puts the trace outside the call that made it. Texts over
 * TRACE_TEXT_MAX are cut, and spans beyond MLFLOW_SPANS_MAX are left out.
 *
 * Pure.
 */
#ifndef WORKER_MLFLOW_H
#define WORKER_MLFLOW_H

#include "lib/err.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define MLFLOW_BODY_MAX  ((size_t)16 * 1024 * 1024) /* bytes of an answer */
#define MLFLOW_SPANS_MAX 5000
#define MLFLOW_TEXTS_MAX ((size_t)8 * 1024 * 1024) /* bytes of all texts of a trace */

/* Where the trace hangs in ours. */
struct mlflow_place {
    int64_t zero_ns;    /* Unix time of the request, to which times are relative */
    int64_t start_ns;   /* when our span began, after zero_ns */
    const char *parent; /* that span: hex, or "" */
};

struct mlflow_trace {
    const char *spans; /* JSON as db/trace_json.h, separated by commas */
    int count;
    int left_out;     /* spans that could not be read */
    bool in_progress; /* the server says that more will come */
};

/* `text` is changed. ERR_UPSTREAM, a sentence, when it holds no trace at all. */
struct err mlflow_read(struct arena *a, char *text, size_t len, const struct mlflow_place *place,
                       struct mlflow_trace *out) CHECKED;

#endif
