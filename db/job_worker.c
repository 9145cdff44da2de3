/* A worker's life, and the ends of single jobs. */
#include "db/db.h"
#include "db/job_marks.h"
#include "db/notify.h"
#include "lib/arena.h"
#include "lib/str.h"

struct err
job_worker_start(struct db *db, struct db *listener, struct arena *a, const char *host, int pid,
                 const char *queues, struct job_worker *out)
{
    int64_t lease;
    struct row row;
    struct rows rows;

    TRY(db_listen(listener, NOTIFY_JOB));
    TRY(db_listen(listener, NOTIFY_WORKER));
    TRY(db_begin(listener, TX_NONE, ID_NONE));
    TRY(db_one(listener, a, Q_WORKER_LEASE, NO_ARGS, &row));
    lease = row_int(&row, "lease");
    TRY(db_begin(db, TX_NONE, ID_NONE));
    TRY(db_all(db, a, Q_WORKER_INSERT,
               ARGS(arg_int(lease), arg_str(host), arg_int(pid), arg_str(queues)), &rows));
    *out = (struct job_worker){ lease, job_marks_new(a, queues) };
    return OK;
}

struct err
job_worker_beat(struct db *db, struct arena *a, const struct job_worker *w, int64_t running)
{
    struct rows rows;

    TRY(db_begin(db, TX_NONE, ID_NONE));
    TRY(db_all(db, a, Q_WORKER_BEAT, ARGS(arg_int(w->lease), arg_int(running)), &rows));
    return rows.affected ? OK : ERR(ERR_LEASE_LOST, "the lease of this worker is gone");
}

struct err
job_worker_stop(struct db *db, struct arena *a, const struct job_worker *w)
{
    struct row row;

    TRY(db_begin(db, TX_NONE, ID_NONE));
    return db_one(db, a, Q_WORKER_BURY, ARGS(arg_int(w->lease)), &row);
}

struct err
job_rescue(struct db *db, struct arena *a, const struct job_worker *w, int64_t *freed)
{
    struct row row;

    TRY(db_begin(db, TX_NONE, ID_NONE));
    TRY(db_one(db, a, Q_WORKERS_RESCUE, ARGS(arg_int(w->lease), arg_int(JOB_WORKER_DEAD_S)), &row));
    *freed = row_int(&row, "freed");
    return OK;
}

struct err
job_promote(struct db *db, struct arena *a, int64_t *moved)
{
    struct row row;

    TRY(db_begin(db, TX_NONE, ID_NONE));
    TRY(db_one(db, a, Q_JOBS_PROMOTE, NO_ARGS, &row));
    *moved = row_int(&row, "moved");
    return OK;
}

struct err
job_fence(struct db *db, const struct job_worker *w)
{
    return db_later(db, Q_JOB_FENCE, ARGS(arg_int(w->lease)));
}

const char *
job_error_text(struct arena *a, const char *error)
{
    return error ? str_dup(a, str_utf8_prefix(str_from(error), JOB_ERROR_MAX)) : NULL;
}

struct err
job_end_here(struct db *db, struct arena *a, const struct job_worker *w, const struct job_end *end)
{
    return db_later(db, Q_JOB_END_HERE,
                    ARGS(arg_int(w->lease), arg_id(end->id), arg_int((int64_t)end->outcome),
                         arg_int(end->delay_ms), arg_str(job_error_text(a, end->error))));
}

struct err
job_progress(struct db *db, struct arena *a, const struct job_worker *w, struct id job_id,
             int percent, const char *message)
{
    return db_later(db, Q_JOB_PROGRESS,
                    ARGS(arg_int(w->lease), arg_id(job_id), arg_int(percent),
                         arg_str(job_error_text(a, message))));
}
