/*
 * Responses_event: what servers of the `responses` kind answer: OpenAI's
 * Responses API, Databricks' ResponsesAgent and ChatAgent, MLflow's AgentServer;
 * streamed or whole.
 *
 * None is taken at its word. All of this is met with: several created and
 * completed pairs in one stream; sequence numbers that begin again; ids that are
 * placeholders or do not match; items done that were never added, or out of their
 * order; bare items without an event around them; a done item that repeats the
 * text that was streamed, in whole or with more of it; no deltas at all; errors as
 * event, object or text; streams that end without a last event. What is said
 * twice is heard once.
 *
 * The server's own trace is taken from where each puts it: databricks_output.trace
 * of an event or of the whole, metadata.trace_id, or a line {"trace_id"}.
 *
 * Pure; what it cannot read it passes over. See worker/model/reply.h.
 */
#ifndef WORKER_RESPONSES_EVENT_H
#define WORKER_RESPONSES_EVENT_H

#include "worker/model/dialect.h"

#define RESPONSES_EVENT_MAX ((size_t)8 * 1024 * 1024) /* bytes of one event, with a trace */

/* For struct dialect; the listener is one of worker/model/reply.h. */
void *responses_listen(struct arena *a, const char *content_type);

/* reply_end(), for streams that have no last event. */
struct err responses_end(void *reply, struct arena *scratch, struct dialect_heard **out,
                         size_t *count) CHECKED;

#endif
