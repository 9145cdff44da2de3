#include "worker/trace/server.h"

#include "db/agent.h"
#include "db/trace.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/url.h"

#include <string.h>

#define CATALOG "trace:/" /* what ids of traces in Unity Catalog begin with */

const char *
mlflow_base(struct arena *a, const char *url)
{
    struct str s = str_trim(str_from(url));

    while (s.len > 0 && s.p[s.len - 1] == '/')
        s.len--;
    return str_dup(a, s);
}

/* A segment that stays where it is put. NULL: it would not. */
static const char *
segment(struct arena *a, struct str s)
{
    if (s.len == 0 || str_eq(s, STR(".")) || str_eq(s, STR("..")))
        return NULL;
    return url_escape(a, str_dup(a, s));
}

const char *
mlflow_trace_path(struct arena *a, const char *trace_id, const char **location)
{
    struct str rest = str_from(trace_id), where;
    const char *id;

    *location = NULL;
    if (!str_starts(rest, STR(CATALOG))) {
        id = segment(a, rest);
        return id ? arena_printf(a, "/api/3.0/mlflow/traces/%s", id) : NULL;
    }
    rest.p += strlen(CATALOG);
    rest.len -= strlen(CATALOG);
    where = str_cut(rest, '/', &rest);
    *location = segment(a, where);
    id = segment(a, rest);
    return *location && id ? arena_printf(a, "/api/4.0/mlflow/traces/%s/%s", *location, id) : NULL;
}

static const char *
origin_of(struct arena *a, const struct url *url)
{
    return arena_printf(a, "%s://%s:%d", url->https ? "https" : "http", url->host, url->port);
}

static struct err
look(struct mlflow_server *s, bool *signs_in)
{
    const struct trace_task *task = s->task;
    struct url agent = { 0 }, server;
    const char *endpoint = task->endpoint_url;

    s->databricks = endpoint && (strstr(endpoint, "/serving-endpoints/") || task->databricks_oauth);
    if (endpoint && url_parse(s->arena, endpoint, &agent).code)
        return ERR(ERR_INVALID, "The agent's endpoint URL cannot be read.");
    if (task->mlflow_url)
        s->base = mlflow_base(s->arena, task->mlflow_url);
    else if (s->databricks)
        s->base = origin_of(s->arena, &agent);
    else if (config_str(SET_MLFLOW_URL)[0])
        s->base = mlflow_base(s->arena, config_str(SET_MLFLOW_URL));
    else
        return ERR(ERR_NOT_FOUND, "No MLflow server is known for this agent.");
    s->gate = task->mlflow_url || s->databricks;
    if (task->mlflow_url)
        s->databricks = false;
    TRY(url_parse(s->arena, s->base, &server));
    *signs_in = s->gate && agent.host && strcmp(agent.host, server.host) == 0 &&
                agent.port == server.port && agent.https == server.https;
    return OK;
}

static void
found(struct mlflow_server *s, const char *key)
{
    if (key && key[0])
        s->authorization = arena_printf(s->arena, "Bearer %s", key);
    s->found(s->arg, OK);
}

static void
signed_in(void *arg, struct err err, const char *token)
{
    struct mlflow_server *s = arg;

    if (err.code)
        s->found(s->arg, err);
    else
        found(s, token);
}

static void
sign_in(struct mlflow_server *s)
{
    s->signing = (struct oauth_call){ .services = s->services,
                                      .arena = s->arena,
                                      .agent_id = s->task->agent_id,
                                      .endpoint_url = s->task->endpoint_url,
                                      .client_id = s->task->client_id,
                                      .sealed = s->task->credential,
                                      .arg = s,
                                      .done = signed_in };
    oauth_get(&s->signing);
}

void
mlflow_server_find(struct mlflow_server *s)
{
    const char *context = agent_credential_context(s->arena, s->task->agent_id), *key = NULL;
    bool signs_in = false;
    struct err e = look(s, &signs_in);

    if (e.code)
        s->found(s->arg, e);
    else if (!s->gate)
        found(s, config_str(SET_MLFLOW_TOKEN));
    else if (signs_in && s->task->databricks_oauth)
        sign_in(s);
    else if (signs_in && s->task->credential &&
             secret_open(s->arena, config_str(SET_SECRET_KEY), context, s->task->credential, &key)
                 .code)
        s->found(s->arg, ERR(ERR_INVALID, "The agent's key cannot be read; store it again."));
    else
        found(s, key);
}

void
mlflow_server_cancel(struct mlflow_server *s)
{
    oauth_cancel(&s->signing);
}
