/* offstage-admin queue, worker, audit: what goes on. */
#include "admin/admin.h"
#include "db/db.h"
#include "db/job.h"
#include "lib/arena.h"

#include <inttypes.h>
#include <stdio.h>

#define AUDIT_USUAL 20

static struct err
queues(struct admin *ad)
{
    static const char *const head[] = { "queue",    "waiting", "running",  "scheduled",
                                        "retrying", "failed",  "oldest s", "" };
    static const int widths[] = { 12, 9, 9, 10, 9, 9, 9 };
    struct queue_info *list;
    size_t count;

    TRY(admin_begin_read(ad));
    TRY(queue_list(ad->db, ad->arena, &list, &count));
    db_end_read(ad->db);
    admin_row(head, widths, 8);
    for (size_t i = 0; i < count; i++) {
        const struct queue_info *q = &list[i];
        const char *cells[] = { q->name,
                                arena_printf(ad->arena, "%" PRId64, q->available),
                                arena_printf(ad->arena, "%" PRId64, q->running),
                                arena_printf(ad->arena, "%" PRId64, q->scheduled),
                                arena_printf(ad->arena, "%" PRId64, q->retryable),
                                arena_printf(ad->arena, "%" PRId64, q->discarded),
                                arena_printf(ad->arena, "%.0f", q->oldest_s),
                                q->paused ? "paused" : "" };

        admin_row(cells, widths, 8);
    }
    return OK;
}

static struct err
pause_queue(struct admin *ad, bool paused)
{
    TRY(admin_begin(ad));
    TRY(queue_pause(ad->db, ad->arena, ad->args[0], paused));
    return db_commit(ad->db);
}

static struct err
halt(struct admin *ad)
{
    return pause_queue(ad, true);
}

static struct err
resume(struct admin *ad)
{
    return pause_queue(ad, false);
}

static struct err
workers(struct admin *ad)
{
    static const char *const head[] = { "host", "pid", "running", "started", "seen", "queues" };
    static const int widths[] = { 20, 8, 8, 27, 27 };
    struct worker_info *list;
    size_t count;

    TRY(admin_begin_read(ad));
    TRY(worker_list(ad->db, ad->arena, &list, &count));
    db_end_read(ad->db);
    admin_row(head, widths, 6);
    for (size_t i = 0; i < count; i++) {
        const struct worker_info *w = &list[i];
        const char *cells[] = { w->host,
                                arena_printf(ad->arena, "%d", w->pid),
                                arena_printf(ad->arena, "%" PRId64, w->running),
                                w->started_at,
                                w->seen_at,
                                w->queues[0] ? w->queues : "all" };

        admin_row(cells, widths, 6);
    }
    return OK;
}

static struct err
show_audit(struct admin *ad)
{
    static const int widths[] = { 27, 19, 30, 16, 36 };
    struct audit_filter filter = { .limit =
                                       (int)(ad->options.limit ? ad->options.limit : AUDIT_USUAL) };
    struct audit_info *list;
    size_t count;

    TRY(admin_begin_read(ad));
    TRY(audit_list(ad->db, ad->arena, &filter, &list, &count));
    db_end_read(ad->db);
    for (size_t i = 0; i < count; i++) {
        const struct audit_info *e = &list[i];
        const char *cells[] = {
            e->at, e->action, e->email, e->address, e->subject_id.s, e->detail
        };

        admin_row(cells, widths, 6);
    }
    return OK;
}

const struct command queue_commands[] = {
    { "queue", "list", "", "show the queues: what waits, runs, failed in the last day", 0, 0,
      queues },
    { "queue", "pause", "NAME", "start no more jobs of a queue", 1, 1, halt },
    { "queue", "resume", "NAME", "go on with it", 1, 1, resume },
    { "worker", "list", "", "show the workers that live", 0, 0, workers },
    { "audit", "", "[--limit N]", "show the end of the audit log, newest first", 0, 0, show_audit },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};
