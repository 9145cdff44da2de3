/*
 * Export: job "export_trace" sends a trace of ours on: to the OpenTelemetry
 * collector of OFFSTAGE_OTLP_URL, and to the experiment of OFFSTAGE_MLFLOW_URL. MLflow
 * gets Protocol Buffers, which all its versions take; a collector JSON, and Protocol
 * Buffers when it refuses that.
 */
#ifndef WORKER_EXPORT_H
#define WORKER_EXPORT_H

#include <stddef.h>

/* The targets that are configured, as trace_export_later() takes them; how many. */
#define EXPORT_TARGETS_MAX 2
size_t export_targets(const char *out[EXPORT_TARGETS_MAX]);

#endif
