/* The system: is it alive, can it serve, what does it take. */
#include "app/handlers.h"
#include "app/openapi.h"
#include "app/request.h"
#include "db/job.h"
#include "db/system.h"

#define STUCK_S 60 /* a job that waits longer while no worker lives: nothing moves */

struct err
health_read(struct request *rq, struct reply *rp)
{
    struct json_writer *w = reply_json(rp, 200);

    (void)rq;
    jw_object(w, NULL);
    jw_str(w, "status", "ok");
    jw_str(w, "version", OFFSTAGE_VERSION);
    jw_object_end(w);
    return OK;
}

struct queues {
    struct queue_info *list;
    size_t count;
    size_t workers;
};

/* Counts of all users' jobs, for the operators: nothing of what is in them. */
static struct err
look_at_queues(struct request *rq, struct queues *out)
{
    struct worker_info *workers;

    db_be_admin(rq->db);
    TRY(queue_list(rq->db, rq->arena, &out->list, &out->count));
    return worker_list(rq->db, rq->arena, &workers, &out->workers);
}

static double
oldest_s(const struct queues *q)
{
    double oldest = 0;

    for (size_t i = 0; i < q->count; i++)
        if (!q->list[i].paused && q->list[i].oldest_s > oldest)
            oldest = q->list[i].oldest_s;
    return oldest;
}

static struct err
look(struct request *rq, struct system_schema *schema, struct queues *queues)
{
    TRY(request_next(rq, TX_READ));
    TRY(system_schema(rq->db, rq->arena, schema));
    return schema->fits ? look_at_queues(rq, queues) : OK;
}

struct err
health_ready(struct request *rq, struct reply *rp)
{
    struct system_schema schema = { "", "", false };
    struct queues queues = { NULL, 0, 0 };
    struct err e = look(rq, &schema, &queues);
    bool moves = queues.workers > 0 || oldest_s(&queues) < STUCK_S;
    bool ready = !e.code && schema.fits && moves;
    struct json_writer *w = reply_json(rp, ready ? 200 : 503);

    TRY(params_check(&rq->params));
    jw_object(w, NULL);
    jw_bool(w, "ready", ready);
    jw_bool(w, "database", !e.code);
    jw_object(w, "schema");
    jw_bool(w, "ok", schema.fits);
    jw_str(w, "wanted", schema.wanted);
    jw_str(w, "applied", schema.applied);
    jw_object_end(w);
    jw_object(w, "queue");
    jw_bool(w, "ok", !e.code && moves);
    jw_int(w, "workers", (int64_t)queues.workers);
    jw_double(w, "oldest_s", oldest_s(&queues));
    jw_object_end(w);
    jw_object_end(w);
    if (!ready)
        reply_header(rp, "Retry-After", "1");
    return OK;
}

struct err
health_openapi(struct request *rq, struct reply *rp)
{
    (void)rq;
    (void)reply_json(rp, 200);
    buf_add(&rp->body, openapi_text, openapi_len);
    return OK;
}
