/*
 * Agent: what answers. It belongs to the user who made it; one that is not
 * private may be used, but not changed, by everybody. Its credential is written
 * here and read by the worker only.
 */
#ifndef DB_AGENT_H
#define DB_AGENT_H

#include "db/page.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define AGENT_NAME_MAX         200
#define AGENT_DESCRIPTION_MAX  2000
#define AGENT_MODEL_MAX        200
#define AGENT_CREDENTIAL_MAX   8000
#define AGENT_INSTRUCTIONS_MAX 100000
#define AGENT_TOKENS_MAX       1000000
#define AGENT_HISTORY_MAX      1000
#define AGENT_HISTORY_USUAL    10
#define AGENT_STARTERS_MAX     20
#define AGENT_STARTER_MAX      500 /* lengths in characters */
#define AGENT_CLIENT_MAX       200

enum agent_kind { AGENT_EXTRACTIVE, AGENT_CHAT_COMPLETIONS, AGENT_RESPONSES };
extern const char *const agent_kind_names[]; /* these three end with NULL */
extern const char *const agent_auth_names[];

enum agent_visibility { AGENT_PRIVATE, AGENT_WORKSPACE, AGENT_PUBLIC };
extern const char *const agent_visibility_names[];

/* What the credential is: a key, or the secret of a Databricks service principal. */
enum agent_auth { AGENT_KEY, AGENT_DATABRICKS_OAUTH };

/* What new chats are named after: their first message, or what the model says of it. */
enum agent_titles { AGENT_TITLES_MESSAGE, AGENT_TITLES_MODEL };
extern const char *const agent_titles_names[]; /* ends with NULL */

struct agent {
    struct id id, user_id;
    const char *name, *description;
    enum agent_kind kind;
    const char *endpoint_url, *model; /* may be NULL */
    bool has_credential;              /* read only: see agent_set_credential() */
    const char *instructions;
    double temperature;        /* NaN: unset */
    int64_t max_output_tokens; /* 0: unset */
    int64_t history_limit;     /* messages */
    enum agent_visibility visibility;
    enum agent_titles titles;
    const char *starters;                 /* JSON array of texts; read only */
    const char *const *starter_questions; /* to write; NULL leaves them as they are */
    size_t starter_count;
    enum agent_auth auth;
    const char *client_id;  /* AGENT_DATABRICKS_OAUTH; else may be NULL */
    bool return_trace;      /* have the server send its own trace with the answer */
    const char *tools;      /* JSON array as it is stored: credentials sealed */
    const char *mlflow_url; /* where that trace is kept; NULL: as worker/trace/fetch.h says */
    const char *embeddings_url, *embeddings_model; /* where texts become vectors; NULL: nowhere */
    bool has_embeddings_credential;                /* read only, as has_credential */
    bool is_own;                                   /* the caller's; these are read only */
    const char *created_at, *updated_at;
};

/* `agent->id` is made by id_new(); the caller is its owner. */
struct err agent_insert(struct db *db, struct arena *a, const struct agent *agent,
                        struct agent *out) CHECKED;

/* ERR_NOT_FOUND when there is none or it is somebody else's private one. */
struct err agent_get(struct db *db, struct arena *a, struct id id, struct agent *out) CHECKED;

/* The caller's own only, locked until the transaction ends so that nobody changes it meanwhile. */
struct err agent_get_own(struct db *db, struct arena *a, struct id id, struct agent *out) CHECKED;

/* The caller's agents and those that are shared, newest first. */
struct err agent_list(struct db *db, struct arena *a, const struct page *page, struct agent **out,
                      size_t *count) CHECKED;

/* Write all that is not read only. ERR_NOT_FOUND unless it is the caller's. */
struct err agent_update(struct db *db, struct arena *a, const struct agent *agent,
                        struct agent *out) CHECKED;

/* Text made by secret_seal() with agent_credential_context(); NULL removes it. Queued. */
struct err agent_set_credential(struct db *db, struct id id, const char *sealed) CHECKED;
const char *agent_credential_context(struct arena *a, struct id id);

/* The same for embeddings, by embedding_context() (db/embedding.h). Queued. */
struct err agent_set_embeddings_credential(struct db *db, struct id id, const char *sealed) CHECKED;

/* What a credential of one of its tools is sealed for. */
const char *agent_tool_context(struct arena *a, struct id id, const char *url);

/* ERR_NOT_FOUND unless it is the caller's. Its sources go too; its chats stay. */
struct err agent_delete(struct db *db, struct arena *a, struct id id) CHECKED;

/* ---- trying an agent's endpoint ------------------------------------------- */

#define AGENT_TEST_KIND "agent_test" /* job; its subject is the test */

/*
 * Add a test of the caller's own agent and its job, for which it waits at most
 * `deadline_ms`. ERR_NOT_FOUND unless the agent is the caller's.
 */
struct err agent_test_add(struct db *db, struct arena *a, struct id agent_id, int64_t deadline_ms,
                          const char *http_request_id, struct id *test_id) CHECKED;

/* The result as JSON; NULL while there is none. */
struct err agent_test_result(struct db *db, struct arena *a, struct id test_id,
                             const char **result) CHECKED;

/* For the worker: what to try. ERR_NOT_FOUND when the agent is gone. */
struct agent_test {
    struct id id, agent_id;
    const char *kind, *endpoint_url, *model,
        *credential; /* may be NULL but kind; credential is sealed */
    enum agent_auth auth;
    const char *client_id; /* may be NULL */
};
/* By the name in a row. */
enum agent_auth agent_auth_of(const char *name);

struct err agent_test_load(struct db *db, struct arena *a, struct id test_id,
                           struct agent_test *out) CHECKED;

/*
 * For the worker: a JSON object with ok (boolean), status (of HTTP, or null),
 * latency_ms, model and detail (a sentence). Queued.
 */
struct err agent_test_finish(struct db *db, struct id test_id, const char *result) CHECKED;

#endif
