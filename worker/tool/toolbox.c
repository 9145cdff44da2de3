#include "worker/tool/toolbox.h"

#include "db/agent.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/http.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/secret.h"
#include "worker/attempt.h"
#include "worker/tool/mcp.h"
#include "worker/tool/schema.h"

#include <string.h>

#define GREET_MS    15000
#define GOODBYE_MS  5000
#define HEADERS_MAX 6
#define SEARCH_TEXT "Search the sources of this agent for passages about something."
#define SEARCH_SCHEMA                                                                              \
    "{\"type\":\"object\",\"properties\":{\"query\":{\"type\":\"string\",\"minLength\":1,"         \
    "\"maxLength\":2000}},\"required\":[\"query\"],\"additionalProperties\":false}"

/* ---- what there is ------------------------------------------------------------ */

static const char *
text_of(struct arena *a, struct str object, const char *name)
{
    struct str value = json_member(object, name);

    return json_is_string(value) ? str_dup(a, json_text(a, value)) : NULL;
}

static struct tool
read_tool(struct arena *a, struct str one)
{
    struct str type = json_text(a, json_member(one, "type"));
    struct str parameters = json_member(one, "parameters");

    return (struct tool){
        .type = str_eq(type, STR("http"))  ? TOOL_HTTP
                : str_eq(type, STR("mcp")) ? TOOL_MCP
                                           : TOOL_SEARCH_SOURCES,
        .name = text_of(a, one, "name"),
        .description = text_of(a, one, "description"),
        .parameters = json_is_object(parameters) ? str_dup(a, parameters) : NULL,
        .url = text_of(a, one, "url"),
        .sealed = text_of(a, one, "sealed"),
    };
}

static void
offer(struct toolbox *b, const struct tool_function *f, const char *name, const char *description,
      const char *parameters)
{
    size_t index;

    /* Of two of one name the first counts. */
    if (b->count == TOOLS_MAX || toolbox_find(b, name, &index))
        return;
    b->functions[b->count] = *f;
    b->offered[b->count++] =
        (struct dialect_tool){ name, description ? description : "", parameters };
}

static void
offer_own(struct toolbox *b, const struct tool *t)
{
    const struct tool_function f = { .type = t->type, .tool = t };

    if (t->type == TOOL_SEARCH_SOURCES)
        offer(b, &f, TOOL_SEARCH, SEARCH_TEXT, SEARCH_SCHEMA);
    else if (t->type == TOOL_HTTP)
        offer(b, &f, t->name, t->description, t->parameters);
    else
        b->servers[b->server_count++].tool = t;
}

void
toolbox_init(struct toolbox *b, const struct services *services, struct arena *a,
             struct id agent_id, const char *json)
{
    struct str all = str_from(json), rest = all, one;
    size_t n = 0;

    *b = (struct toolbox){ .services = services, .arena = a, .agent_id = agent_id };
    while (json_next(&rest, &one))
        n++;
    b->tools = arena_array(a, n, sizeof(*b->tools));
    b->servers = arena_array(a, n, sizeof(*b->servers));
    while (json_next(&all, &one))
        b->tools[b->tool_count++] = read_tool(a, one);
    for (size_t i = 0; i < b->tool_count; i++)
        offer_own(b, &b->tools[i]);
}

const struct tool_function *
toolbox_find(const struct toolbox *b, const char *name, size_t *index)
{
    for (size_t i = 0; i < b->count; i++)
        if (strcmp(b->offered[i].name, name) == 0) {
            *index = i;
            return &b->functions[i];
        }
    return NULL;
}

struct err
toolbox_check(struct toolbox *b, size_t index, const char *arguments)
{
    const char *schema = b->offered[index].parameters;

    if (json_check(b->arena, arguments, strlen(arguments)).code ||
        !json_is_object(json_value(str_from(arguments))))
        return ERR(ERR_INVALID, "arguments must be a JSON object");
    return schema_check(b->arena, json_value(str_from(schema)), json_value(str_from(arguments)));
}

const char *
toolbox_credential_context(struct arena *a, struct id agent_id, const char *url)
{
    return agent_tool_context(a, agent_id, url);
}

/* ---- calling ------------------------------------------------------------------ */

static void received(struct toolbox *b, struct err err);

static void
on_reply(void *arg, const struct http_reply *reply)
{
    struct toolbox *b = arg;

    b->status = reply->status;
    b->content_type = arena_strdup(b->arena, reply->content_type);
    if (b->doing == TOOLBOX_GREET && reply->kept[0] && reply->kept[0][0])
        b->server->session = arena_strdup(b->arena, reply->kept[0]);
}

/* A server may keep its event stream open behind the answer: it is not waited for. */
static bool
is_answered(struct toolbox *b)
{
    struct str result;
    bool done = false;

    if (b->doing == TOOLBOX_POST || b->doing == TOOLBOX_NOD || b->status != 200 ||
        strncmp(b->content_type, "text/event-stream", 17) != 0)
        return false;
    return mcp_result(b->arena, b->content_type, (struct str){ b->body.data, b->body.len },
                      b->server->id, &done, &result)
               .code ||
           done;
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct toolbox *b = arg;

    buf_add(&b->body, bytes, len);
    if (!buf_ok(&b->body))
        return false;
    if (len > 0 && memchr(bytes, '\n', len) && is_answered(b)) {
        http_cancel(b->transfer);
        b->transfer = NULL;
        received(b, OK);
    }
    return true;
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct toolbox *b = arg;

    b->transfer = NULL;
    b->status = reply->status;
    received(b, reply->err);
}

static size_t
headers_of(struct toolbox *b, const struct tool *t, struct http_header out[HEADERS_MAX])
{
    const char *plain;
    size_t n = 0;

    out[n++] = (struct http_header){ "Content-Type", "application/json" };
    out[n++] = (struct http_header){ "Accept", "application/json, text/event-stream" };
    if (t->sealed &&
        !secret_open(b->arena, config_str(SET_SECRET_KEY),
                     toolbox_credential_context(b->arena, b->agent_id, t->url), t->sealed, &plain)
             .code)
        out[n++] =
            (struct http_header){ "Authorization", arena_printf(b->arena, "Bearer %s", plain) };
    if (t->type == TOOL_MCP && b->server->session)
        out[n++] = (struct http_header){ "Mcp-Session-Id", b->server->session };
    if (t->type == TOOL_MCP && b->server->version)
        out[n++] = (struct http_header){ "MCP-Protocol-Version", b->server->version };
    return n;
}

static void
post(struct toolbox *b, const struct tool *t, const char *body, int64_t total_ms)
{
    static const char *const keep[] = { "Mcp-Session-Id", NULL };
    struct http_header headers[HEADERS_MAX];
    const struct http_request rq = { .keep = keep,
                                     .url = t->url,
                                     .headers = headers,
                                     .header_count = headers_of(b, t, headers),
                                     .body = body,
                                     .body_len = strlen(body),
                                     .gate = true,
                                     .allow = config_str(SET_ALLOW_PRIVATE),
                                     .connect_ms = config_int(SET_MODEL_CONNECT_S) * 1000,
                                     .total_ms = total_ms,
                                     .body_max = (int64_t)MCP_BODY_MAX,
                                     .arg = b,
                                     .on_reply = on_reply,
                                     .on_data = on_data,
                                     .on_end = on_end };

    buf_init(&b->body, b->arena, MCP_BODY_MAX);
    b->status = 0;
    b->content_type = "";
    b->transfer = http_send(b->services->http, &rq);
}

static void
ask_server(struct toolbox *b, enum toolbox_doing doing, const char *body, int64_t total_ms)
{
    b->doing = doing;
    post(b, b->server->tool, body, total_ms);
}

/* ---- opening ------------------------------------------------------------------ */

static void
open_next(struct toolbox *b)
{
    if (b->opening == b->server_count) {
        b->doing = TOOLBOX_IDLE;
        b->opened(b->arg);
        return;
    }
    b->server = &b->servers[b->opening++];
    ask_server(b, TOOLBOX_GREET, mcp_initialize(b->arena, ++b->server->id), GREET_MS);
}

/* The model goes without the tools of a server that does not answer. */
static void
skip_server(struct toolbox *b, struct err why)
{
    b->trouble = arena_printf(b->arena, "%s: %s", b->server->tool->name, why.msg);
    open_next(b);
}

static void
take_list(struct toolbox *b, struct str result)
{
    struct mcp_tool *list = arena_array(b->arena, MCP_TOOLS_MAX, sizeof(*list));
    const struct tool_function f = { TOOL_MCP, b->server->tool, b->server };
    size_t n = 0, before = b->count;

    mcp_tools(b->arena, result, list, &n, &b->cursor);
    for (size_t i = 0; i < n; i++)
        offer(b, &f, list[i].name, list[i].description, list[i].parameters);
    if (b->cursor && b->count > before)
        ask_server(b, TOOLBOX_LIST, mcp_list(b->arena, ++b->server->id, b->cursor), GREET_MS);
    else
        open_next(b);
}

void
toolbox_open(struct toolbox *b, void (*opened)(void *arg), void *arg)
{
    b->opened = opened;
    b->arg = arg;
    open_next(b);
}

/* ---- what comes back ---------------------------------------------------------- */

static void
tell(struct toolbox *b, struct str text, bool failed)
{
    b->doing = TOOLBOX_IDLE;
    b->called(b->arg, str_dup(b->arena, str_utf8_prefix(text, TOOL_TEXT_MAX)), failed);
}

static void
tell_error(struct toolbox *b, struct err err)
{
    tell(b, str_from(arena_printf(b->arena, "Error: %s", err.msg)), true);
}

static void
received_post(struct toolbox *b)
{
    struct buf text;
    size_t carry_len = 0;
    char carry[4];

    buf_init(&text, b->arena, MCP_BODY_MAX * 3 + 100);
    if (b->status / 100 != 2)
        buf_printf(&text, "Error: HTTP %d. ", b->status);
    str_utf8_repair((struct str){ b->body.data, b->body.len }, carry, &carry_len, &text);
    tell(b, (struct str){ text.data, text.len }, b->status / 100 != 2);
}

static struct err
result_of(struct toolbox *b, struct err err, struct str *result)
{
    bool done;

    if (err.code)
        return err_fmt(b->arena, ERR_UPSTREAM, "The server cannot be called: %s.", err.msg);
    if (b->status / 100 != 2)
        return err_fmt(b->arena, ERR_UPSTREAM, "The server refused it (HTTP %d).", b->status);
    if (b->doing == TOOLBOX_NOD)
        return OK;
    TRY(mcp_result(b->arena, b->content_type, (struct str){ b->body.data, b->body.len },
                   b->server->id, &done, result));
    return done ? OK : ERR(ERR_UPSTREAM, "The server ended without an answer.");
}

static void
received_opening(struct toolbox *b, struct err err, struct str result)
{
    if (!err.code && b->doing == TOOLBOX_GREET)
        err = mcp_version(b->arena, result, &b->server->version);
    if (err.code)
        skip_server(b, err);
    else if (b->doing == TOOLBOX_GREET)
        ask_server(b, TOOLBOX_NOD, mcp_initialized(), GREET_MS);
    else if (b->doing == TOOLBOX_NOD)
        ask_server(b, TOOLBOX_LIST, mcp_list(b->arena, ++b->server->id, NULL), GREET_MS);
    else
        take_list(b, result);
}

static void
received(struct toolbox *b, struct err err)
{
    struct str result = { "", 0 };
    const char *output;
    bool failed;

    if (b->doing == TOOLBOX_POST) {
        if (err.code)
            tell_error(b, err);
        else
            received_post(b);
        return;
    }
    err = result_of(b, err, &result);
    if (b->doing != TOOLBOX_CALL) {
        received_opening(b, err, result);
    } else if (err.code) {
        tell_error(b, err);
    } else {
        output = mcp_output(b->arena, result, &failed);
        tell(b, str_from(output), failed);
    }
}

void
toolbox_call(struct toolbox *b, size_t index, const char *arguments,
             void (*called)(void *arg, const char *output, bool failed), void *arg)
{
    const struct tool_function *f = &b->functions[index];

    b->called = called;
    b->arg = arg;
    b->server = f->server;
    if (f->type == TOOL_HTTP) {
        b->doing = TOOLBOX_POST;
        post(b, f->tool, arguments, TOOL_CALL_MS);
    } else {
        ask_server(b, TOOLBOX_CALL,
                   mcp_call(b->arena, ++f->server->id, b->offered[index].name, arguments),
                   TOOL_CALL_MS);
    }
}

/* Nobody waits for it: the server forgets the session by itself when this does not reach it. */
static void
gone(void *arg, const struct http_reply *reply)
{
    (void)arg;
    (void)reply;
}

static void
end_session(struct toolbox *b, struct tool_server *server)
{
    struct http_header headers[HEADERS_MAX];
    struct http_request rq = { .method = "DELETE",
                               .url = server->tool->url,
                               .headers = headers,
                               .gate = true,
                               .allow = config_str(SET_ALLOW_PRIVATE),
                               .connect_ms = GOODBYE_MS,
                               .total_ms = GOODBYE_MS,
                               .body_max = (int64_t)MCP_BODY_MAX,
                               .on_end = gone };

    b->server = server;
    rq.header_count = headers_of(b, server->tool, headers);
    (void)http_send(b->services->http, &rq);
    server->session = NULL;
}

void
toolbox_close(struct toolbox *b)
{
    if (b->transfer)
        http_cancel(b->transfer);
    b->transfer = NULL;
    for (size_t i = 0; i < b->server_count; i++)
        if (b->servers[i].session)
            end_session(b, &b->servers[i]);
}
