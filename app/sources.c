/* /api/agents/{id}/sources, /api/sources: what an agent knows. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/job.h"
#include "db/source.h"
#include "lib/arena.h"

static const char *const types[] = { "text", NULL };

static void
write_source(struct json_writer *w, const struct source *s)
{
    jw_object(w, NULL);
    jw_id(w, "id", s->id);
    jw_id(w, "agent_id", s->agent_id);
    jw_id(w, "job_id", s->job_id);
    jw_str(w, "type", s->type);
    jw_str(w, "title", s->title);
    jw_str(w, "status", s->status);
    jw_str(w, "error", s->error);
    jw_int(w, "chunk_count", s->chunk_count);
    jw_str(w, "created_at", s->created_at);
    jw_str(w, "updated_at", s->updated_at);
    jw_object_end(w);
}

struct err
sources_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    struct json_writer *w;
    struct source *list;
    size_t count;

    TRY(source_list(rq->db, rq->arena, rq->id, &page, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++)
        write_source(w, &list[i]);
    reply_list_end(rp);
    return OK;
}

struct err
sources_create(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    struct source_new new = { .agent_id = rq->id, .http_request_id = rq->request_id };
    struct source source;

    (void)jr_word(in, "type", types);
    new.title = jr_str(in, "title", 1, SOURCE_TITLE_MAX);
    new.content = jr_str(in, "content", 1, SOURCE_CONTENT_MAX);
    TRY(jr_check(in));
    TRY(source_insert(rq->db, rq->arena, &new, &source));
    write_source(reply_json(rp, 202), &source);
    rp->location = arena_printf(rq->arena, "/api/sources/%s", source.id.s);
    return OK;
}

struct err
sources_read(struct request *rq, struct reply *rp)
{
    struct source source;

    TRY(source_get(rq->db, rq->arena, rq->id, &source));
    write_source(reply_json(rp, 200), &source);
    return OK;
}

struct err
sources_delete(struct request *rq, struct reply *rp)
{
    enum job_cancelled how;
    struct id job_id;
    struct err e = OK;

    TRY(source_delete(rq->db, rq->arena, rq->id, &job_id));
    if (id_is_set(job_id))
        e = job_cancel(rq->db, rq->arena, job_id, &how);
    /* Its job may be forgotten long since. */
    if (e.code && e.code != ERR_NOT_FOUND)
        return e;
    reply_empty(rp);
    return OK;
}
