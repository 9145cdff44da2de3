#include "db/source.h"

#include "db/crawl.h"
#include "db/db.h"
#include "db/job.h"
#include "db/source_private.h"
#include "lib/arena.h"
#include "lib/str.h"

#include <string.h>

#define INDEX_ATTEMPTS 5
#define DAY_MS         ((int64_t)24 * 60 * 60 * 1000)

/* ---- rows ------------------------------------------------------------------------- */

/* The lines of a text. */
static const char *const *
read_lines(struct arena *a, const char *text, size_t *count)
{
    const char **list = arena_array(a, SOURCE_PATTERNS_MAX, sizeof(*list));
    struct str rest = str_from(text);

    for (*count = 0; rest.len > 0 && *count < SOURCE_PATTERNS_MAX;)
        list[(*count)++] = str_dup(a, str_cut(rest, '\n', &rest));
    return list;
}

struct source_crawl
source_read_crawl(struct arena *a, const struct row *r)
{
    struct source_crawl c = { .scope = row_str(r, "scope"),
                              .subdomains = row_bool(r, "subdomains"),
                              .use_sitemap = row_bool(r, "use_sitemap"),
                              .max_pages = row_int(r, "max_pages"),
                              .max_depth = row_opt_int(r, "max_depth", -1),
                              .delay_ms = row_opt_int(r, "delay_ms", -1) };

    c.include = read_lines(a, row_str(r, "include"), &c.include_count);
    c.exclude = read_lines(a, row_str(r, "exclude"), &c.exclude_count);
    return c;
}

static struct source
read_source(struct arena *a, const struct row *r)
{
    struct source s = {
        .id = row_id(r, "id"),
        .agent_id = row_id(r, "agent_id"),
        .job_id = row_opt_id(r, "job_id"),
        .type = row_str(r, "type"),
        .title = row_str(r, "title"),
        .status = row_str(r, "status"),
        .error = row_opt_str(r, "error"),
        .url = row_opt_str(r, "url"),
        .file_name = row_opt_str(r, "file_name"),
        .file_type = row_opt_str(r, "file_type"),
        .crawl = source_read_crawl(a, r),
        .page_count = row_int(r, "page_count"),
        .chunk_count = row_int(r, "chunk_count"),
        .next_crawl_at = row_opt_str(r, "next_crawl_at"),
        .created_at = row_str(r, "created_at"),
        .updated_at = row_str(r, "updated_at"),
    };

    s.crawl.recrawl_every = row_str(r, "recrawl_every");
    return s;
}

static struct arg
arg_limit(int64_t n)
{
    return n < 0 ? arg_null() : arg_int(n);
}

/* ---- for users ----------------------------------------------------------------------- */

static struct err
add_index_job(struct db *db, struct arena *a, const struct source_new *in, const struct source *s)
{
    struct job_new job = { .id = s->job_id,
                           .kind = SOURCE_INDEX_KIND,
                           .priority = JOB_PRIORITY_USUAL,
                           .max_attempts = INDEX_ATTEMPTS,
                           .user_id = s->user_id,
                           .subject_id = s->id,
                           .serial_key = s->id,
                           .request_id = in->http_request_id };

    return job_add(db, a, &job);
}

static struct err
insert(struct db *db, struct arena *a, const struct source_new *in, struct source *out)
{
    const struct source_crawl *c = &in->crawl;
    const char *type = in->url ? "url" : in->file ? "file" : "text";
    struct row row;
    struct err e =
        db_one(db, a, Q_SOURCE_INSERT,
               ARGS(arg_id(id_new()), arg_id(in->agent_id), arg_str(type), arg_str(in->title),
                    arg_str(in->content), arg_id(in->url ? ID_NONE : id_new()), arg_str(in->url),
                    arg_str(c->scope), arg_bool(c->subdomains), arg_int(c->max_pages),
                    arg_limit(c->max_depth), arg_strs(a, c->include, c->include_count),
                    arg_strs(a, c->exclude, c->exclude_count), arg_bool(c->use_sitemap),
                    arg_limit(c->delay_ms), arg_str(c->recrawl_every), arg_str(in->file),
                    arg_str(in->file_name), arg_str(in->file_type)),
               &row);

    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_NOT_FOUND, "agent not found");
    if (e.code)
        return e;
    *out = read_source(a, &row);
    out->user_id = row_id(&row, "user_id");
    return OK;
}

struct err
source_insert(struct db *db, struct arena *a, const struct source_new *in, struct source *out)
{
    struct crawl crawl;

    TRY(insert(db, a, in, out));
    if (!in->url)
        return add_index_job(db, a, in, out);
    if (source_recrawl_ms(out->crawl.recrawl_every) > 0)
        TRY(source_update(db, a, out, out));
    TRY(crawl_start(db, a, out, CRAWL_REAL, in->http_request_id, &crawl));
    out->job_id = crawl.job_id;
    return OK;
}

struct err
source_get(struct db *db, struct arena *a, struct id id, struct source *out)
{
    struct row row;

    TRY(db_one(db, a, Q_SOURCE_GET, ARGS(arg_id(id)), &row));
    *out = read_source(a, &row);
    out->user_id = row_id(&row, "user_id");
    out->schedule_job_id = row_opt_id(&row, "schedule_job_id");
    return OK;
}

struct err
source_get_locked(struct db *db, struct arena *a, struct id id, struct source *out)
{
    struct row row;

    TRY(db_one(db, a, Q_SOURCE_LOCK, ARGS(arg_id(id)), &row));
    return source_get(db, a, id, out);
}

int64_t
source_recrawl_ms(const char *recrawl_every)
{
    return strcmp(recrawl_every, "daily") == 0     ? DAY_MS
           : strcmp(recrawl_every, "weekly") == 0  ? 7 * DAY_MS
           : strcmp(recrawl_every, "monthly") == 0 ? 30 * DAY_MS
                                                   : 0;
}

/* It may be done or forgotten long since. */
struct err
source_cancel_job(struct db *db, struct arena *a, struct id job_id)
{
    enum job_cancelled how;
    struct err e;

    if (!id_is_set(job_id))
        return OK;
    e = job_cancel(db, a, job_id, &how);
    return e.code == ERR_NOT_FOUND ? OK : e;
}

struct err
source_update(struct db *db, struct arena *a, const struct source *in, struct source *out)
{
    const struct source_crawl *c = &in->crawl;
    int64_t every_ms = source_recrawl_ms(c->recrawl_every);
    struct job_new due = { .id = every_ms > 0 ? id_new() : ID_NONE,
                           .kind = CRAWL_DUE_KIND,
                           .priority = JOB_PRIORITY_USUAL,
                           .max_attempts = INDEX_ATTEMPTS,
                           .delay_ms = every_ms,
                           .user_id = in->user_id,
                           .subject_id = in->id };
    struct row row;

    TRY(source_cancel_job(db, a, in->schedule_job_id));
    if (every_ms > 0)
        TRY(job_add(db, a, &due));
    TRY(db_one(db, a, Q_SOURCE_UPDATE,
               ARGS(arg_id(in->id), arg_str(in->title), arg_str(c->scope), arg_bool(c->subdomains),
                    arg_int(c->max_pages), arg_limit(c->max_depth),
                    arg_strs(a, c->include, c->include_count),
                    arg_strs(a, c->exclude, c->exclude_count), arg_bool(c->use_sitemap),
                    arg_limit(c->delay_ms), arg_str(c->recrawl_every), arg_id(due.id),
                    arg_int(every_ms / 1000)),
               &row));
    *out = read_source(a, &row);
    out->user_id = row_id(&row, "user_id");
    out->schedule_job_id = due.id;
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
            list[n++] = read_source(a, &row);
    }
    *out = list;
    *count = n;
    return OK;
}

struct err
source_delete(struct db *db, struct arena *a, struct id id)
{
    struct row row;

    TRY(crawl_cancel(db, a, id));
    TRY(db_one(db, a, Q_SOURCE_DELETE, ARGS(arg_id(id)), &row));
    TRY(source_cancel_job(db, a, row_opt_id(&row, "job_id")));
    return source_cancel_job(db, a, row_opt_id(&row, "schedule_job_id"));
}

/* ---- for the worker ------------------------------------------------------------------- */

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
        .file = row_opt_str(&row, "file"),
        .file_name = row_opt_str(&row, "file_name"),
        .file_type = row_opt_str(&row, "file_type"),
    };
    if (!out->content)
        out->content = "";
    return OK;
}

struct err
source_store_page(struct db *db, const struct source_task *source, const char *language)
{
    return db_later(db, Q_SOURCE_PAGE,
                    ARGS(arg_id(source->id), arg_str(source->content), arg_str(language)));
}

struct err
source_ready(struct db *db, struct id id, size_t chunks)
{
    return db_later(db, Q_SOURCE_READY, ARGS(arg_id(id), arg_int((int64_t)chunks)));
}

struct err
source_failed(struct db *db, struct id id, const char *error)
{
    return db_later(db, Q_SOURCE_FAILED, ARGS(arg_id(id), arg_str(error)));
}
