/* What is stored of a response's trace: the texts and figures of its spans. */
#include "worker/respond/respond.h"

#include "db/passage.h"
#include "db/trace.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/json_check.h"
#include "lib/json_writer.h"
#include "lib/url.h"
#include "worker/trace/mlflow.h"

#include <math.h>
#include <string.h>

#define JSON_MAX ((size_t)1024 * 1024) /* bytes of one span's members */

/* Who may not see what is behind the agent. */
static bool
is_guest(const struct respond *r)
{
    return !id_eq(r->task.user_id, r->task.agent_owner_id);
}

/* How much of each text is shown: the newest have the first claim. */
static size_t
share(size_t *left, const char *text)
{
    size_t take = strlen(text) < *left ? strlen(text) : *left;

    *left -= take;
    return str_utf8_prefix(str_from(text), take).len;
}

static void
write_messages(struct json_writer *w, const struct dialect_question *q, size_t *left)
{
    size_t *shares = arena_array(w->out->arena, q->message_count + 1, sizeof(*shares));

    for (size_t i = q->message_count; i-- > 0;)
        shares[i] = share(left, q->messages[i].content);
    jw_array(w, "messages");
    for (size_t i = 0; i < q->message_count; i++) {
        if (shares[i] == 0)
            continue;
        jw_object(w, NULL);
        jw_str(w, "role", q->messages[i].role);
        jw_str_len(w, "content", q->messages[i].content, shares[i]);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static const char *
call_inputs(struct respond *r, bool *cut)
{
    const struct dialect_question *q = &r->question;
    size_t left = TRACE_TEXT_MAX, len;
    struct json_writer w;
    struct buf out;

    buf_init(&out, r->at->arena, JSON_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    write_messages(&w, q, &left);
    if (!is_guest(r) && q->instructions[0]) {
        len = share(&left, q->instructions);
        jw_str_len(&w, "instructions", q->instructions, len);
    }
    jw_object_end(&w);
    *cut |= left == 0;
    return out.data;
}

static const char *
call_outputs(struct respond *r, const struct traced_call *call, bool *cut)
{
    struct json_writer w;
    struct buf out, text;

    if (call->end_item == call->first_item)
        return NULL;
    buf_init(&text, r->at->arena, TRACE_TEXT_MAX);
    *cut |= transcript_said(&r->transcript, call->first_item, call->end_item, &text);
    buf_init(&out, r->at->arena, JSON_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_str(&w, "content", text.data);
    jw_object_end(&w);
    return out.data;
}

static void
write_reply(struct json_writer *w, const struct traced_call *call, const struct trace_part *part)
{
    const struct dialect_usage *u = call->reply ? &call->reply->usage : NULL;

    if (call->http_status)
        jw_int(w, "http_status", call->http_status);
    if (call->first_ns)
        jw_double(w, "time_to_first_token_ms", (double)(call->first_ns - part->start_ns) / 1e6);
    if (call->reply && call->reply->finish_reason)
        jw_str(w, "finish_reason", call->reply->finish_reason);
    if (!u || !u->known)
        return;
    jw_int(w, "input_tokens", u->input);
    jw_int(w, "output_tokens", u->output);
    if (u->cached)
        jw_int(w, "cached_tokens", u->cached);
    if (u->reasoning)
        jw_int(w, "reasoning_tokens", u->reasoning);
}

static const char *
call_attributes(struct respond *r, const struct traced_call *call, const struct trace_part *part,
                bool cut)
{
    const struct dialect_question *q = &r->question;
    struct json_writer w;
    struct buf out;
    struct url url;

    buf_init(&out, r->at->arena, JSON_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_str(&w, "dialect", r->dialect->kind);
    if (q->model)
        jw_str(&w, "model", q->model);
    if (!isnan(q->temperature))
        jw_double(&w, "temperature", q->temperature);
    if (q->max_output_tokens)
        jw_int(&w, "max_output_tokens", q->max_output_tokens);
    if (!is_guest(r) && r->request.url && !url_parse(r->at->arena, r->request.url, &url).code)
        jw_str(&w, "server", url.host);
    write_reply(&w, call, part);
    if (cut)
        jw_bool(&w, "truncated", true);
    jw_object_end(&w);
    return out.data;
}

static void
fill_call(struct respond *r, const struct traced_call *call)
{
    struct trace_part *part = trace_part(&r->traced.trace, call->span);
    bool cut = false;

    if (!part)
        return;
    part->inputs = call_inputs(r, &cut);
    part->outputs = call_outputs(r, call, &cut);
    part->attributes = call_attributes(r, call, part, cut);
}

/* Arguments as the JSON that they are, or as text when they are none or too long. */
static const char *
arguments_json(struct arena *a, struct str text, bool *cut)
{
    struct str shown = str_utf8_prefix(text, TRACE_TEXT_MAX);
    struct json_writer w;
    struct buf out;

    *cut |= shown.len < text.len;
    if (text.len == 0)
        return NULL;
    if (shown.len == text.len && !json_check(a, text.p, text.len).code)
        return str_dup(a, text);
    buf_init(&out, a, JSON_MAX);
    jw_begin(&w, &out);
    jw_str_len(&w, NULL, shown.p, shown.len);
    return out.data;
}

static void
fill_tool(struct respond *r, const struct traced_tool *tool)
{
    struct trace_part *part = trace_part(&r->traced.trace, tool->span);
    struct arena *a = r->at->arena;
    const char *call_id, *output_of;
    struct json_writer w;
    struct str arguments;
    bool cut = false;
    struct buf out;

    if (!part)
        return;
    arguments = transcript_call_text(&r->transcript, tool->item, &call_id);
    part->inputs = arguments_json(a, arguments, &cut);
    if (tool->output)
        part->outputs =
            arguments_json(a, transcript_call_text(&r->transcript, tool->output, &output_of), &cut);
    buf_init(&out, a, JSON_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_str(&w, "call_id", call_id);
    jw_str(&w, "run_by", tool->is_ours ? "offstage" : "upstream");
    if (cut)
        jw_bool(&w, "truncated", true);
    jw_object_end(&w);
    part->attributes = out.data;
}

static void
fill_retrieval(struct respond *r)
{
    struct trace_part *part = trace_part(&r->traced.trace, r->traced.retrieval);
    struct arena *a = r->at->arena;
    size_t left = TRACE_TEXT_MAX;
    struct json_writer w;
    struct buf out;

    if (!part)
        return;
    buf_init(&out, a, JSON_MAX);
    jw_begin(&w, &out);
    jw_array(&w, NULL);
    for (size_t i = 0; i < r->found_count; i++) {
        const struct passage *p = &r->found[i];
        size_t len = share(&left, p->content);

        jw_object(&w, NULL);
        jw_id(&w, "chunk_id", p->chunk_id);
        jw_id(&w, "source_id", p->source_id);
        jw_str(&w, "title", p->title);
        jw_double(&w, "score", p->score);
        jw_str_len(&w, "content", p->content, len);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    part->outputs = out.data;
    part->attributes = left == 0 ? "{\"truncated\":true}" : NULL;
}

static void
add_usage(const struct respond *r, struct trace_new *out)
{
    for (size_t i = 0; i < r->traced.call_count; i++) {
        const struct dialect_reply *reply = r->traced.calls[i].reply;

        if (!reply || !reply->usage.known)
            continue;
        out->input_tokens = (out->input_tokens < 0 ? 0 : out->input_tokens) + reply->usage.input;
        out->output_tokens =
            (out->output_tokens < 0 ? 0 : out->output_tokens) + reply->usage.output;
    }
}

/* The half of the trace that the server keeps; with it, when it came with the answer. */
static void
add_upstream(struct respond *r, struct trace_new *out)
{
    struct respond_trace *t = &r->traced;
    const struct traced_call *call = t->call_count ? &t->calls[t->call_count - 1] : NULL;
    struct arena *a = r->at->arena;
    struct mlflow_trace trace;
    struct mlflow_place place;
    char *parent;

    if (!call || !call->reply || !call->reply->trace_id)
        return;
    parent = arena_alloc(a, TRACE_SPAN_ID + 1);
    trace_id_of(&t->trace, r->task.id, call->span, parent);
    out->upstream_id = call->reply->trace_id;
    out->upstream_parent = parent;
    out->upstream_start_ms = trace_ms(&t->trace, call->start_ns);
    if (!call->reply->trace)
        return;
    place.zero_ns = clock_wall_us() * 1000 - (clock_mono_ns() - t->trace.zero_ns);
    place.start_ns = (int64_t)(out->upstream_start_ms * 1e6);
    place.parent = parent;
    if (!mlflow_read(a, arena_strdup(a, call->reply->trace), strlen(call->reply->trace), &place,
                     &trace)
             .code &&
        trace.count > 0) {
        out->upstream_spans = trace.spans;
        out->upstream_count = trace.count;
    }
}

void
respond_trace_result(struct respond *r, struct trace_new *out)
{
    static const char *const states[] = {
        [RESPOND_COMPLETED] = "completed", [RESPOND_FAILED] = "failed",
        [RESPOND_CANCELLED] = "cancelled", [RESPOND_RETRY] = "running",
        [RESPOND_RETURN] = "running",
    };
    struct respond_trace *t = &r->traced;
    bool final = r->end != RESPOND_RETRY && r->end != RESPOND_RETURN;

    *out = (struct trace_new){
        .id = r->task.id,
        .status = states[r->end],
        .error = r->end == RESPOND_FAILED ? r->fault.msg : NULL,
        .store_ms = final ? trace_ms(&t->trace, t->store_ns) : (double)NAN,
        .first_token_ms = t->first_ns ? trace_ms(&t->trace, t->first_ns) : (double)NAN,
        .input_tokens = -1,
        .output_tokens = -1,
        .attempt = r->at->job.attempt,
        .span_count = t->trace.count + (final ? 2 : 0), /* the root, and what stores */
        .model_calls = (int)t->call_count,
        .tool_calls = (int)t->tool_count,
    };
    add_usage(r, out);
    fill_retrieval(r);
    for (size_t i = 0; i < t->call_count; i++)
        fill_call(r, &t->calls[i]);
    for (size_t i = 0; i < t->tool_count; i++)
        fill_tool(r, &t->tools[i]);
    out->spans = trace_spans(&t->trace, r->task.id);
    if (final)
        add_upstream(r, out);
}
