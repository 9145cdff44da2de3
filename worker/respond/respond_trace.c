/* What an attempt notes for its trace, as it happens. */
#include "worker/respond/respond.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "worker/counters.h"

#include <math.h>
#include <string.h>

void
respond_trace_start(struct respond *r)
{
    struct respond_trace *t = &r->traced;

    trace_init(&t->trace, r->at->arena, !config_bool(SET_TRACES));
    t->attempt =
        trace_open(&t->trace, "attempt",
                   arena_printf(r->at->arena, "attempt %d", r->at->job.attempt), TRACE_ROOT);
    t->start_ns = t->attempt < 0 ? clock_mono_ns() : t->trace.list[t->attempt].start_ns;
    respond_trace_load(r);
}

void
respond_trace_load(struct respond *r)
{
    struct respond_trace *t = &r->traced;

    t->trace.count = t->attempt < 0 ? 0 : t->attempt + 1;
    t->context = trace_open(&t->trace, "context", "context", t->attempt);
    t->retrieval = t->answer = TRACE_NONE;
}

/* A span that lies before this attempt. */
static void
add_past(struct respond *r, const char *kind, const char *name, double from_ms, double to_ms,
         const char *error)
{
    struct trace *t = &r->traced.trace;
    struct trace_part *part = trace_part(t, trace_open(t, kind, name, TRACE_ROOT));

    if (!part)
        return;
    part->start_ns = t->zero_ns + (int64_t)(from_ms * 1e6);
    part->end_ns = t->zero_ns + (int64_t)(to_ms * 1e6);
    part->error = error;
    part->status = error ? TRACE_ERROR : TRACE_OK;
}

void
respond_trace_waited(struct respond *r)
{
    struct trace *t = &r->traced.trace;
    const struct request_task *task = &r->task;
    double from_ms = isnan(task->traced_ms) ? 0 : task->traced_ms, to_ms;

    trace_zero(t, task->age_ms);
    to_ms = trace_ms(t, r->traced.start_ns);
    if (isnan(task->traced_ms) && !isnan(task->started_ms)) {
        /* Attempts that have left nothing: their worker is gone. */
        add_past(r, "queue", "queue", 0, task->started_ms, NULL);
        add_past(r, "attempt", "earlier attempts", task->started_ms, to_ms,
                 "The worker stopped unexpectedly.");
    } else {
        add_past(r, "queue", "queue", from_ms, to_ms, NULL);
    }
}

void
respond_trace_search(struct respond *r)
{
    r->traced.retrieval = trace_open(&r->traced.trace, "retrieval", "retrieval", r->traced.context);
}

void
respond_trace_found(struct respond *r)
{
    trace_close(&r->traced.trace, r->traced.retrieval, TRACE_OK, NULL);
}

void
respond_trace_loaded(struct respond *r)
{
    trace_close(&r->traced.trace, r->traced.context, r->unasked.code ? TRACE_ERROR : TRACE_OK,
                r->unasked.msg);
}

void
respond_trace_speak(struct respond *r)
{
    if (r->traced.answer == TRACE_NONE)
        r->traced.answer =
            trace_open(&r->traced.trace, "answer", r->dialect->kind, r->traced.attempt);
}

void
respond_trace_ask(struct respond *r)
{
    struct respond_trace *t = &r->traced;
    const char *name = r->task.model ? r->task.model : r->dialect->kind;

    t->calls = arena_grow(r->at->arena, t->calls, t->call_count, &t->call_cap, sizeof(*t->calls));
    t->calls[t->call_count] =
        (struct traced_call){ .span = trace_open(&t->trace, "model", name, t->attempt),
                              .start_ns = clock_mono_ns(),
                              .first_item = r->transcript.count };
    r->question.traceparent =
        trace_context(&t->trace, r->task.id, r->task.traceparent, t->calls[t->call_count].span);
    t->call_count++;
    t->calling = true;
}

void
respond_trace_sent(struct respond *r)
{
    struct respond_trace *t = &r->traced;
    struct traced_call *call = t->call_count ? &t->calls[t->call_count - 1] : NULL;
    struct trace_part *part = call ? trace_part(&t->trace, call->span) : NULL;

    if (call)
        call->start_ns = clock_mono_ns();
    if (part)
        part->start_ns = call->start_ns;
}

static void
add_tool(struct respond *r, const struct dialect_heard *heard)
{
    struct respond_trace *t = &r->traced;
    const char *name = arena_strdup(r->at->arena, heard->name);

    t->tools = arena_grow(r->at->arena, t->tools, t->tool_count, &t->tool_cap, sizeof(*t->tools));
    t->tools[t->tool_count++] = (struct traced_tool){
        .span = trace_open(&t->trace, "tool", name, t->calls[t->call_count - 1].span),
        .call = heard->call,
        .item = r->transcript.count - 1,
    };
}

/* What is known of a call's time: from its name to the last of its arguments. */
static void
prolong_tool(struct respond *r, int call)
{
    struct respond_trace *t = &r->traced;
    struct trace_part *part;

    for (size_t i = t->tool_count; i-- > 0;) {
        if (t->tools[i].call != call)
            continue;
        part = trace_part(&t->trace, t->tools[i].span);
        if (part)
            part->end_ns = clock_mono_ns();
        return;
    }
}

/* It has been run: its time goes up to its result. */
static struct traced_tool *
end_tool(struct respond *r, const char *of_call)
{
    struct respond_trace *t = &r->traced;
    struct trace_part *part;
    const char *call_id;

    for (size_t i = t->tool_count; i-- > 0;) {
        (void)transcript_call_text(&r->transcript, t->tools[i].item, &call_id);
        part = trace_part(&t->trace, t->tools[i].span);
        if (strcmp(call_id, of_call) != 0 || !part)
            continue;
        part->end_ns = clock_mono_ns();
        t->tools[i].output = r->transcript.count - 1;
        return &t->tools[i];
    }
    return NULL;
}

void
respond_trace_ran(struct respond *r, const char *call_id, bool failed)
{
    struct traced_tool *tool = end_tool(r, call_id);
    struct trace_part *part = tool ? trace_part(&r->traced.trace, tool->span) : NULL;

    if (!part)
        return;
    tool->is_ours = true;
    if (failed) {
        part->status = TRACE_ERROR;
        part->error = "The tool failed.";
    }
}

void
respond_trace_heard(struct respond *r, const struct dialect_heard *heard)
{
    struct respond_trace *t = &r->traced;
    struct traced_call *call = t->calling ? &t->calls[t->call_count - 1] : NULL;

    if (!t->first_ns)
        t->first_ns = clock_mono_ns();
    if (!call)
        return;
    if (!call->first_ns)
        call->first_ns = clock_mono_ns();
    if (heard->type == HEARD_CALL)
        add_tool(r, heard);
    else if (heard->type == HEARD_ARGUMENTS)
        prolong_tool(r, heard->call);
    else if (heard->type == HEARD_OUTPUT)
        (void)end_tool(r, heard->call_id);
}

static void
count_call(struct respond *r, const struct traced_call *call)
{
    counters_model(r->at->services->counters, r->dialect, call->http_status,
                   (call->end_ns - call->start_ns) / 1000000,
                   call->first_ns ? (call->first_ns - call->start_ns) / 1000000 : -1,
                   call->reply ? &call->reply->usage : NULL);
}

void
respond_trace_called(struct respond *r, enum trace_status status, const char *error)
{
    struct respond_trace *t = &r->traced;
    struct traced_call *call = t->calling ? &t->calls[t->call_count - 1] : NULL;

    if (!call)
        return;
    t->calling = false;
    call->http_status = r->status;
    call->reply = r->listener ? r->dialect->reply(r->listener) : NULL;
    call->end_item = r->transcript.count;
    call->end_ns = clock_mono_ns();
    for (size_t i = 0; i < t->tool_count; i++)
        trace_close(&t->trace, t->tools[i].span, TRACE_OK, NULL);
    trace_close(&t->trace, call->span, status, error);
    count_call(r, call);
}

void
respond_trace_end(struct respond *r)
{
    static const enum trace_status statuses[] = {
        [RESPOND_COMPLETED] = TRACE_OK,        [RESPOND_FAILED] = TRACE_ERROR,
        [RESPOND_CANCELLED] = TRACE_CANCELLED, [RESPOND_RETRY] = TRACE_ERROR,
        [RESPOND_RETURN] = TRACE_CANCELLED,
    };
    const char *error =
        r->end == RESPOND_RETURN ? "The worker stopped; another one goes on." : r->fault.msg;

    respond_trace_called(r, statuses[r->end], error);
    trace_close_all(&r->traced.trace, statuses[r->end], error);
    r->traced.store_ns = clock_mono_ns();
}
