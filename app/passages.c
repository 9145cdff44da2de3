/* GET /api/agents/{id}/search: what an agent finds in its sources. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/agent.h"
#include "db/passage.h"

#define QUESTION_MAX 2000 /* characters */
#define PASSAGES     6
#define PASSAGES_MAX 50

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
    jw_object_end(w);
}

struct err
passages_search(struct request *rq, struct reply *rp)
{
    const char *question = params_str(&rq->params, "q", QUESTION_MAX);
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
