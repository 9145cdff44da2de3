#include "db/source.h"

#include "db/db.h"
#include "db/job.h"
#include "lib/arena.h"

#define INDEX_ATTEMPTS 5

static struct source
read_source(const struct row *r)
{
    return (struct source){
        .id = row_id(r, "id"),
        .agent_id = row_id(r, "agent_id"),
        .job_id = row_opt_id(r, "job_id"),
        .type = row_str(r, "type"),
        .title = row_str(r, "title"),
        .status = row_str(r, "status"),
        .error = row_opt_str(r, "error"),
        .chunk_count = row_int(r, "chunk_count"),
        .created_at = row_str(r, "created_at"),
        .updated_at = row_str(r, "updated_at"),
    };
}

struct err
source_insert(struct db *db, struct arena *a, const struct source_new *in, struct source *out)
{
    struct id id = id_new();
    struct job_new job = { .id = id_new(),
                           .kind = SOURCE_INDEX_KIND,
                           .priority = JOB_PRIORITY_USUAL,
                           .max_attempts = INDEX_ATTEMPTS,
                           .subject_id = id,
                           .serial_key = id,
                           .request_id = in->http_request_id };
    struct row row;
    struct err e = db_one(db, a, Q_SOURCE_INSERT,
                          ARGS(arg_id(id), arg_id(in->agent_id), arg_str(in->title),
                               arg_str(in->content), arg_id(job.id)),
                          &row);

    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_NOT_FOUND, "agent not found");
    if (e.code)
        return e;
    job.user_id = row_id(&row, "user_id");
    TRY(job_add(db, a, &job));
    *out = read_source(&row);
    return OK;
}

struct err
source_get(struct db *db, struct arena *a, struct id id, struct source *out)
{
    struct row row;

    TRY(db_one(db, a, Q_SOURCE_GET, ARGS(arg_id(id)), &row));
    *out = read_source(&row);
    return OK;
}

struct err
source_list(struct db *db, struct arena *a, struct id agent_id, const struct page *page,
            struct source **out, size_t *count)
{
    struct source *list;
    struct rows rows;
    size_t n = 0;

    TRY(db_all(db, a, Q_SOURCE_LIST,
               ARGS(arg_id(agent_id), arg_str(page->at), arg_id(page->id), arg_int(page->limit)),
               &rows));
    if (rows.count == 0)
        return ERR(ERR_NOT_FOUND, "agent not found");
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        if (id_is_set(row_opt_id(&row, "id")))
            list[n++] = read_source(&row);
    }
    *out = list;
    *count = n;
    return OK;
}

struct err
source_delete(struct db *db, struct arena *a, struct id id, struct id *job_id)
{
    struct row row;

    TRY(db_one(db, a, Q_SOURCE_DELETE, ARGS(arg_id(id)), &row));
    *job_id = row_opt_id(&row, "job_id");
    return OK;
}

struct err
source_load(struct db *db, struct arena *a, struct id id, struct source_task *out)
{
    struct row row;

    TRY(db_one(db, a, Q_SOURCE_LOAD, ARGS(arg_id(id)), &row));
    *out = (struct source_task){
        .id = row_id(&row, "id"),
        .user_id = row_id(&row, "user_id"),
        .agent_id = row_id(&row, "agent_id"),
        .title = row_str(&row, "title"),
        .content = row_opt_str(&row, "content"),
    };
    if (!out->content)
        out->content = "";
    return OK;
}

struct err
source_ready(struct db *db, struct id id, size_t chunks)
{
    TRY(db_later(db, Q_SOURCE_PAGE, ARGS(arg_id(id), arg_int((int64_t)chunks))));
    return db_later(db, Q_SOURCE_READY, ARGS(arg_id(id), arg_int((int64_t)chunks)));
}

struct err
source_failed(struct db *db, struct id id, const char *error)
{
    return db_later(db, Q_SOURCE_FAILED, ARGS(arg_id(id), arg_str(error)));
}
