#include "db/agent.h"

#include "db/db.h"
#include "db/job.h"
#include "lib/arena.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define TEST_PRIORITY 1 /* somebody waits for it */

const char *const agent_kind_names[] = { "extractive", "chat_completions", "responses", NULL };
const char *const agent_titles_names[] = { "message", "model", NULL };
const char *const agent_auth_names[] = { "key", "databricks_oauth", NULL };
const char *const agent_visibility_names[] = { "private", "workspace", "public", NULL };

static int
index_of(const char *const *names, const char *name)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    assert(false && "not a known word");
    return 0;
}

enum agent_auth
agent_auth_of(const char *name)
{
    return (enum agent_auth)index_of(agent_auth_names, name);
}

static struct agent
read_agent(const struct row *r)
{
    return (struct agent){
        .id = row_id(r, "id"),
        .user_id = row_id(r, "user_id"),
        .name = row_str(r, "name"),
        .description = row_str(r, "description"),
        .kind = (enum agent_kind)index_of(agent_kind_names, row_str(r, "kind")),
        .endpoint_url = row_opt_str(r, "endpoint_url"),
        .model = row_opt_str(r, "model"),
        .has_credential = row_bool(r, "has_credential"),
        .instructions = row_str(r, "instructions"),
        .temperature = row_opt_double(r, "temperature", (double)NAN),
        .max_output_tokens = row_opt_int(r, "max_output_tokens", 0),
        .history_limit = row_int(r, "history_limit"),
        .visibility =
            (enum agent_visibility)index_of(agent_visibility_names, row_str(r, "visibility")),
        .titles = (enum agent_titles)index_of(agent_titles_names, row_str(r, "titles")),
        .starters = row_str(r, "starters"),
        .auth = agent_auth_of(row_str(r, "auth")),
        .client_id = row_opt_str(r, "client_id"),
        .return_trace = row_bool(r, "return_trace"),
        .mlflow_url = row_opt_str(r, "mlflow_url"),
        .tools = row_str(r, "tools"),
        .embeddings_url = row_opt_str(r, "embeddings_url"),
        .embeddings_model = row_opt_str(r, "embeddings_model"),
        .has_embeddings_credential = row_bool(r, "has_embeddings_credential"),
        .is_own = row_bool(r, "is_own"),
        .created_at = row_str(r, "created_at"),
        .updated_at = row_str(r, "updated_at"),
    };
}

static struct err
write_agent(struct db *db, struct arena *a, enum query q, const struct agent *agent)
{
    struct arg starters = agent->starter_questions
                              ? arg_strs(a, agent->starter_questions, agent->starter_count)
                              : arg_null();

    return db_later(
        db, q,
        ARGS(arg_id(agent->id), arg_str(agent->name), arg_str(agent->description),
             arg_str(agent_kind_names[agent->kind]), arg_str(agent->endpoint_url),
             arg_str(agent->model), arg_str(agent->instructions), arg_double(agent->temperature),
             agent->max_output_tokens ? arg_int(agent->max_output_tokens) : arg_null(),
             arg_int(agent->history_limit), arg_str(agent_visibility_names[agent->visibility]),
             starters, arg_str(agent_auth_names[agent->auth]), arg_str(agent->client_id),
             arg_bool(agent->return_trace), arg_str(agent->mlflow_url),
             arg_str(agent_titles_names[agent->titles]), arg_str(agent->tools),
             arg_str(agent->embeddings_url), arg_str(agent->embeddings_model)));
}

struct err
agent_insert(struct db *db, struct arena *a, const struct agent *agent, struct agent *out)
{
    TRY(write_agent(db, a, Q_AGENT_INSERT, agent));
    return agent_get(db, a, agent->id, out);
}

struct err
agent_get(struct db *db, struct arena *a, struct id id, struct agent *out)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_AGENT_GET, ARGS(arg_id(id)), &row), "agent not found"));
    *out = read_agent(&row);
    return OK;
}

struct err
agent_get_own(struct db *db, struct arena *a, struct id id, struct agent *out)
{
    struct agent agent;

    TRY(db_later(db, Q_AGENT_LOCK, ARGS(arg_id(id))));
    TRY(agent_get(db, a, id, &agent));
    if (!agent.is_own)
        return ERR(ERR_NOT_FOUND, "agent not found");
    *out = agent;
    return OK;
}

struct err
agent_list(struct db *db, struct arena *a, const struct page *page, struct agent **out,
           size_t *count)
{
    struct agent *list;
    struct rows rows;

    TRY(db_all(db, a, Q_AGENT_LIST, ARGS(arg_str(page->at), arg_id(page->id), arg_int(page->limit)),
               &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_agent(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
agent_update(struct db *db, struct arena *a, const struct agent *agent, struct agent *out)
{
    struct agent updated;

    TRY(write_agent(db, a, Q_AGENT_UPDATE, agent));
    TRY(agent_get(db, a, agent->id, &updated));
    if (!updated.is_own)
        return ERR(ERR_NOT_FOUND, "agent not found");
    *out = updated;
    return OK;
}

struct err
agent_set_credential(struct db *db, struct id id, const char *sealed)
{
    return db_later(db, Q_AGENT_SET_CREDENTIAL, ARGS(arg_id(id), arg_str(sealed)));
}

struct err
agent_set_embeddings_credential(struct db *db, struct id id, const char *sealed)
{
    return db_later(db, Q_AGENT_SET_EMBEDDINGS_CREDENTIAL, ARGS(arg_id(id), arg_str(sealed)));
}

const char *
agent_credential_context(struct arena *a, struct id id)
{
    return arena_printf(a, "agent:%s:credential", id.s);
}

const char *
agent_tool_context(struct arena *a, struct id id, const char *url)
{
    return arena_printf(a, "agent:%s:tool:%s", id.s, url);
}

struct err
agent_delete(struct db *db, struct arena *a, struct id id)
{
    struct row row;

    return db_missing(db_one(db, a, Q_AGENT_DELETE, ARGS(arg_id(id)), &row), "agent not found");
}

struct err
agent_test_add(struct db *db, struct arena *a, struct id agent_id, int64_t deadline_ms,
               const char *http_request_id, struct id *test_id)
{
    struct id id = id_new();
    struct row row;

    TRY(db_missing(db_one(db, a, Q_AGENT_TEST_ADD, ARGS(arg_id(id), arg_id(agent_id)), &row),
                   "agent not found"));
    TRY(job_add(db, a,
                &(struct job_new){ .id = id_new(),
                                   .kind = AGENT_TEST_KIND,
                                   .priority = TEST_PRIORITY,
                                   .deadline_ms = deadline_ms,
                                   .user_id = row_id(&row, "user_id"),
                                   .subject_id = id,
                                   .request_id = http_request_id }));
    *test_id = id;
    return OK;
}

struct err
agent_test_result(struct db *db, struct arena *a, struct id test_id, const char **result)
{
    struct row row;

    TRY(db_one(db, a, Q_AGENT_TEST_RESULT, ARGS(arg_id(test_id)), &row));
    *result = row_opt_str(&row, "result");
    return OK;
}

struct err
agent_test_load(struct db *db, struct arena *a, struct id test_id, struct agent_test *out)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_AGENT_TEST_LOAD, ARGS(arg_id(test_id)), &row),
                   "agent not found"));
    *out = (struct agent_test){
        .id = row_id(&row, "id"),
        .agent_id = row_id(&row, "agent_id"),
        .kind = row_str(&row, "kind"),
        .endpoint_url = row_opt_str(&row, "endpoint_url"),
        .model = row_opt_str(&row, "model"),
        .credential = row_opt_str(&row, "credential"),
        .auth = agent_auth_of(row_str(&row, "auth")),
        .client_id = row_opt_str(&row, "client_id"),
    };
    return OK;
}

struct err
agent_test_finish(struct db *db, struct id test_id, const char *result)
{
    return db_later(db, Q_AGENT_TEST_FINISH, ARGS(arg_id(test_id), arg_str(result)));
}
