#include "worker/model/responses_event.h"

#include "lib/arena.h"
#include "lib/json_slice.h"
#include "worker/model/reply.h"
#include "worker/model/said.h"
#include "worker/model/upstream.h"

#include <string.h>

#define ID_MAX ((size_t)200) /* bytes */

struct made_call {
    const char *item_id, *call_id;
    bool has_arguments, has_output;
};

struct responses_state {
    struct reply_state base;
    struct said said;
    struct made_call *calls;
    int call_count;
    bool chat_agent; /* no event tells the end */
    bool item_done;  /* the newest thing heard was the end of an item */
};

static const char *
id_text(struct responses_state *s, struct str value)
{
    return str_dup(s->base.arena, str_utf8_prefix(json_text(s->base.arena, value), ID_MAX));
}

static bool
is_one_of(struct str type, const char *const *list)
{
    for (size_t i = 0; list[i]; i++)
        if (str_eq(type, str_from(list[i])))
            return true;
    return false;
}

/* ---- calls -------------------------------------------------------------------- */

/* The call of an id; -1: none. */
static int
find_call(const struct responses_state *s, const char *call_id, const char *item_id)
{
    for (int i = s->call_count - 1; i >= 0; i--)
        if (call_id[0] ? strcmp(s->calls[i].call_id, call_id) == 0
                       : item_id[0] && strcmp(s->calls[i].item_id, item_id) == 0)
            return i;
    return -1;
}

static struct err
begin_call(struct responses_state *s, const char *call_id, const char *item_id, struct str name,
           struct heard *out, int *call)
{
    *call = find_call(s, call_id, item_id);
    if (*call >= 0)
        return OK;
    if (s->call_count == REPLY_CALLS_MAX)
        return ERR(ERR_TOO_LARGE, "The model asked for more than 128 calls at once.");
    if (!s->calls)
        s->calls = arena_array(s->base.arena, REPLY_CALLS_MAX, sizeof(*s->calls));
    *call = s->call_count++;
    s->calls[*call] = (struct made_call){
        .item_id = item_id,
        .call_id = call_id[0] ? call_id : arena_printf(s->base.arena, "call_%d", *call),
    };
    heard_say(out, (struct dialect_heard){ .type = HEARD_CALL,
                                           .call = *call,
                                           .call_id = s->calls[*call].call_id,
                                           .name = str_dup(out->scratch, name) });
    return OK;
}

static void
say_arguments(struct responses_state *s, int call, struct str text, struct heard *out)
{
    if (text.len == 0)
        return;
    s->calls[call].has_arguments = true;
    heard_say(out, (struct dialect_heard){ .type = HEARD_ARGUMENTS, .call = call, .text = text });
}

static struct err
take_call(struct responses_state *s, struct str item, bool done, struct heard *out)
{
    struct str text = json_member(item, "arguments");
    int call;

    TRY(begin_call(s, id_text(s, json_member(item, "call_id")), id_text(s, json_member(item, "id")),
                   json_text(out->scratch, json_member(item, "name")), out, &call));
    if (!json_is_object(text))
        text = json_text(out->scratch, text);
    if (done && !s->calls[call].has_arguments)
        say_arguments(s, call, text, out);
    return OK;
}

static void
take_output(struct responses_state *s, const char *call_id, struct str output, struct heard *out)
{
    int call = find_call(s, call_id, "");
    struct str text = json_is_string(output) ? json_text(out->scratch, output) : output;

    if (!call_id[0] || (call >= 0 && s->calls[call].has_output))
        return;
    if (call >= 0)
        s->calls[call].has_output = true;
    heard_say(out,
              (struct dialect_heard){ .type = HEARD_OUTPUT, .call_id = call_id, .text = text });
}

/* ---- items -------------------------------------------------------------------- */

static struct err
take_item(struct responses_state *s, struct str item, bool done, struct heard *out)
{
    struct str type = json_text(out->scratch, json_member(item, "type"));
    struct str id = json_text(out->scratch, json_member(item, "id")), text;

    s->base.began = true;
    if (str_eq(type, STR("function_call"))) {
        TRY(take_call(s, item, done, out));
    } else if (str_eq(type, STR("function_call_output"))) {
        take_output(s, id_text(s, json_member(item, "call_id")), json_member(item, "output"), out);
    } else if (done && str_eq(type, STR("message"))) {
        TRY(said_whole(&s->said, HEARD_TEXT, id,
                       said_join(out->scratch, json_member(item, "content")), out));
    } else if (done && str_eq(type, STR("reasoning"))) {
        text = said_join(out->scratch, json_member(item, "content"));
        if (text.len == 0)
            text = said_join(out->scratch, json_member(item, "summary"));
        TRY(said_whole(&s->said, HEARD_REASONING, id, text, out));
    }
    s->item_done = done;
    return OK;
}

static struct err
take_items(struct responses_state *s, struct str items, struct heard *out)
{
    struct str item;

    while (json_next(&items, &item))
        TRY(take_item(s, item, true, out));
    return OK;
}

/* ---- what is told beside ------------------------------------------------------ */

static int64_t
tokens(struct str usage, const char *name, const char *other)
{
    int64_t n = json_int(json_member(usage, name));

    if (n <= 0)
        n = json_int(json_member(usage, other));
    return n > 0 ? n : 0;
}

/* Each of several responses in one stream has its own. */
static void
add_usage(struct responses_state *s, struct str usage)
{
    struct dialect_usage *u = &s->base.known.usage;

    if (!json_is_object(usage) || json_is_empty(usage))
        return;
    u->known = true;
    u->input += tokens(usage, "input_tokens", "prompt_tokens");
    u->output += tokens(usage, "output_tokens", "completion_tokens");
    u->cached += tokens(json_member(usage, "input_tokens_details"), "cached_tokens", "cached");
    u->reasoning +=
        tokens(json_member(usage, "output_tokens_details"), "reasoning_tokens", "reasoning");
}

static void
note_trace_id(struct responses_state *s, struct str value)
{
    const char *id = id_text(s, value);

    if (id[0])
        s->base.known.trace_id = id;
}

static void
note_trace(struct responses_state *s, struct str root)
{
    struct str trace = json_member(json_member(root, "databricks_output"), "trace");
    struct str info = json_member(trace, "info");

    if (json_is_object(trace)) {
        if (!json_is_object(info))
            info = json_member(trace, "trace_info");
        note_trace_id(s, json_member(info, "trace_id"));
        note_trace_id(s, json_member(info, "request_id"));
        note_trace_id(s, json_member(info, "trace_id"));
        s->base.known.trace = str_dup(s->base.arena, trace);
    }
    note_trace_id(s, json_member(json_member(root, "metadata"), "trace_id"));
    note_trace_id(s, json_member(root, "trace_id"));
}

static const char *
reason_of(const struct responses_state *s, struct str reason)
{
    if (str_eq(reason, STR("max_output_tokens")) || str_eq(reason, STR("length")))
        return "length";
    if (str_eq(reason, STR("content_filter")))
        return "content_filter";
    for (int i = 0; i < s->call_count; i++)
        if (!s->calls[i].has_output)
            return "tool_calls";
    return "stop";
}

/* The end of one response, perhaps not of the last. */
static struct err
take_end(struct responses_state *s, struct str response, struct heard *out)
{
    struct str error = json_member(response, "error");
    struct str details = json_member(response, "incomplete_details");

    if ((json_is_object(error) && !json_is_empty(error)) || json_is_string(error))
        return upstream_error(s->base.arena, error);
    if (s->said.count == 0 && s->call_count == 0)
        TRY(take_items(s, json_member(response, "output"), out));
    note_trace(s, response);
    add_usage(s, json_member(response, "usage"));
    s->base.began = true;
    s->base.known.complete = true;
    s->base.known.finish_reason =
        reason_of(s, json_text(out->scratch, json_member(details, "reason")));
    return OK;
}

/* ---- events ------------------------------------------------------------------- */

static struct err
take_delta(struct responses_state *s, enum dialect_heard_type type, struct str id, struct str text,
           struct heard *out)
{
    s->item_done = false;
    s->base.known.complete = false;
    return said_delta(&s->said, type, id, text, out);
}

static struct err
take_arguments(struct responses_state *s, struct str root, struct heard *out)
{
    int call = find_call(s, "", id_text(s, json_member(root, "item_id")));

    if (call < 0)
        call = s->call_count - 1;
    if (call >= 0)
        say_arguments(s, call, json_text(out->scratch, json_member(root, "delta")), out);
    return OK;
}

static struct err
take_event(struct responses_state *s, struct str type, struct str root, struct heard *out)
{
    static const char *const texts[] = { "response.output_text.delta", "response.refusal.delta",
                                         NULL };
    static const char *const thoughts[] = { "response.reasoning_text.delta",
                                            "response.reasoning_summary_text.delta",
                                            "response.reasoning.delta", NULL };
    static const char *const ends[] = { "response.completed", "response.incomplete",
                                        "response.failed", NULL };
    static const char *const errors[] = { "error", "response.error", NULL };
    struct str item_id = json_text(out->scratch, json_member(root, "item_id"));
    struct str delta = json_text(out->scratch, json_member(root, "delta"));

    if (is_one_of(type, texts))
        return take_delta(s, HEARD_TEXT, item_id, delta, out);
    if (is_one_of(type, thoughts))
        return take_delta(s, HEARD_REASONING, item_id, delta, out);
    if (str_eq(type, STR("response.function_call_arguments.delta")))
        return take_arguments(s, root, out);
    if (str_eq(type, STR("response.output_item.added")))
        return take_item(s, json_member(root, "item"), false, out);
    if (str_eq(type, STR("response.output_item.done")))
        return take_item(s, json_member(root, "item"), true, out);
    if (is_one_of(type, ends))
        return take_end(s, json_member(root, "response"), out);
    if (is_one_of(type, errors))
        return upstream_error(s->base.arena, root);
    if (str_eq(type, STR("response.created")))
        s->base.known.complete = false;
    else if (!str_starts(type, STR("response.")))
        return take_item(s, root, true, out); /* an item without an event around it */
    return OK;
}

/* ---- ChatAgent ---------------------------------------------------------------- */

static struct err
take_chat_calls(struct responses_state *s, struct str calls, struct heard *out)
{
    struct str one, function, text;
    int call;

    while (json_next(&calls, &one)) {
        function = json_member(one, "function");
        TRY(begin_call(s, id_text(s, json_member(one, "id")), "",
                       json_text(out->scratch, json_member(function, "name")), out, &call));
        text = json_member(function, "arguments");
        say_arguments(s, call, json_is_object(text) ? text : json_text(out->scratch, text), out);
    }
    return OK;
}

/* A message, or a piece of one; one id is one message. */
static struct err
take_chat_message(struct responses_state *s, struct str message, struct heard *out)
{
    struct str content = json_member(message, "content");

    s->base.began = s->chat_agent = true;
    if (str_eq(json_text(out->scratch, json_member(message, "role")), STR("tool"))) {
        take_output(s, id_text(s, json_member(message, "tool_call_id")), content, out);
        return OK;
    }
    TRY(take_chat_calls(s, json_member(message, "tool_calls"), out));
    return take_delta(s, HEARD_TEXT, json_text(out->scratch, json_member(message, "id")),
                      said_join(out->scratch, content), out);
}

static struct err
take_chat(struct responses_state *s, struct str root, struct heard *out)
{
    struct str messages = json_member(root, "messages"), one;
    struct str reason = json_text(out->scratch, json_member(root, "finish_reason"));

    if (json_is_object(json_member(root, "delta")))
        TRY(take_chat_message(s, json_member(root, "delta"), out));
    while (json_next(&messages, &one))
        TRY(take_chat_message(s, one, out));
    add_usage(s, json_member(root, "usage"));
    if (reason.len > 0)
        s->base.known.finish_reason = reason_of(s, reason);
    return OK;
}

/* ---- one object --------------------------------------------------------------- */

static struct err
take(struct reply_state *state, struct str root, struct heard *out)
{
    struct responses_state *s = (struct responses_state *)state;
    struct str type = json_text(out->scratch, json_member(root, "type"));

    note_trace(s, root);
    if (type.len > 0) {
        s->base.began = true;
        return take_event(s, type, root, out);
    }
    if (json_is_array(json_member(root, "output")))
        return take_end(s, root, out);
    return take_chat(s, root, out);
}

void *
responses_listen(struct arena *a, const char *content_type)
{
    struct responses_state *s = ARENA_NEW(a, struct responses_state);

    s->said.arena = a;
    return reply_new(a, content_type, &s->base, take, RESPONSES_EVENT_MAX);
}

struct err
responses_end(void *reply, struct arena *scratch, struct dialect_heard **out, size_t *count)
{
    struct responses_state *s = (struct responses_state *)reply_state_of(reply);

    if (s->chat_agent || s->item_done)
        s->base.known.complete = true;
    return reply_end(reply, scratch, out, count);
}
