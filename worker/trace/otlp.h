/*
 * Otlp: a trace of ours as an ExportTraceServiceRequest of OpenTelemetry, in JSON
 * (OTLP/HTTP: ids in hex, 64-bit numbers as strings). What MLflow looks for is
 * among the attributes, so that it shows inputs, outputs and types. Pure.
 */
#ifndef WORKER_OTLP_H
#define WORKER_OTLP_H

#include <stdint.h>

struct arena;
struct trace_info; /* db/trace.h, as trace_get() gives it */

/* NULL when it would be over OTLP_MAX. */
#define OTLP_MAX ((size_t)64 * 1024 * 1024) /* bytes */
const char *otlp_json(struct arena *a, const struct trace_info *t);

/* The id under which it is known elsewhere: 32 hex digits, the client's where it gave one. */
void otlp_trace_id(const struct trace_info *t, char out[33]);

#endif
