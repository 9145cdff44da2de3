/* /api/admin: the queues and the workers. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/job.h"

static void
write_queue(struct json_writer *w, const struct queue_info *q)
{
    jw_object(w, NULL);
    jw_str(w, "name", q->name);
    jw_bool(w, "paused", q->paused);
    jw_int(w, "available", q->available);
    jw_int(w, "scheduled", q->scheduled);
    jw_int(w, "running", q->running);
    jw_int(w, "retryable", q->retryable);
    jw_int(w, "discarded", q->discarded);
    jw_double(w, "oldest_s", q->oldest_s);
    jw_int(w, "max_running", q->max_running);
    jw_int(w, "max_running_user", q->max_running_user);
    jw_object_end(w);
}

struct err
queues_list(struct request *rq, struct reply *rp)
{
    struct queue_info *list;
    struct json_writer *w;
    size_t count;

    TRY(queue_list(rq->db, rq->arena, &list, &count));
    w = reply_json(rp, 200);
    jw_object(w, NULL);
    jw_array(w, "data");
    for (size_t i = 0; i < count; i++)
        write_queue(w, &list[i]);
    jw_array_end(w);
    jw_null(w, "next_cursor");
    jw_object_end(w);
    return OK;
}

static struct err
pause_queue(struct request *rq, struct reply *rp, bool paused)
{
    struct json_writer *w;

    TRY(queue_pause(rq->db, rq->arena, rq->name, paused));
    w = reply_json(rp, 200);
    jw_object(w, NULL);
    jw_str(w, "name", rq->name);
    jw_bool(w, "paused", paused);
    jw_object_end(w);
    return OK;
}

struct err
queues_pause(struct request *rq, struct reply *rp)
{
    return pause_queue(rq, rp, true);
}

struct err
queues_resume(struct request *rq, struct reply *rp)
{
    return pause_queue(rq, rp, false);
}

struct err
workers_list(struct request *rq, struct reply *rp)
{
    struct worker_info *list;
    struct json_writer *w;
    size_t count;

    TRY(worker_list(rq->db, rq->arena, &list, &count));
    w = reply_json(rp, 200);
    jw_object(w, NULL);
    jw_array(w, "data");
    for (size_t i = 0; i < count; i++) {
        jw_object(w, NULL);
        jw_int(w, "lease", list[i].lease);
        jw_str(w, "host", list[i].host);
        jw_int(w, "pid", list[i].pid);
        jw_str(w, "queues", list[i].queues);
        jw_int(w, "running", list[i].running);
        jw_str(w, "started_at", list[i].started_at);
        jw_str(w, "seen_at", list[i].seen_at);
        jw_object_end(w);
    }
    jw_array_end(w);
    jw_null(w, "next_cursor");
    jw_object_end(w);
    return OK;
}
