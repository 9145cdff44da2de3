/* What operators see and change of the queue: queues, workers, what has finished. */
#include "db/db.h"
#include "db/job.h"
#include "lib/arena.h"

#include <math.h>

static struct queue_info
read_queue(const struct row *r)
{
    return (struct queue_info){
        .name = row_str(r, "name"),
        .paused = row_bool(r, "paused"),
        .max_running = row_int(r, "max_running"),
        .max_running_user = row_int(r, "max_running_user"),
        .available = row_int(r, "available"),
        .scheduled = row_int(r, "scheduled"),
        .running = row_int(r, "running"),
        .retryable = row_int(r, "retryable"),
        .discarded = row_int(r, "discarded"),
        .oldest_s = row_double(r, "oldest_s"),
    };
}

struct err
queue_list(struct db *db, struct arena *a, struct queue_info **out, size_t *count)
{
    struct queue_info *list;
    struct rows rows;

    TRY(db_all(db, a, Q_QUEUE_LIST, NO_ARGS, &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_queue(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

static struct queue_times
read_times(const struct row *r, const char *p50, const char *p95, const char *p99)
{
    return (struct queue_times){ row_opt_double(r, p50, (double)NAN),
                                 row_opt_double(r, p95, (double)NAN),
                                 row_opt_double(r, p99, (double)NAN) };
}

static struct queue_kind
read_depth(const struct row *r)
{
    return (struct queue_kind){
        .queue = row_str(r, "queue"),
        .kind = row_str(r, "kind"),
        .available = row_int(r, "available"),
        .scheduled = row_int(r, "scheduled"),
        .running = row_int(r, "running"),
        .retryable = row_int(r, "retryable"),
        .oldest_s = row_double(r, "oldest_s"),
    };
}

struct err
queue_depths(struct db *db, struct arena *a, struct queue_kind **out, size_t *count)
{
    struct queue_kind *list;
    struct rows rows;

    TRY(db_all(db, a, Q_QUEUE_DEPTHS, NO_ARGS, &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = read_depth(&r);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
queue_kinds(struct db *db, struct arena *a, struct queue_kind **out, size_t *count)
{
    struct queue_kind *list;
    struct rows rows;

    TRY(db_all(db, a, Q_QUEUE_KINDS, ARGS(arg_int(QUEUE_SAMPLE)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = read_depth(&r);
        list[i].window_s = row_double(&r, "window_s");
        list[i].completed = row_int(&r, "completed");
        list[i].discarded = row_int(&r, "discarded");
        list[i].cancelled = row_int(&r, "cancelled");
        list[i].wait = read_times(&r, "wait_p50", "wait_p95", "wait_p99");
        list[i].run = read_times(&r, "run_p50", "run_p95", "run_p99");
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
queue_pause(struct db *db, struct arena *a, const char *name, bool paused)
{
    struct rows rows;

    TRY(db_all(db, a, Q_QUEUE_PAUSE, ARGS(arg_str(name), arg_bool(paused)), &rows));
    if (rows.affected == 0)
        return ERR(ERR_NOT_FOUND, "queue not found");
    return paused ? OK : db_later(db, Q_QUEUE_WAKE, ARGS(arg_str(name)));
}

struct err
queue_limit(struct db *db, struct arena *a, const char *name, int64_t max_running,
            int64_t max_running_user)
{
    struct row row;

    TRY(db_one(db, a, Q_QUEUE_LIMIT,
               ARGS(arg_str(name), max_running < 0 ? arg_null() : arg_int(max_running),
                    max_running_user < 0 ? arg_null() : arg_int(max_running_user)),
               &row));
    return row_bool(&row, "known") ? OK : ERR(ERR_NOT_FOUND, "queue not found");
}

struct err
worker_list(struct db *db, struct arena *a, struct worker_info **out, size_t *count)
{
    struct worker_info *list;
    struct rows rows;

    TRY(db_all(db, a, Q_WORKER_LIST, NO_ARGS, &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct worker_info){ .lease = row_int(&r, "lease"),
                                        .host = row_str(&r, "host"),
                                        .queues = row_str(&r, "queues"),
                                        .started_at = row_str(&r, "started_at"),
                                        .seen_at = row_str(&r, "seen_at"),
                                        .pid = (int)row_int(&r, "pid"),
                                        .running = row_int(&r, "running") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
job_sweep(struct db *db, struct arena *a, int64_t keep_days)
{
    struct row row;

    return db_one(db, a, Q_JOBS_SWEEP, ARGS(arg_int(keep_days)), &row);
}
