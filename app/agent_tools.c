#include "app/agent_tools.h"

#include "db/agent.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/secret.h"
#include "lib/url.h"

#include <string.h>

#define NAME_MAX_CHARS  64
#define DESCRIPTION_MAX 4000
#define SCHEMA_MAX      ((size_t)32 * 1024)
#define JSON_MAX        ((size_t)200000)
#define SEALED_MAX      JSON_MAX
#define NAME_CHARS      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static const char *const types[] = { "http", "mcp", "search_sources", NULL };
enum { HTTP, MCP, SEARCH_SOURCES };

/* ---- in ----------------------------------------------------------------------- */

static void
check_url(struct arena *a, struct json_reader *in, int type, const char *url)
{
    struct err e = OK;

    if (!url && (type == HTTP || type == MCP))
        jr_problem(in, "url", "is required for this type");
    if (url)
        e = url_check_user(a, url, config_str(SET_ALLOW_PRIVATE));
    if (e.code)
        jr_error(in, "url", e);
}

static void
check_name(struct json_reader *in, int type, const char *name)
{
    if (!name && (type == HTTP || type == MCP))
        jr_problem(in, "name", "is required for this type");
    if (name && strspn(name, NAME_CHARS) != strlen(name))
        jr_problem(in, "name", "must be letters, digits, - and _");
}

static void
tools_of(struct json_reader *out, struct arena *a, const struct agent *agent)
{
    const char *text = arena_printf(a, "{\"tools\":%s}", agent->tools ? agent->tools : "[]");

    jr_parse(out, a, text, strlen(text));
}

static bool
same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/*
 * The key of the tool before that had this address, for which it was sealed:
 * it goes to no other. Of several, the one of this name.
 */
static const char *
kept_key(struct arena *a, const struct agent *agent, const char *name, const char *url)
{
    const char *found = NULL;
    struct json_reader before, one;
    size_t n;

    tools_of(&before, a, agent);
    n = jr_opt_array(&before, "tools", AGENT_TOOLS_MAX);
    for (size_t i = 0; i < n; i++) {
        const char *key;

        jr_array_object(&before, "tools", i, &one);
        if (!same(jr_opt_str(&one, "url", 0, URL_MAX), url))
            continue;
        key = jr_opt_str(&one, "sealed", 1, SEALED_MAX);
        if (same(jr_opt_str(&one, "name", 0, NAME_MAX_CHARS), name))
            return key;
        found = found ? found : key;
    }
    return found;
}

static const char *
seal(struct arena *a, struct json_reader *in, struct id agent_id, const char *url)
{
    const char *credential = jr_opt_str(in, "credential", 1, AGENT_CREDENTIAL_MAX);
    const char *sealed = NULL;
    struct err e = OK;

    if (credential && url)
        e = secret_seal(a, config_str(SET_SECRET_KEY), agent_tool_context(a, agent_id, url),
                        credential, &sealed);
    if (e.code)
        jr_error(in, "credential", e);
    return sealed;
}

static void
read_one(struct arena *a, struct json_reader *in, const struct agent *agent, struct json_writer *w)
{
    int type = jr_word(in, "type", types);
    const char *name = jr_opt_str(in, "name", 1, NAME_MAX_CHARS);
    const char *description = jr_opt_str(in, "description", 0, DESCRIPTION_MAX);
    const char *url = jr_opt_str(in, "url", 1, URL_MAX);
    const char *parameters = jr_opt_raw(in, "parameters", SCHEMA_MAX);
    const char *sealed =
        jr_has(in, "credential") ? seal(a, in, agent->id, url) : kept_key(a, agent, name, url);

    check_name(in, type, name);
    check_url(a, in, type, url);
    if (jr_has(in, "parameters") && (!parameters || parameters[0] != '{'))
        jr_problem(in, "parameters", "must be a JSON Schema of an object, of at most 32 KiB");
    else if (type == HTTP && !parameters)
        jr_problem(in, "parameters", "is required for this type");
    (void)jr_check(in).code; /* its problems are the outer reader's */
    jw_object(w, NULL);
    jw_str(w, "type", type < 0 ? "" : types[type]);
    if (name)
        jw_str(w, "name", name);
    if (description)
        jw_str(w, "description", description);
    if (url)
        jw_str(w, "url", url);
    if (parameters)
        jw_raw(w, "parameters", parameters);
    if (sealed)
        jw_str(w, "sealed", sealed);
    jw_object_end(w);
}

void
agent_tools_read(struct arena *a, struct json_reader *in, struct agent *agent)
{
    size_t n = jr_opt_array(in, "tools", AGENT_TOOLS_MAX);
    struct json_reader one;
    struct json_writer w;
    struct buf out;

    if (!jr_has(in, "tools"))
        return;
    buf_init(&out, a, JSON_MAX);
    jw_begin(&w, &out);
    jw_array(&w, NULL);
    for (size_t i = 0; i < n; i++) {
        jr_array_object(in, "tools", i, &one);
        read_one(a, &one, agent, &w);
    }
    jw_array_end(&w);
    if (!buf_ok(&out))
        jr_problem(in, "tools", "must be shorter");
    agent->tools = out.data;
}

/* ---- out ---------------------------------------------------------------------- */

static void
write_one(struct json_writer *w, struct json_reader *in)
{
    int type = jr_word(in, "type", types);

    jw_object(w, NULL);
    jw_str(w, "type", type < 0 ? "" : types[type]);
    jw_str(w, "name", jr_opt_str(in, "name", 0, NAME_MAX_CHARS));
    jw_str(w, "description", jr_opt_str(in, "description", 0, DESCRIPTION_MAX));
    jw_str(w, "url", jr_opt_str(in, "url", 0, URL_MAX));
    jw_raw(w, "parameters", jr_opt_raw(in, "parameters", SCHEMA_MAX));
    jw_bool(w, "has_credential", jr_has(in, "sealed"));
    jw_object_end(w);
}

void
agent_tools_write(struct json_writer *w, struct arena *a, const struct agent *agent)
{
    struct json_reader all, one;
    size_t n;

    if (!agent->is_own) {
        jw_null(w, "tools");
        return;
    }
    tools_of(&all, a, agent);
    n = jr_opt_array(&all, "tools", AGENT_TOOLS_MAX);
    jw_array(w, "tools");
    for (size_t i = 0; i < n; i++) {
        jr_array_object(&all, "tools", i, &one);
        write_one(w, &one);
    }
    jw_array_end(w);
}
