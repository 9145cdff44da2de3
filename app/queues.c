/* /api/admin: the queues and the workers. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/job.h"

#include <string.h>

static void
write_times(struct json_writer *w, const char *key, const struct queue_times *t)
{
    jw_object(w, key);
    jw_double(w, "p50", t->p50 * 1000);
    jw_double(w, "p95", t->p95 * 1000);
    jw_double(w, "p99", t->p99 * 1000);
    jw_object_end(w);
}

static void
write_kind(struct json_writer *w, const struct queue_kind *k)
{
    int64_t ended = k->completed + k->discarded + k->cancelled;

    jw_object(w, NULL);
    jw_str(w, "kind", k->kind);
    jw_int(w, "available", k->available);
    jw_int(w, "scheduled", k->scheduled);
    jw_int(w, "running", k->running);
    jw_int(w, "retryable", k->retryable);
    jw_double(w, "oldest_s", k->oldest_s);
    jw_double(w, "window_s", k->window_s);
    jw_int(w, "completed", k->completed);
    jw_int(w, "discarded", k->discarded);
    jw_int(w, "cancelled", k->cancelled);
    jw_double(w, "per_minute", k->window_s > 0 ? (double)ended * 60 / k->window_s : 0);
    write_times(w, "wait_ms", &k->wait);
    write_times(w, "run_ms", &k->run);
    jw_object_end(w);
}

static void
write_queue(struct json_writer *w, const struct queue_info *q, const struct queue_kind *kinds,
            size_t kind_count)
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
    jw_array(w, "kinds");
    for (size_t i = 0; i < kind_count; i++)
        if (strcmp(kinds[i].queue, q->name) == 0)
            write_kind(w, &kinds[i]);
    jw_array_end(w);
    jw_object_end(w);
}

struct err
queues_list(struct request *rq, struct reply *rp)
{
    struct queue_info *list;
    struct queue_kind *kinds;
    struct json_writer *w;
    size_t count, kind_count;

    TRY(queue_list(rq->db, rq->arena, &list, &count));
    TRY(queue_kinds(rq->db, rq->arena, &kinds, &kind_count));
    w = reply_json(rp, 200);
    jw_object(w, NULL);
    jw_array(w, "data");
    for (size_t i = 0; i < count; i++)
        write_queue(w, &list[i], kinds, kind_count);
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
