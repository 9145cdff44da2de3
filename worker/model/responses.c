/*
 * Dialect "responses": OpenAI's Responses API, and agents that Databricks serves:
 * ResponsesAgent, which is asked the same way, and ChatAgent, which takes `messages`.
 * This file asks; worker/model/responses_event.c hears.
 */
#include "worker/model/responses_event.h"

#include "db/request.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_writer.h"
#include "worker/model/passage_text.h"
#include "worker/model/reply.h"

#include <math.h>
#include <string.h>

#define BODY_MAX                                                                                   \
    ((size_t)64 * 1024 * 1024) /* bytes; history_limit and message sizes bound it too */

static bool
ends_in(struct str s, const char *end)
{
    size_t len = strlen(end);

    return s.len >= len && memcmp(s.p + s.len - len, end, len) == 0;
}

static struct str
path_of(const char *endpoint, struct str *query)
{
    return str_cut(str_trim(str_from(endpoint)), '?', query);
}

/* The setting is a base such as https://host/v1, or the whole address of what is called. */
static const char *
call_url(struct arena *a, const char *endpoint)
{
    struct str query, path = path_of(endpoint, &query);

    if (ends_in(path, "/responses") || ends_in(path, "/invocations") ||
        ends_in(path, "/completions"))
        return str_dup(a, str_trim(str_from(endpoint)));
    while (path.len > 0 && path.p[path.len - 1] == '/')
        path.len--;
    return arena_printf(a, "%.*s/responses%s%.*s", (int)path.len, path.p, query.len ? "?" : "",
                        (int)query.len, query.p);
}

/* Databricks' own members would be refused elsewhere. */
static bool
is_databricks(const char *endpoint)
{
    struct str query, path = path_of(endpoint, &query);

    return ends_in(path, "/invocations") || strstr(endpoint, "/serving-endpoints/");
}

static bool
takes_messages(const struct dialect_question *q)
{
    struct str query, path = path_of(q->endpoint_url, &query);

    return q->concessions & DIALECT_MESSAGES || ends_in(path, "/completions");
}

static void
write_message(struct json_writer *w, const char *role, const char *content)
{
    jw_object(w, NULL);
    jw_str(w, "role", role);
    jw_str(w, "content", content);
    jw_object_end(w);
}

/* A round of calls, as items. */
static void
write_round(struct json_writer *w, const struct dialect_round *round)
{
    if (round->text[0])
        write_message(w, "assistant", round->text);
    for (size_t i = 0; i < round->call_count; i++) {
        jw_object(w, NULL);
        jw_str(w, "type", "function_call");
        jw_str(w, "call_id", round->calls[i].call_id);
        jw_str(w, "name", round->calls[i].name);
        jw_str(w, "arguments", round->calls[i].arguments);
        jw_object_end(w);
    }
    for (size_t i = 0; i < round->call_count; i++) {
        jw_object(w, NULL);
        jw_str(w, "type", "function_call_output");
        jw_str(w, "call_id", round->calls[i].call_id);
        jw_str(w, "output", round->calls[i].output);
        jw_object_end(w);
    }
}

static void
write_input(struct json_writer *w, struct arena *a, const struct dialect_question *q)
{
    const char *instructions = passage_instructions(a, q);
    size_t last = q->message_count - 1;

    jw_array(w, takes_messages(q) ? "messages" : "input");
    if (instructions[0])
        write_message(w, "system", instructions);
    for (size_t i = 0; i < last; i++)
        write_message(w, q->messages[i].role, q->messages[i].content);
    write_message(w, q->messages[last].role, passage_question(a, q));
    for (size_t i = 0; i < q->round_count; i++)
        write_round(w, &q->rounds[i]);
    jw_array_end(w);
}

static void
write_tools(struct json_writer *w, const struct dialect_question *q)
{
    if (q->tool_count == 0)
        return;
    jw_array(w, "tools");
    for (size_t i = 0; i < q->tool_count; i++) {
        jw_object(w, NULL);
        jw_str(w, "type", "function");
        jw_str(w, "name", q->tools[i].name);
        jw_str(w, "description", q->tools[i].description);
        jw_raw(w, "parameters", q->tools[i].parameters);
        jw_bool(w, "strict", false);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void
write_databricks(struct json_writer *w, const struct dialect_question *q)
{
    if (q->conversation) {
        jw_object(w, "context");
        jw_str(w, "conversation_id", q->conversation);
        jw_object_end(w);
    }
    if (q->return_trace) {
        jw_object(w, "databricks_options");
        jw_bool(w, "return_trace", true);
        jw_object_end(w);
    }
}

static void
write_body(struct buf *out, struct arena *a, const struct dialect_question *q)
{
    bool databricks = is_databricks(q->endpoint_url);
    struct json_writer w;

    jw_begin(&w, out);
    jw_object(&w, NULL);
    if (q->model && q->model[0])
        jw_str(&w, "model", q->model);
    write_input(&w, a, q);
    write_tools(&w, q);
    jw_bool(&w, "stream", true);
    if (!databricks && !(q->concessions & DIALECT_NO_STORE) && !takes_messages(q))
        jw_bool(&w, "store", false);
    if (!isnan(q->temperature))
        jw_double(&w, "temperature", q->temperature);
    if (q->max_output_tokens > 0)
        jw_int(&w, "max_output_tokens", q->max_output_tokens);
    if (databricks)
        write_databricks(&w, q);
    jw_object_end(&w);
}

static void
add_header(struct dialect_request *out, const char *name, const char *value)
{
    out->headers[out->header_count++] = (struct http_header){ name, value };
}

static struct err
ask(struct arena *a, const struct dialect_question *q, struct dialect_request *out)
{
    struct buf body;

    if (!q->endpoint_url || !q->endpoint_url[0])
        return ERR(ERR_INVALID, "The agent has no endpoint URL.");
    buf_init(&body, a, BODY_MAX);
    write_body(&body, a, q);
    if (!buf_ok(&body))
        return ERR(ERR_TOO_LARGE, "The conversation is too long to be sent to the model.");

    *out = (struct dialect_request){ .url = call_url(a, q->endpoint_url),
                                     .body = body.data,
                                     .body_len = body.len };
    add_header(out, "Content-Type", "application/json");
    add_header(out, "Accept", "text/event-stream, application/json");
    if (q->traceparent)
        add_header(out, "traceparent", q->traceparent);
    if (q->return_trace)
        add_header(out, "x-mlflow-return-trace-id", "true");
    if (q->credential && q->credential[0]) {
        out->secret = arena_printf(a, "Bearer %s", q->credential);
        add_header(out, "Authorization", out->secret);
    }
    return OK;
}

/* An agent that takes messages says that it lacks them. */
static const struct dialect_refusal refusals[] = { { "store", DIALECT_NO_STORE },
                                                   { "messages", DIALECT_MESSAGES },
                                                   { 0 } };

const struct dialect dialect_responses = {
    .kind = "responses",
    .summary = "OpenAI's Responses API, Databricks' ResponsesAgent and ChatAgent",
    .ask = ask,
    .refusals = refusals,
    .listen = responses_listen,
    .hear = reply_hear,
    .heard_end = responses_end,
    .reply = reply_known,
};
