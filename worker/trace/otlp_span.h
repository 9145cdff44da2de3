/*
 * Otlp_span: a trace of ours in the terms of OpenTelemetry, before it is written in one
 * of OTLP's two forms; see worker/trace/otlp.h. Pure; texts are slices of the trace's.
 */
#ifndef WORKER_OTLP_SPAN_H
#define WORKER_OTLP_SPAN_H

#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct trace_info;

#define OTLP_SERVICE "offstage" /* of the resource, and name of the scope */

/* Numbers of the protocol. */
enum otlp_status { OTLP_OK = 1, OTLP_ERROR = 2 };
enum otlp_kind { OTLP_INTERNAL = 1, OTLP_CLIENT = 3 };

enum otlp_type { OTLP_TEXT, OTLP_INT, OTLP_DOUBLE, OTLP_BOOL };

struct otlp_attribute {
    struct str key;
    enum otlp_type type;
    struct str text; /* the text, or the value as JSON has it */
    int64_t n;       /* OTLP_INT; OTLP_BOOL: 0, 1 */
    double x;        /* OTLP_DOUBLE */
};

struct otlp_span {
    struct str id, parent; /* hex; parent may be empty */
    struct str name, error;
    enum otlp_kind kind;
    enum otlp_status status;
    int64_t start_ns, end_ns; /* Unix times */
    struct otlp_attribute *attributes;
    size_t attribute_count;
};

struct otlp_trace {
    char id[33]; /* hex */
    struct otlp_span *spans;
    size_t count;
};

void otlp_read(struct arena *a, const struct trace_info *t, struct otlp_trace *out);

#endif
