/*
 * Otlp: a trace of ours as an ExportTraceServiceRequest of OpenTelemetry, in both forms
 * of OTLP/HTTP: JSON (ids in hex, 64-bit numbers as strings), and Protocol Buffers,
 * which some servers take alone. What MLflow looks for is among the attributes, so that
 * it shows inputs, outputs and types. Pure.
 */
#ifndef WORKER_OTLP_H
#define WORKER_OTLP_H

#include "lib/id.h"
#include "lib/str.h"

struct arena;
struct trace_info; /* db/trace.h, as trace_get() gives it */

/* False when it would be over OTLP_MAX. */
#define OTLP_MAX ((size_t)64 * 1024 * 1024) /* bytes */
bool otlp_json(struct arena *a, const struct trace_info *t, struct str *out);
bool otlp_proto(struct arena *a, const struct trace_info *t, struct str *out);

/* The id under which a request's trace is known elsewhere: 32 hex digits, those of the client's
 * traceparent where it gave one, else NULL. */
void otlp_trace_id(struct id request_id, const char *traceparent, char out[33]);

#endif
