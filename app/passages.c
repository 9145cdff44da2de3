/* GET /api/agents/{id}/search: what an agent finds in its sources. */
#include "app/app.h"
#include "app/handlers.h"
#include "app/request.h"
#include "db/agent.h"
#include "db/embedding.h"
#include "db/passage.h"
#include "lib/clock.h"

#include <poll.h>

#define PASSAGES     6
#define PASSAGES_MAX 50

#define EMBED_WAIT_MS 3000
#define EMBED_LOOK_MS 10

static void
write_passage(struct json_writer *w, const struct passage *p)
{
    jw_object(w, NULL);
    jw_id(w, "chunk_id", p->chunk_id);
    jw_id(w, "page_id", p->page_id);
    jw_id(w, "source_id", p->source_id);
    jw_str(w, "title", p->title);
    jw_str(w, "url", p->url);
    jw_str(w, "heading", p->heading);
    jw_str(w, "anchor", p->anchor);
    jw_str(w, "content", p->content);
    jw_double(w, "score", p->score);
    jw_double(w, "coverage", p->coverage);
    jw_double(w, "similarity", p->similarity);
    jw_object_end(w);
}

/* A worker asks the agent's server; when that takes too long, words alone are looked for. */
static struct err
embed(struct request *rq, struct passage_question *q)
{
    int64_t until = clock_mono_ms() + EMBED_WAIT_MS;
    struct err e;
    struct id id;

    if (!slots_take(&rq->app->slots, SLOT_WAIT))
        return OK;
    e = request_next(rq, TX_WRITE);
    if (!e.code)
        e = embedding_ask(rq->db, rq->arena, rq->caller.user_id, rq->id, q->text, EMBED_WAIT_MS,
                          rq->request_id, &id);
    if (!e.code)
        e = request_next(rq, TX_READ);
    while (!e.code) {
        e = embedding_answered(rq->db, rq->arena, id, &q->vector, &q->vector_count);
        if (e.code != ERR_NOT_FOUND)
            break;
        e = OK;
        if (clock_mono_ms() >= until)
            break;
        (void)poll(NULL, 0, EMBED_LOOK_MS);
    }
    slots_release(&rq->app->slots, SLOT_WAIT);
    return e;
}

struct err
passages_search(struct request *rq, struct reply *rp)
{
    const char *question = params_str(&rq->params, "q", EMBEDDING_QUESTION_MAX);
    int64_t most = params_int(&rq->params, "limit", 1, PASSAGES_MAX, PASSAGES);
    struct passage_question asked = { .agent_id = rq->id, .text = question };
    struct json_writer *w;
    struct passage *list;
    struct agent agent;
    size_t count;

    if (!question)
        params_problem(&rq->params, "q", "is required");
    TRY(agent_get(rq->db, rq->arena, rq->id, &agent));
    TRY(params_check(&rq->params));
    asked.most = (size_t)most;
    if (agent.embeddings_url)
        TRY(embed(rq, &asked));
    TRY(passage_search(rq->db, rq->arena, &asked, &list, &count));
    w = reply_json(rp, 200);
    jw_object(w, NULL);
    jw_array(w, "data");
    for (size_t i = 0; i < count; i++)
        write_passage(w, &list[i]);
    jw_array_end(w);
    jw_null(w, "next_cursor");
    jw_object_end(w);
    return OK;
}
