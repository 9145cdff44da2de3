/* /metrics: what the installation does, for Prometheus. */
#include "app/app.h"
#include "app/handlers.h"
#include "app/request.h"
#include "app/stats.h"
#include "db/counter.h"
#include "db/job.h"

#include <inttypes.h>
#include <string.h>

struct figures {
    struct queue_info *queues;
    struct queue_kind *kinds;
    struct worker_info *workers;
    struct counter *counters;
    size_t queue_count, kind_count, worker_count, counter_count;
};

/* Over everybody's jobs: nothing of what is in them. */
static struct err
look(struct request *rq, struct figures *f)
{
    TRY(request_next(rq, TX_READ));
    db_be_admin(rq->db);
    TRY(queue_list(rq->db, rq->arena, &f->queues, &f->queue_count));
    TRY(queue_depths(rq->db, rq->arena, &f->kinds, &f->kind_count));
    TRY(worker_list(rq->db, rq->arena, &f->workers, &f->worker_count));
    return counter_list(rq->db, rq->arena, &f->counters, &f->counter_count);
}

static void
head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
print_state(struct buf *out, const struct figures *f, const char *state, size_t offset)
{
    for (size_t i = 0; i < f->kind_count; i++) {
        int64_t n;

        memcpy(&n, (const char *)&f->kinds[i] + offset, sizeof(n));
        buf_printf(out, "offstage_jobs{queue=\"%s\",kind=\"%s\",state=\"%s\"} %" PRId64 "\n",
                   f->kinds[i].queue, f->kinds[i].kind, state, n);
    }
}

static void
print_jobs(struct buf *out, const struct figures *f)
{
    head(out, "offstage_jobs", "gauge", "Unfinished jobs by their kind, where there are any.");
    print_state(out, f, "available", offsetof(struct queue_kind, available));
    print_state(out, f, "scheduled", offsetof(struct queue_kind, scheduled));
    print_state(out, f, "running", offsetof(struct queue_kind, running));
    print_state(out, f, "retryable", offsetof(struct queue_kind, retryable));
    head(out, "offstage_job_oldest_seconds", "gauge", "Wait of the oldest available job.");
    for (size_t i = 0; i < f->kind_count; i++)
        buf_printf(out, "offstage_job_oldest_seconds{queue=\"%s\",kind=\"%s\"} %.3f\n",
                   f->kinds[i].queue, f->kinds[i].kind, f->kinds[i].oldest_s);
}

static void
print_gauge(struct buf *out, const struct figures *f, const char *state, size_t offset)
{
    for (size_t i = 0; i < f->queue_count; i++) {
        int64_t n;

        memcpy(&n, (const char *)&f->queues[i] + offset, sizeof(n));
        buf_printf(out, "offstage_queue_jobs{queue=\"%s\",state=\"%s\"} %" PRId64 "\n",
                   f->queues[i].name, state, n);
    }
}

static void
print_queues(struct buf *out, const struct figures *f)
{
    head(out, "offstage_queue_jobs", "gauge",
         "Unfinished jobs, and those discarded in the last day.");
    print_gauge(out, f, "available", offsetof(struct queue_info, available));
    print_gauge(out, f, "scheduled", offsetof(struct queue_info, scheduled));
    print_gauge(out, f, "running", offsetof(struct queue_info, running));
    print_gauge(out, f, "retryable", offsetof(struct queue_info, retryable));
    print_gauge(out, f, "discarded", offsetof(struct queue_info, discarded));
    head(out, "offstage_queue_oldest_seconds", "gauge", "Wait of the oldest available job.");
    for (size_t i = 0; i < f->queue_count; i++)
        buf_printf(out, "offstage_queue_oldest_seconds{queue=\"%s\"} %.3f\n", f->queues[i].name,
                   f->queues[i].oldest_s);
    head(out, "offstage_queue_paused", "gauge", "1 while a queue is paused.");
    for (size_t i = 0; i < f->queue_count; i++)
        buf_printf(out, "offstage_queue_paused{queue=\"%s\"} %d\n", f->queues[i].name,
                   f->queues[i].paused);
}

static void
print_workers(struct buf *out, const struct figures *f)
{
    int64_t running = 0;

    for (size_t i = 0; i < f->worker_count; i++)
        running += f->workers[i].running;
    head(out, "offstage_workers", "gauge", "Workers that live.");
    buf_printf(out, "offstage_workers %zu\n", f->worker_count);
    head(out, "offstage_workers_running", "gauge", "Jobs that they have, some seconds ago.");
    buf_printf(out, "offstage_workers_running %" PRId64 "\n", running);
}

/* Is the sample one of the family? Those of a histogram have a word behind its name. */
static bool
is_of(const char *sample, const char *family)
{
    static const char *const suffixes[] = { "", "_bucket", "_sum", "_count" };
    size_t len = strlen(family), rest;

    if (strncmp(sample, family, len) != 0)
        return false;
    rest = strcspn(sample + len, "{");
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (rest == strlen(suffixes[i]) && strncmp(sample + len, suffixes[i], rest) == 0)
            return true;
    return false;
}

static void
print_counters(struct buf *out, const struct figures *f)
{
    for (const struct counter_family *family = counter_families; family->name; family++) {
        head(out, family->name, family->type, family->help);
        for (size_t i = 0; i < f->counter_count; i++)
            if (is_of(f->counters[i].name, family->name))
                buf_printf(out, "%s %.17g\n", f->counters[i].name, f->counters[i].value);
    }
}

struct err
metrics_read(struct request *rq, struct reply *rp)
{
    struct figures figures = { 0 };
    struct err e = look(rq, &figures);
    struct buf *out;

    (void)reply_json(rp, 200);
    rp->content_type = "text/plain; version=0.0.4; charset=utf-8";
    out = &rp->body;
    stats_print(rq->app->stats, out);
    head(out, "offstage_database_up", "gauge", "Whether PostgreSQL answers.");
    buf_printf(out, "offstage_database_up %d\n", !e.code);
    if (e.code)
        return OK;
    print_jobs(out, &figures);
    print_queues(out, &figures);
    print_workers(out, &figures);
    print_counters(out, &figures);
    return OK;
}
