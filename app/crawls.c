/* /api/sources/{id}/crawl, pause, resume, cancel; /api/crawl: reading websites. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/crawl.h"
#include "db/source.h"
#include "lib/arena.h"

static void
write_crawl(struct json_writer *w, const struct crawl *c)
{
    jw_object(w, NULL);
    jw_id(w, "id", c->id);
    jw_id(w, "source_id", c->source_id);
    jw_id(w, "job_id", c->job_id);
    jw_bool(w, "dry_run", c->dry_run);
    jw_str(w, "status", c->status);
    jw_int(w, "progress", c->progress);
    jw_object(w, "pages");
    jw_int(w, "found", c->found);
    jw_int(w, "fetched", c->fetched);
    jw_int(w, "indexed", c->indexed);
    jw_int(w, "unchanged", c->unchanged);
    jw_int(w, "skipped", c->skipped);
    jw_int(w, "failed", c->failed);
    jw_object_end(w);
    jw_raw(w, "reasons", c->reasons);
    jw_str(w, "message", c->message);
    jw_str(w, "error", c->error);
    jw_str(w, "created_at", c->created_at);
    jw_str(w, "updated_at", c->updated_at);
    jw_str(w, "started_at", c->started_at);
    jw_str(w, "finished_at", c->finished_at);
    jw_object_end(w);
}

struct err
crawls_start(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    bool dry_run = jr_opt_bool(in, "dry_run", false);
    struct source source;
    struct crawl crawl;

    TRY(jr_check(in));
    TRY(source_get_locked(rq->db, rq->arena, rq->id, &source));
    TRY(crawl_start(rq->db, rq->arena, &source, dry_run ? CRAWL_DRY : CRAWL_REAL, rq->request_id,
                    &crawl));
    write_crawl(reply_json(rp, 202), &crawl);
    rp->location = arena_printf(rq->arena, "/api/crawl/%s", source.id.s);
    return OK;
}

struct err
crawls_read(struct request *rq, struct reply *rp)
{
    struct crawl crawl;

    TRY(crawl_latest(rq->db, rq->arena, rq->id, &crawl));
    write_crawl(reply_json(rp, 200), &crawl);
    return OK;
}

struct err
crawls_pause(struct request *rq, struct reply *rp)
{
    struct crawl crawl;

    TRY(crawl_pause(rq->db, rq->arena, rq->id, &crawl));
    write_crawl(reply_json(rp, 200), &crawl);
    return OK;
}

struct err
crawls_resume(struct request *rq, struct reply *rp)
{
    struct crawl crawl;

    TRY(crawl_resume(rq->db, rq->arena, rq->id, rq->request_id, &crawl));
    write_crawl(reply_json(rp, 200), &crawl);
    return OK;
}

struct err
crawls_cancel(struct request *rq, struct reply *rp)
{
    struct crawl crawl;

    TRY(crawl_cancel(rq->db, rq->arena, rq->id));
    TRY(crawl_latest(rq->db, rq->arena, rq->id, &crawl));
    write_crawl(reply_json(rp, 200), &crawl);
    return OK;
}

/* ---- the addresses of a run ------------------------------------------------------ */

static void
write_address(struct json_writer *w, const struct crawl_address *u)
{
    jw_object(w, NULL);
    jw_str(w, "url", u->url);
    jw_str(w, "status", u->state);
    jw_str(w, "reason", u->reason);
    jw_str(w, "detail", crawl_reason(u->reason));
    jw_int(w, "depth", u->depth);
    jw_str(w, "via", u->via);
    jw_object_end(w);
}

struct err
crawls_addresses(struct request *rq, struct reply *rp)
{
    static const char *const states[] = { "queued",  "indexed", "unchanged",
                                          "skipped", "failed",  NULL };
    int state = params_word(&rq->params, "status", states);
    struct page page = request_page(rq);
    struct crawl_address *list;
    struct json_writer *w;
    struct crawl crawl;
    size_t count;

    TRY(crawl_latest(rq->db, rq->arena, rq->id, &crawl));
    TRY(crawl_addresses(rq->db, rq->arena, crawl.id, state >= 0 ? states[state] : NULL, page.id,
                        page.limit, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, crawl.created_at, list[i].id); i++)
        write_address(w, &list[i]);
    reply_list_end(rp);
    return OK;
}
