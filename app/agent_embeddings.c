#include "app/agent_embeddings.h"

#include "app/app.h"
#include "app/request.h"
#include "db/agent.h"
#include "db/embedding.h"
#include "lib/config.h"
#include "lib/secret.h"
#include "lib/url.h"

#include <string.h>

static bool
same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static void
read_key(struct request *rq, const struct agent *agent, struct agent_embeddings *out)
{
    struct json_reader *in = &rq->json;
    const char *key = jr_opt_str(in, "embeddings_credential", 1, AGENT_CREDENTIAL_MAX);
    struct err e = OK;

    out->has_key = jr_has(in, "embeddings_credential");
    if (key)
        e = secret_seal(rq->arena, config_str(SET_SECRET_KEY),
                        embedding_context(rq->arena, agent->id), key, &out->sealed);
    if (e.code)
        jr_error(in, "embeddings_credential", e);
}

void
agent_embeddings_read(struct request *rq, struct agent *agent, struct agent_embeddings *out)
{
    struct json_reader *in = &rq->json;
    const char *url = jr_opt_str(in, "embeddings_url", 1, URL_MAX);
    const char *model = jr_opt_str(in, "embeddings_model", 1, AGENT_MODEL_MAX);
    const char *old_url = agent->embeddings_url, *old_model = agent->embeddings_model;
    struct err e = OK;

    *out = (struct agent_embeddings){ .moved = false };
    if (jr_has(in, "embeddings_url"))
        agent->embeddings_url = url;
    if (jr_has(in, "embeddings_model"))
        agent->embeddings_model = model;
    if (agent->embeddings_url && !agent->embeddings_model)
        jr_problem(in, "embeddings_model", "is required beside embeddings_url");
    if (url)
        e = url_check_user(rq->arena, url, config_str(SET_ALLOW_PRIVATE));
    if (e.code)
        jr_error(in, "embeddings_url", e);
    read_key(rq, agent, out);
    out->moved = !same(old_url, agent->embeddings_url) || !same(old_model, agent->embeddings_model);
}

struct err
agent_embeddings_settle(struct request *rq, struct agent *agent, const struct agent_embeddings *e)
{
    if (e->has_key) {
        TRY(agent_set_embeddings_credential(rq->db, agent->id, e->sealed));
        agent->has_embeddings_credential = e->sealed != NULL;
    }
    if (e->moved)
        TRY(embedding_forget(rq->db, agent->id));
    return agent->embeddings_url && (e->moved || e->sealed)
               ? embedding_want(rq->db, rq->arena, agent->user_id, agent->id, rq->request_id)
               : OK;
}

void
agent_embeddings_write(struct json_writer *w, const struct agent *agent)
{
    jw_str(w, "embeddings_url", agent->is_own ? agent->embeddings_url : NULL);
    jw_str(w, "embeddings_model", agent->is_own ? agent->embeddings_model : NULL);
    jw_bool(w, "has_embeddings_credential", agent->is_own && agent->has_embeddings_credential);
}
