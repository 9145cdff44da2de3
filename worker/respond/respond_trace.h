/*
 * Respond_trace: what an attempt at a response notes for its trace: waiting,
 * the attempt, its context and retrieval, each call of the model, and the calls
 * that the model makes. See worker/trace/trace.h. Texts in it are cut at
 * TRACE_TEXT_MAX; keys are never in it, and who only uses an agent sees neither
 * its instructions nor its server.
 */
#ifndef WORKER_RESPOND_TRACE_H
#define WORKER_RESPOND_TRACE_H

#include "worker/model/dialect.h"
#include "worker/trace/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct respond;
struct trace_new; /* db/trace.h */

/* One call of the model. */
struct traced_call {
    int span, http_status;
    const struct dialect_reply *reply; /* NULL: none came */
    size_t first_item, end_item;       /* of the transcript */
    int64_t start_ns, end_ns;          /* monotonic */
    int64_t first_ns;                  /* of the first token; 0: none came */
};

/* A call that the model makes. */
struct traced_tool {
    int span, call; /* call: as in HEARD_CALL */
    size_t item;    /* of the transcript */
    size_t output;  /* likewise, its result; 0: none came */
    bool is_ours;   /* run here */
};

struct respond_trace {
    struct trace trace;
    int attempt, context, retrieval, answer; /* spans */
    int64_t start_ns;                        /* the attempt begins */
    int64_t first_ns, store_ns;              /* first token; storing begins */
    struct traced_call *calls;
    struct traced_tool *tools;
    size_t call_count, call_cap, tool_count, tool_cap;
    bool calling; /* the last of calls is under way */
};

/* The attempt begins; and again, when nothing could be loaded. */
void respond_trace_start(struct respond *r);
void respond_trace_load(struct respond *r);

/* The request has been loaded: what was before the attempt. */
void respond_trace_waited(struct respond *r);

/* Around the search for passages. */
void respond_trace_search(struct respond *r);
void respond_trace_found(struct respond *r);

/* What was needed to begin has been loaded, or what of it could be. */
void respond_trace_loaded(struct respond *r);

/* A call of the model is made up, sent, heard, and over. */
void respond_trace_ask(struct respond *r);
void respond_trace_sent(struct respond *r);
void respond_trace_heard(struct respond *r, const struct dialect_heard *heard);
void respond_trace_called(struct respond *r, enum trace_status status, const char *error);

/* A call that was run here has come to its result. */
void respond_trace_ran(struct respond *r, const char *call_id, bool failed);

/* An answer that needs no model. */
void respond_trace_speak(struct respond *r);

/* The end of the attempt: nothing but storing follows. */
void respond_trace_end(struct respond *r);

/* On a thread: what is stored. */
void respond_trace_result(struct respond *r, struct trace_new *out);

#endif
