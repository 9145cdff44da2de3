/* Mlflow_span: one span of MLflow's, in any of its dialects. Pure; see worker/trace/mlflow.h. */
#ifndef WORKER_MLFLOW_SPAN_H
#define WORKER_MLFLOW_SPAN_H

#include "db/trace_json.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct mlflow_span {
    struct trace_span span;   /* id, parent, name, kind, status, error */
    int64_t start_ns, end_ns; /* Unix times; end_ns is 0 when it was not told */
    struct str attributes;
    int parent; /* index; -1: the span of ours */
};

/* False when it has no id, or no time after 1970. */
bool mlflow_span_read(struct arena *a, struct str value, struct mlflow_span *out);

/* The texts of a span, from its attributes, taken out of *left. */
void mlflow_span_texts(struct arena *a, struct mlflow_span *s, size_t *left);

#endif
