#include "db/embedding.h"

#include "db/db.h"
#include "db/job.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/str.h"

#define QUESTION_PRIORITY 0 /* somebody waits */
#define CHUNKS_PRIORITY   7

const char *
embedding_context(struct arena *a, struct id agent_id)
{
    return arena_printf(a, "agent:%s:embeddings", agent_id.s);
}

struct err
embedding_agent_load(struct db *db, struct arena *a, struct id agent_id,
                     struct embedding_agent *out)
{
    struct row row;

    TRY(db_one(db, a, Q_EMBEDDING_AGENT, ARGS(arg_id(agent_id)), &row));
    *out = (struct embedding_agent){ .url = row_str(&row, "url"),
                                     .model = row_str(&row, "model"),
                                     .credential = row_opt_str(&row, "credential") };
    return OK;
}

struct err
embedding_missing(struct db *db, struct arena *a, struct id agent_id, struct id after, size_t most,
                  struct embedding_text **out, size_t *count)
{
    struct embedding_text *list;
    struct rows rows;

    TRY(db_all(db, a, Q_EMBEDDING_MISSING,
               ARGS(arg_id(agent_id), arg_id(after), arg_int((int64_t)most)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct embedding_text){ .chunk_id = row_id(&r, "id"),
                                           .title = row_str(&r, "title"),
                                           .heading = row_str(&r, "heading"),
                                           .content = row_str(&r, "content") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
embedding_add(struct db *db, struct arena *a, struct id agent_id, const struct embedding_agent *by,
              const struct embedding_vector *list, size_t n)
{
    struct id *ids = arena_array(a, n, sizeof(*ids));
    int64_t *bytes = arena_array(a, n, sizeof(*bytes));
    struct buf all;

    buf_init(&all, a, SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        ids[i] = list[i].chunk_id;
        bytes[i] = (int64_t)list[i].count;
        buf_add(&all, list[i].numbers, list[i].count);
    }
    return db_later(db, Q_EMBEDDING_ADD,
                    ARGS(arg_id(agent_id), arg_str(by->url), arg_str(by->model), arg_ids(a, ids, n),
                         arg_ints(a, bytes, n), arg_bytes(all.data, all.len)));
}

struct err
embedding_forget(struct db *db, struct id agent_id)
{
    return db_later(db, Q_EMBEDDING_FORGET, ARGS(arg_id(agent_id)));
}

struct err
embedding_want(struct db *db, struct arena *a, struct id user_id, struct id agent_id,
               const char *http_request_id)
{
    /* Not a unique key: one that is about to end may have missed what this transaction adds. */
    return job_add(db, a,
                   &(struct job_new){ .id = id_new(),
                                      .kind = EMBEDDING_KIND,
                                      .priority = CHUNKS_PRIORITY,
                                      .max_attempts = EMBEDDING_ATTEMPTS,
                                      .user_id = user_id,
                                      .subject_id = agent_id,
                                      .serial_key = job_key(EMBEDDING_KIND, agent_id.s),
                                      .request_id = http_request_id,
                                      .forget = true });
}

struct err
embedding_want_if(struct db *db, struct arena *a, struct id user_id, struct id agent_id)
{
    struct embedding_agent agent;
    struct err e = embedding_agent_load(db, a, agent_id, &agent);

    if (e.code)
        return e.code == ERR_NOT_FOUND ? OK : e;
    return embedding_want(db, a, user_id, agent_id, NULL);
}

/* ---- questions ------------------------------------------------------------- */

struct err
embedding_ask(struct db *db, struct arena *a, struct id user_id, struct id agent_id,
              const char *question, int64_t deadline_ms, const char *http_request_id, struct id *id)
{
    *id = id_new();
    TRY(db_later(db, Q_EMBEDDING_ASK, ARGS(arg_id(*id), arg_id(agent_id), arg_str(question))));
    return job_add(db, a,
                   &(struct job_new){ .id = id_new(),
                                      .kind = EMBEDDING_QUESTION_KIND,
                                      .priority = QUESTION_PRIORITY,
                                      .deadline_ms = deadline_ms,
                                      .user_id = user_id,
                                      .subject_id = *id,
                                      .request_id = http_request_id,
                                      .forget = true });
}

struct err
embedding_answered(struct db *db, struct arena *a, struct id id, const int8_t **out, size_t *count)
{
    struct rows rows;
    struct row row;

    TRY(db_all_binary(db, a, Q_EMBEDDING_ANSWERED, ARGS(arg_id(id)), &rows));
    if (rows.count == 0)
        return ERR(ERR_NOT_FOUND, "no answer yet");
    row = row_at(&rows, 0);
    *out = (const int8_t *)row_bytes(&row, "vector", count);
    return OK;
}

struct err
embedding_question(struct db *db, struct arena *a, struct id id, struct id *agent_id,
                   const char **question)
{
    struct row row;

    TRY(db_one(db, a, Q_EMBEDDING_QUESTION, ARGS(arg_id(id)), &row));
    *agent_id = row_id(&row, "agent_id");
    *question = row_str(&row, "question");
    return OK;
}

struct err
embedding_answer(struct db *db, struct id id, const int8_t *numbers, size_t count)
{
    return db_later(db, Q_EMBEDDING_ANSWER,
                    ARGS(arg_id(id), count > 0 ? arg_bytes(numbers, count) : arg_null()));
}
