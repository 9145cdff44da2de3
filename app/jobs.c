/* /api/jobs: work in the background; the caller's own, or everybody's for admins. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/crawl.h"
#include "db/job.h"
#include "db/request.h"
#include "db/source.h"
#include "db/webhook.h"

#include <string.h>

#define WORD_MAX 40 /* characters of a kind or queue */

static void
write_job(struct json_writer *w, const struct job_info *j)
{
    jw_object(w, NULL);
    jw_id(w, "jobId", j->id);
    jw_id(w, "id", j->id);
    jw_id(w, "user_id", j->user_id);
    jw_id(w, "subject_id", j->subject_id);
    jw_str(w, "kind", j->kind);
    jw_str(w, "queue", j->queue);
    jw_str(w, "state", j->state);
    jw_int(w, "priority", j->priority);
    jw_int(w, "progress", j->progress);
    jw_str(w, "message", j->message);
    jw_int(w, "attempt", j->attempt);
    jw_int(w, "max_attempts", j->max_attempts);
    jw_str(w, "error", j->error);
    jw_str(w, "created_at", j->created_at);
    jw_str(w, "run_at", j->run_at);
    jw_str(w, "started_at", j->started_at);
    jw_str(w, "finished_at", j->finished_at);
    jw_object_end(w);
}

static struct err
reply_job(struct request *rq, struct reply *rp)
{
    struct job_info job;

    TRY(job_get(rq->db, rq->arena, rq->id, &job));
    write_job(reply_json(rp, 200), &job);
    return OK;
}

struct err
jobs_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    int state = params_word(&rq->params, "state", job_state_names);
    struct job_filter filter = { .state = state < 0 ? NULL : job_state_names[state],
                                 .kind = params_str(&rq->params, "kind", WORD_MAX),
                                 .queue = params_str(&rq->params, "queue", WORD_MAX),
                                 .before = page.id,
                                 .limit = page.limit,
                                 .everybody = rq->caller.is_admin };
    struct json_writer *w;
    struct job_info *list;
    size_t count;

    TRY(job_list(rq->db, rq->arena, &filter, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++)
        write_job(w, &list[i]);
    reply_list_end(rp);
    return OK;
}

struct err
jobs_read(struct request *rq, struct reply *rp)
{
    return reply_job(rq, rp);
}

struct err
jobs_retry(struct request *rq, struct reply *rp)
{
    struct job_info job;

    TRY(job_get(rq->db, rq->arena, rq->id, &job));
    if (strcmp(job.kind, REQUEST_KIND) == 0 && strcmp(job.state, "retryable") != 0)
        return ERR(ERR_CONFLICT, "its request has ended: have the message answered again instead");
    if (strcmp(job.kind, CRAWL_KIND) == 0 && strcmp(job.state, "retryable") != 0)
        return ERR(ERR_CONFLICT, "its crawl has ended: have the source crawled again instead");
    TRY(job_retry(rq->db, rq->arena, rq->id));
    if (strcmp(job.kind, WEBHOOK_KIND) == 0) {
        db_be_user(rq->db, job.user_id);
        TRY(webhook_again(rq->db, job.subject_id));
    }
    return reply_job(rq, rp);
}

/* What a job is about must not wait for it for ever. */
static struct err
cancel(struct request *rq, const struct job_info *job)
{
    enum job_cancelled how;
    bool asked;

    if (strcmp(job->kind, REQUEST_KIND) == 0) {
        db_be_user(rq->db, job->user_id);
        return request_cancel(rq->db, rq->arena, job->subject_id, &asked);
    }
    TRY(job_cancel(rq->db, rq->arena, job->id, &how));
    if (how != JOB_CANCEL_DONE)
        return OK;
    db_be_user(rq->db, job->user_id);
    if (strcmp(job->kind, CRAWL_KIND) == 0)
        return crawl_over(rq->db, job->subject_id, "cancelled", NULL);
    if (strcmp(job->kind, SOURCE_INDEX_KIND) == 0)
        return source_failed(rq->db, job->subject_id, "its indexing was cancelled");
    if (strcmp(job->kind, WEBHOOK_KIND) == 0)
        return webhook_over(rq->db, job->subject_id, "cancelled", "it was cancelled");
    return OK;
}

struct err
jobs_cancel(struct request *rq, struct reply *rp)
{
    struct job_info job;

    TRY(job_get(rq->db, rq->arena, rq->id, &job));
    TRY(cancel(rq, &job));
    return reply_job(rq, rp);
}
