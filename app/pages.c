/* /api/sources/{id}/pages, /api/pages: what was read, and what was not for which reason. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/crawl.h"
#include "db/site_page.h"
#include "lib/arena.h"
#include "lib/plain.h"

#define QUERY_MAX   500 /* characters */
#define PREVIEW_MAX 200 /* bytes */

static void
write_number(struct json_writer *w, const char *key, int64_t n)
{
    if (n < 0)
        jw_null(w, key);
    else
        jw_int(w, key, n);
}

static void
write_facts(struct json_writer *w, const struct site_page *p)
{
    jw_id(w, "id", p->id);
    jw_id(w, "source_id", p->source_id);
    jw_str(w, "url", p->url);
    jw_str(w, "status", p->status);
    jw_str(w, "reason", p->reason);
    jw_str(w, "detail", p->detail ? p->detail : crawl_reason(p->reason));
    jw_id(w, "canonical_id", p->canonical_id);
    jw_int(w, "depth", p->depth);
    write_number(w, "http_status", p->http_status);
    jw_str(w, "content_type", p->content_type);
    write_number(w, "bytes", p->bytes);
    jw_str(w, "title", p->title);
    jw_str(w, "language", p->language);
    jw_int(w, "chunk_count", p->chunk_count);
    jw_str(w, "fetched_at", p->fetched_at);
    jw_str(w, "changed_at", p->changed_at);
    jw_str(w, "created_at", p->created_at);
    jw_str(w, "updated_at", p->updated_at);
}

struct err
pages_list(struct request *rq, struct reply *rp)
{
    static const char *const states[] = { "indexed", "skipped", "failed", NULL };
    int state = params_word(&rq->params, "status", states);
    const char *q = params_str(&rq->params, "q", QUERY_MAX);
    struct page page = request_page(rq);
    struct site_page *list;
    struct json_writer *w;
    size_t count;

    TRY(site_page_list(rq->db, rq->arena, rq->id, state >= 0 ? states[state] : NULL, q, &page,
                       &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++) {
        jw_object(w, NULL);
        write_facts(w, &list[i]);
        jw_str(w, "preview", plain_start(rq->arena, list[i].content, PREVIEW_MAX));
        jw_object_end(w);
    }
    reply_list_end(rp);
    return OK;
}

struct err
pages_read(struct request *rq, struct reply *rp)
{
    struct source_chunk *chunks;
    struct json_writer *w;
    struct site_page page;
    size_t count;

    TRY(site_page_get(rq->db, rq->arena, rq->id, &page));
    TRY(site_page_chunks(rq->db, rq->arena, rq->id, &chunks, &count));
    w = reply_json(rp, 200);
    jw_object(w, NULL);
    write_facts(w, &page);
    jw_str(w, "content", page.content);
    jw_array(w, "chunks");
    for (size_t i = 0; i < count; i++) {
        jw_object(w, NULL);
        jw_int(w, "position", (int64_t)i + 1);
        jw_str(w, "heading", chunks[i].heading);
        jw_str(w, "content", chunks[i].content);
        jw_object_end(w);
    }
    jw_array_end(w);
    jw_object_end(w);
    return OK;
}
