#include "worker/tool/mcp.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/json_writer.h"
#include "lib/sse.h"

#include <string.h>

#define DESCRIPTION_MAX ((size_t)4000)
#define SCHEMA_MAX      ((size_t)32 * 1024)
#define CURSOR_MAX      ((size_t)1000)
#define MESSAGE_MAX     ((size_t)500)
#define NO_SCHEMA       "{\"type\":\"object\",\"properties\":{}}"

/* ---- requests ----------------------------------------------------------------- */

static void
begin(struct json_writer *w, struct buf *out, struct arena *a, int id, const char *method)
{
    buf_init(out, a, MCP_BODY_MAX);
    jw_begin(w, out);
    jw_object(w, NULL);
    jw_str(w, "jsonrpc", "2.0");
    jw_int(w, "id", id);
    jw_str(w, "method", method);
    jw_object(w, "params");
}

static const char *
end(struct json_writer *w, struct buf *out)
{
    jw_object_end(w);
    jw_object_end(w);
    return out->data;
}

const char *
mcp_initialize(struct arena *a, int id)
{
    struct json_writer w;
    struct buf out;

    begin(&w, &out, a, id, "initialize");
    jw_str(&w, "protocolVersion", MCP_VERSION);
    jw_object(&w, "capabilities");
    jw_object_end(&w);
    jw_object(&w, "clientInfo");
    jw_str(&w, "name", "offstage");
    jw_str(&w, "version", "0.1.0");
    jw_object_end(&w);
    return end(&w, &out);
}

const char *
mcp_initialized(void)
{
    return "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}";
}

const char *
mcp_list(struct arena *a, int id, const char *cursor)
{
    struct json_writer w;
    struct buf out;

    begin(&w, &out, a, id, "tools/list");
    if (cursor)
        jw_str(&w, "cursor", cursor);
    return end(&w, &out);
}

const char *
mcp_call(struct arena *a, int id, const char *name, const char *arguments)
{
    struct json_writer w;
    struct buf out;

    begin(&w, &out, a, id, "tools/call");
    jw_str(&w, "name", name);
    jw_raw(&w, "arguments", arguments);
    return end(&w, &out);
}

/* ---- answers ------------------------------------------------------------------ */

static struct err
no_answer(void)
{
    return ERR(ERR_UPSTREAM, "The MCP server sent something that is no answer.");
}

/* One message: other requests and notifications of the server's are passed over. */
static struct err
take_message(struct arena *a, char *text, size_t len, int id, bool *done, struct str *result)
{
    struct str root, error, words;

    json_mend(text);
    if (json_check(a, text, len).code)
        return no_answer();
    root = json_value((struct str){ text, len });
    if (json_int(json_member(root, "id")) != id)
        return OK;
    error = json_member(root, "error");
    if (json_is_object(error)) {
        words = str_utf8_prefix(json_text(a, json_member(error, "message")), MESSAGE_MAX);
        return err_fmt(a, ERR_UPSTREAM, "The MCP server refused it: %.*s", (int)words.len, words.p);
    }
    *result = json_member(root, "result");
    *done = result->len > 0;
    return OK;
}

struct err
mcp_result(struct arena *a, const char *content_type, struct str body, int id, bool *done,
           struct str *result)
{
    const char *event, *data;
    struct sse sse;

    *done = false;
    if (!str_starts(str_trim(str_from(content_type)), STR("text/event-stream"))) {
        TRY(take_message(a, str_dup(a, body), body.len, id, done, result));
        return *done ? OK : no_answer();
    }
    sse_init(&sse, a, MCP_BODY_MAX);
    (void)sse_feed(&sse, body.p, body.len);
    while (!*done && sse_next(&sse, &event, &data))
        if (data[0])
            TRY(take_message(a, arena_strdup(a, data), strlen(data), id, done, result));
    return OK;
}

struct err
mcp_version(struct arena *a, struct str result, const char **version)
{
    struct str text = json_text(a, json_member(result, "protocolVersion"));

    if (text.len == 0 || text.len > 20 || strspn(str_dup(a, text), "0123456789-") != text.len)
        return no_answer();
    *version = str_dup(a, text);
    return OK;
}

static bool
is_function_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", name.p[i]))
            return false;
    return name.len > 0 && name.len <= MCP_NAME_MAX;
}

void
mcp_tools(struct arena *a, struct str result, struct mcp_tool *list, size_t *count,
          const char **cursor)
{
    struct str rest = json_member(result, "tools"), one;
    struct str next = json_text(a, json_member(result, "nextCursor"));

    while (*count < MCP_TOOLS_MAX && json_next(&rest, &one)) {
        struct str name = json_text(a, json_member(one, "name"));
        struct str schema = json_member(one, "inputSchema");
        struct str words = json_text(a, json_member(one, "description"));

        if (!is_function_name(name))
            continue;
        list[(*count)++] = (struct mcp_tool){
            .name = str_dup(a, name),
            .description = str_dup(a, str_utf8_prefix(words, DESCRIPTION_MAX)),
            .parameters =
                json_is_object(schema) && schema.len <= SCHEMA_MAX ? str_dup(a, schema) : NO_SCHEMA,
        };
    }
    *cursor =
        next.len && next.len <= CURSOR_MAX && *count < MCP_TOOLS_MAX ? str_dup(a, next) : NULL;
}

const char *
mcp_output(struct arena *a, struct str result, bool *failed)
{
    struct str rest = json_member(result, "content"), part, text;
    struct buf out;

    *failed = str_eq(json_member(result, "isError"), STR("true"));
    buf_init(&out, a, MCP_BODY_MAX);
    while (json_next(&rest, &part)) {
        text = json_text(a, json_member(part, "text"));
        if (text.len == 0)
            text = json_text(a, json_member(json_member(part, "resource"), "text"));
        if (text.len == 0)
            continue;
        if (out.len > 0)
            buf_add_char(&out, '\n');
        buf_add(&out, text.p, text.len);
    }
    if (out.len == 0)
        return str_dup(a, json_member(result, "structuredContent"));
    return out.data;
}
