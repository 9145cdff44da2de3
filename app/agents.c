/* /api/agents: what can be asked. */
#include "app/agent_embeddings.h"
#include "app/agent_tools.h"
#include "app/app.h"
#include "app/handlers.h"
#include "app/request.h"
#include "db/agent.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/secret.h"
#include "lib/url.h"

#include <math.h>
#include <poll.h>
#include <stdint.h>

#define TEST_WAIT_MS 10000
#define TEST_LOOK_MS 25

/* Who may use an agent need not know what is behind it. */
static void
write_agent(struct json_writer *w, struct arena *a, const struct agent *g)
{
    jw_object(w, NULL);
    jw_id(w, "id", g->id);
    jw_id(w, "user_id", g->user_id);
    jw_str(w, "name", g->name);
    jw_str(w, "description", g->description);
    jw_str(w, "kind", agent_kind_names[g->kind]);
    jw_str(w, "endpoint_url", g->is_own ? g->endpoint_url : NULL);
    jw_str(w, "model", g->model);
    jw_bool(w, "has_credential", g->is_own && g->has_credential);
    jw_str(w, "instructions", g->is_own ? g->instructions : NULL);
    jw_double(w, "temperature", g->temperature);
    if (g->max_output_tokens)
        jw_int(w, "max_output_tokens", g->max_output_tokens);
    else
        jw_null(w, "max_output_tokens");
    jw_int(w, "history_limit", g->history_limit);
    jw_str(w, "visibility", agent_visibility_names[g->visibility]);
    jw_str(w, "titles", agent_titles_names[g->titles]);
    jw_raw(w, "starter_questions", g->starters);
    jw_str(w, "auth", agent_auth_names[g->auth]);
    jw_str(w, "client_id", g->is_own ? g->client_id : NULL);
    jw_bool(w, "return_trace", g->return_trace);
    jw_str(w, "mlflow_url", g->is_own ? g->mlflow_url : NULL);
    agent_tools_write(w, a, g);
    agent_embeddings_write(w, g);
    jw_str(w, "created_at", g->created_at);
    jw_str(w, "updated_at", g->updated_at);
    jw_object_end(w);
}

/* ---- reading a body ------------------------------------------------------- */

/* Null clears other members. */
static const char *const never_null[] = { "name",
                                          "description",
                                          "kind",
                                          "instructions",
                                          "visibility",
                                          "history_limit",
                                          "starter_questions",
                                          "auth",
                                          "return_trace",
                                          "titles",
                                          "tools",
                                          NULL };

static void
read_starters(struct request *rq, struct json_reader *in, struct agent *g)
{
    size_t n = jr_opt_array(in, "starter_questions", AGENT_STARTERS_MAX);
    const char **list = arena_array(rq->arena, n, sizeof(*list));

    if (!jr_has(in, "starter_questions"))
        return;
    for (size_t i = 0; i < n; i++)
        list[i] = jr_array_str(in, "starter_questions", i, 1, AGENT_STARTER_MAX);
    g->starter_questions = list;
    g->starter_count = n;
}

static void
read_texts(struct json_reader *in, struct agent *g)
{
    const char *name = jr_opt_str(in, "name", 1, AGENT_NAME_MAX);
    const char *description = jr_opt_str(in, "description", 0, AGENT_DESCRIPTION_MAX);
    const char *instructions = jr_opt_str(in, "instructions", 0, AGENT_INSTRUCTIONS_MAX);
    const char *url = jr_opt_str(in, "endpoint_url", 1, URL_MAX);
    const char *model = jr_opt_str(in, "model", 1, AGENT_MODEL_MAX);

    if (name)
        g->name = name;
    if (description)
        g->description = description;
    if (instructions)
        g->instructions = instructions;
    if (url || jr_has(in, "endpoint_url"))
        g->endpoint_url = url;
    if (model || jr_has(in, "model"))
        g->model = model;
}

static void
read_numbers(struct json_reader *in, struct agent *g)
{
    if (jr_has(in, "temperature"))
        g->temperature = jr_opt_double(in, "temperature", 0, 2, (double)NAN);
    if (jr_has(in, "max_output_tokens"))
        g->max_output_tokens = jr_opt_int(in, "max_output_tokens", 1, AGENT_TOKENS_MAX, 0);
    g->history_limit = jr_opt_int(in, "history_limit", 0, AGENT_HISTORY_MAX, g->history_limit);
}

static void
read_access(struct request *rq, struct json_reader *in, struct agent *g)
{
    const char *client_id = jr_opt_str(in, "client_id", 1, AGENT_CLIENT_MAX);
    const char *mlflow_url = jr_opt_str(in, "mlflow_url", 1, URL_MAX);
    int auth = jr_opt_word(in, "auth", agent_auth_names);
    struct err e = OK;

    if (auth >= 0)
        g->auth = (enum agent_auth)auth;
    if (client_id || jr_has(in, "client_id"))
        g->client_id = client_id;
    if (mlflow_url || jr_has(in, "mlflow_url"))
        g->mlflow_url = mlflow_url;
    g->return_trace = jr_opt_bool(in, "return_trace", g->return_trace);
    if (g->auth == AGENT_DATABRICKS_OAUTH && !g->client_id)
        jr_problem(in, "client_id", "is required for this way to sign in");
    if (mlflow_url)
        e = url_check_user(rq->arena, mlflow_url, config_str(SET_ALLOW_PRIVATE));
    if (e.code)
        jr_error(in, "mlflow_url", e);
}

static void
check_endpoint(struct request *rq, struct json_reader *in, const struct agent *g)
{
    struct err e = OK;

    if (g->kind != AGENT_EXTRACTIVE && !g->endpoint_url)
        jr_problem(in, "endpoint_url", "is required for this kind");
    if (g->endpoint_url && jr_has(in, "endpoint_url"))
        e = url_check_user(rq->arena, g->endpoint_url, config_str(SET_ALLOW_PRIVATE));
    if (e.code)
        jr_error(in, "endpoint_url", e);
}

/* Overlay what the body holds on `g`; *sealed is the new credential. */
static struct err
read_agent(struct request *rq, struct agent *g, const char **sealed,
           struct agent_embeddings *embeddings)
{
    struct json_reader *in = &rq->json;
    const char *credential = jr_opt_str(in, "credential", 1, AGENT_CREDENTIAL_MAX);
    int kind = jr_opt_word(in, "kind", agent_kind_names);
    int visibility = jr_opt_word(in, "visibility", agent_visibility_names);
    int titles = jr_opt_word(in, "titles", agent_titles_names);
    struct err e = OK;

    if (kind >= 0)
        g->kind = (enum agent_kind)kind;
    if (visibility >= 0)
        g->visibility = (enum agent_visibility)visibility;
    if (titles >= 0)
        g->titles = (enum agent_titles)titles;
    read_texts(in, g);
    read_numbers(in, g);
    read_starters(rq, in, g);
    read_access(rq, in, g);
    agent_tools_read(rq->arena, in, g);
    agent_embeddings_read(rq, g, embeddings);
    request_refuse_nulls(in, never_null);
    check_endpoint(rq, in, g);
    *sealed = NULL;
    if (credential)
        e = secret_seal(rq->arena, config_str(SET_SECRET_KEY),
                        agent_credential_context(rq->arena, g->id), credential, sealed);
    if (e.code)
        jr_error(in, "credential", e);
    return jr_check(in);
}

/* ---- the handlers --------------------------------------------------------- */

struct err
agents_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    struct json_writer *w;
    struct agent *list;
    size_t count;

    TRY(agent_list(rq->db, rq->arena, &page, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++)
        write_agent(w, rq->arena, &list[i]);
    reply_list_end(rp);
    return OK;
}

struct err
agents_create(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    struct agent agent = { .id = id_new(),
                           .description = "",
                           .instructions = "",
                           .temperature = (double)NAN,
                           .history_limit = AGENT_HISTORY_USUAL };
    struct agent_embeddings embeddings;
    const char *sealed;

    if (!jr_has(in, "name"))
        jr_problem(in, "name", "is required");
    if (!jr_has(in, "kind"))
        jr_problem(in, "kind", "is required");
    TRY(read_agent(rq, &agent, &sealed, &embeddings));
    TRY(agent_insert(rq->db, rq->arena, &agent, &agent));
    if (sealed) {
        TRY(agent_set_credential(rq->db, agent.id, sealed));
        agent.has_credential = true;
    }
    TRY(agent_embeddings_settle(rq, &agent, &embeddings));
    write_agent(reply_created(rp, "/api/agents/%s", agent.id.s), rq->arena, &agent);
    return OK;
}

struct err
agents_read(struct request *rq, struct reply *rp)
{
    struct agent agent;

    TRY(agent_get(rq->db, rq->arena, rq->id, &agent));
    write_agent(reply_json(rp, 200), rq->arena, &agent);
    return OK;
}

struct err
agents_update(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    struct agent_embeddings embeddings;
    struct agent agent;
    const char *sealed;

    TRY(agent_get_own(rq->db, rq->arena, rq->id, &agent));
    TRY(read_agent(rq, &agent, &sealed, &embeddings));
    if (jr_has(in, "credential"))
        TRY(agent_set_credential(rq->db, agent.id, sealed));
    TRY(agent_update(rq->db, rq->arena, &agent, &agent));
    TRY(agent_embeddings_settle(rq, &agent, &embeddings));
    write_agent(reply_json(rp, 200), rq->arena, &agent);
    return OK;
}

struct err
agents_delete(struct request *rq, struct reply *rp)
{
    TRY(agent_delete(rq->db, rq->arena, rq->id));
    reply_empty(rp);
    return OK;
}

static void
write_test_of_extractive(struct json_writer *w)
{
    jw_object(w, NULL);
    jw_bool(w, "ok", true);
    jw_null(w, "status");
    jw_int(w, "latency_ms", 0);
    jw_null(w, "model");
    jw_str(w, "detail", "this kind is built in: there is no endpoint to reach");
    jw_object_end(w);
}

/* The worker tries the endpoint; we wait for what it writes. */
static struct err
await_test(struct request *rq, struct id test_id, const char **result)
{
    int64_t until = clock_mono_ms() + TEST_WAIT_MS;

    TRY(request_next(rq, TX_READ));
    do {
        TRY(agent_test_result(rq->db, rq->arena, test_id, result));
        if (*result)
            return OK;
        (void)poll(NULL, 0, TEST_LOOK_MS);
    } while (clock_mono_ms() < until);
    return ERR(ERR_TIMEOUT, "no worker has tried the endpoint in time");
}

struct err
agents_test(struct request *rq, struct reply *rp)
{
    struct agent agent;
    const char *result;
    struct id test_id;
    struct err e;

    TRY(agent_get_own(rq->db, rq->arena, rq->id, &agent));
    if (agent.kind == AGENT_EXTRACTIVE) {
        write_test_of_extractive(reply_json(rp, 200));
        return OK;
    }
    if (!slots_take(&rq->app->slots, SLOT_WAIT))
        return ERR(ERR_RATE_LIMITED, "too many tests run at this moment: try again");
    e = agent_test_add(rq->db, rq->arena, agent.id, TEST_WAIT_MS, rq->request_id, &test_id);
    if (!e.code)
        e = await_test(rq, test_id, &result);
    slots_release(&rq->app->slots, SLOT_WAIT);
    if (e.code)
        return e;
    jw_raw(reply_json(rp, 200), NULL, result);
    return OK;
}
