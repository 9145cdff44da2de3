/*
 * Dialect "chat_completions": any server that speaks OpenAI's
 * /chat/completions, streamed. This file asks; worker/model/chat_chunk.c hears.
 */
#include "worker/model/dialect.h"

#include "db/passage.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_writer.h"
#include "worker/model/chat_chunk.h"
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

/* The setting is a base such as https://host/v1, or the whole address of what is called. */
static const char *
call_url(struct arena *a, const char *endpoint)
{
    struct str url = str_trim(str_from(endpoint)), query;
    struct str path = str_cut(url, '?', &query);

    if (ends_in(path, "/chat/completions") || ends_in(path, "/invocations"))
        return str_dup(a, url);
    while (path.len > 0 && path.p[path.len - 1] == '/')
        path.len--;
    return arena_printf(a, "%.*s/chat/completions%s%.*s", (int)path.len, path.p,
                        query.len ? "?" : "", (int)query.len, query.p);
}

static void
write_message(struct json_writer *w, const char *role, const char *content)
{
    jw_object(w, NULL);
    jw_str(w, "role", role);
    jw_str(w, "content", content);
    jw_object_end(w);
}

static void
write_round(struct json_writer *w, const struct dialect_round *round)
{
    jw_object(w, NULL);
    jw_str(w, "role", "assistant");
    jw_str(w, "content", round->text[0] ? round->text : NULL);
    jw_array(w, "tool_calls");
    for (size_t i = 0; i < round->call_count; i++) {
        jw_object(w, NULL);
        jw_str(w, "id", round->calls[i].call_id);
        jw_str(w, "type", "function");
        jw_object(w, "function");
        jw_str(w, "name", round->calls[i].name);
        jw_str(w, "arguments", round->calls[i].arguments);
        jw_object_end(w);
        jw_object_end(w);
    }
    jw_array_end(w);
    jw_object_end(w);
    for (size_t i = 0; i < round->call_count; i++) {
        jw_object(w, NULL);
        jw_str(w, "role", "tool");
        jw_str(w, "tool_call_id", round->calls[i].call_id);
        jw_str(w, "content", round->calls[i].output);
        jw_object_end(w);
    }
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
        jw_object(w, "function");
        jw_str(w, "name", q->tools[i].name);
        jw_str(w, "description", q->tools[i].description);
        jw_raw(w, "parameters", q->tools[i].parameters);
        jw_object_end(w);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void
write_messages(struct json_writer *w, struct arena *a, const struct dialect_question *q)
{
    const char *instructions = passage_instructions(a, q);
    size_t last = q->message_count - 1;

    jw_array(w, "messages");
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
write_body(struct buf *out, struct arena *a, const struct dialect_question *q)
{
    struct json_writer w;

    jw_begin(&w, out);
    jw_object(&w, NULL);
    if (q->model && q->model[0])
        jw_str(&w, "model", q->model);
    write_messages(&w, a, q);
    write_tools(&w, q);
    jw_bool(&w, "stream", true);
    if (!(q->concessions & DIALECT_NO_USAGE)) {
        jw_object(&w, "stream_options");
        jw_bool(&w, "include_usage", true);
        jw_object_end(&w);
    }
    if (!isnan(q->temperature))
        jw_double(&w, "temperature", q->temperature);
    if (q->max_output_tokens > 0)
        jw_int(&w,
               q->concessions & DIALECT_COMPLETION_TOKENS ? "max_completion_tokens" : "max_tokens",
               q->max_output_tokens);
    jw_object_end(&w);
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
    out->headers[out->header_count++] = (struct http_header){ "Content-Type", "application/json" };
    out->headers[out->header_count++] =
        (struct http_header){ "Accept", "text/event-stream, application/json" };
    if (q->traceparent)
        out->headers[out->header_count++] = (struct http_header){ "traceparent", q->traceparent };
    if (q->credential && q->credential[0]) {
        out->secret = arena_printf(a, "Bearer %s", q->credential);
        out->headers[out->header_count++] = (struct http_header){ "Authorization", out->secret };
    }
    return OK;
}

static const struct dialect_refusal refusals[] = { { "stream_options", DIALECT_NO_USAGE },
                                                   { "max_completion_tokens",
                                                     DIALECT_COMPLETION_TOKENS },
                                                   { 0 } };

const struct dialect dialect_chat_completions = {
    .kind = "chat_completions",
    .summary = "Any server that speaks OpenAI's /chat/completions",
    .ask = ask,
    .refusals = refusals,
    .listen = chat_chunk_listen,
    .hear = reply_hear,
    .heard_end = reply_end,
    .reply = reply_known,
};
