/*
 * Job: the queue. Unfinished jobs are in one small table, finished ones in
 * another (see migrations/0002_queue.sql for the layout and its reasons).
 *
 * A job is added in the transaction of what it is about, claimed in batches
 * with FOR ... SKIP LOCKED by a worker's incarnation, and ended under that
 * incarnation's live lease only: job_fence() first in a transaction makes
 * everything in it fail with ERR_LEASE_LOST once another worker has taken the
 * jobs away. The database's clock decides all times.
 *
 * Order: priority (0 first), then position; a retry goes to the end, and so
 * does a job that had to wait for its serial key or a limit. Jobs with one
 * serial key run one after the other, in the order they were added; one that
 * will be retried keeps its key. Of jobs with one unique key at most one is
 * unfinished.
 *
 * Locks: adding a job with a serial key holds up the end of the job that has
 * the key until the adder commits. So whoever locks other rows that a worker
 * writes with a job's end does so in one order: chat, job, feed.
 */
#ifndef DB_JOB_H
#define DB_JOB_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define JOB_PRIORITIES     10 /* 0 is the most urgent */
#define JOB_PRIORITY_USUAL 5
#define JOB_CLAIM_MAX      500
#define JOB_KIND_MAX       40                    /* characters */
#define JOB_PAYLOAD_MAX    ((size_t)1024 * 1024) /* bytes */
#define JOB_ERROR_MAX      2000                  /* bytes; longer ones are cut */
#define JOB_POSITION_MAX   1000

/* As the API names them. */
enum job_state {
    JOB_AVAILABLE, /* waits for a worker, or for its turn under a serial key or limit */
    JOB_SCHEDULED, /* waits for its time */
    JOB_RUNNING,
    JOB_RETRYABLE, /* failed, waits for the next attempt */
    JOB_COMPLETED,
    JOB_DISCARDED, /* out of attempts, or failed for good: a dead letter */
    JOB_CANCELLED,
    JOB_STATE_COUNT
};
extern const char *const job_state_names[JOB_STATE_COUNT + 1];

struct job_new {
    struct id id; /* made by id_new() */
    const char *kind;
    const char *queue;      /* NULL: "default" */
    int priority;           /* 0..9; set JOB_PRIORITY_USUAL */
    int max_attempts;       /* 0: 1 */
    int64_t delay_ms;       /* not before now + this */
    int64_t deadline_ms;    /* not started later than now + this: expired; 0: none */
    struct id user_id;      /* whose work this is; unset: the system's */
    struct id subject_id;   /* the row that it is about: request, source, ...; may be unset */
    struct id serial_key;   /* may be unset */
    struct id unique_key;   /* may be unset; see job_key() */
    const char *request_id; /* of the HTTP request, for logs; may be NULL */
    const char *payload;    /* JSON text; NULL: none */
    bool forget;            /* keep no record of it when it completes */
};

/* A key made from a name and a value (a hash as a UUIDv8): the same for the same texts. */
struct id job_key(const char *name, const char *value);

/*
 * Add a job within the open transaction and wake a sleeping worker at its
 * commit. Answers nothing, so it is queued (db_later) and costs no round trip.
 * When an unfinished job holds the unique key nothing is added. The caller's
 * user must be the job's (row-level security), or the caller the worker.
 */
struct err job_add(struct db *db, struct arena *a, const struct job_new *job) CHECKED;

/*
 * Many at once, without serial and unique keys (ERR_INTERNAL), queued: one
 * statement for each run of jobs that differ in nothing but id, user, subject
 * and payload; no more than some tens of those.
 */
struct err job_add_many(struct db *db, struct arena *a, const struct job_new *jobs,
                        size_t n) CHECKED;

/*
 * Where a claimed job's row lies, and what its end has to look after. Copied
 * into the job's end it halves the work of that; all zero is unknown, and as good.
 */
struct job_place {
    int64_t pos;
    char at[20]; /* "" when unknown */
    bool forget, limited;
    struct id serial_key;
};

/* What a worker gets. */
struct job_claimed {
    struct id id;
    struct job_place place;
    const char *kind, *queue, *payload, *request_id; /* payload, request_id may be NULL */
    struct id user_id, subject_id;
    int priority, attempt, max_attempts; /* attempt: 1 for the first */
    int64_t waited_ms;                   /* since it could first have run */
    /* Not to be run but to be ended, with the consequences that its kind knows: */
    bool cancel;    /* as cancelled: it was while its worker was away */
    bool exhausted; /* as discarded: its last attempt took its worker with it */
    bool expired;   /* as discarded: its deadline has passed */
};

/* How a job ended, or where it goes next. */
enum job_outcome {
    JOB_END_COMPLETED,
    JOB_END_RETRY,     /* again after delay_ms; discarded when attempts are used up */
    JOB_END_DISCARDED, /* failed for good */
    JOB_END_CANCELLED,
    JOB_END_RETURN, /* hand back unfinished at a graceful stop: the attempt does not count */
};

struct job_end {
    struct id id;
    struct job_place place; /* as claimed; may be zero */
    enum job_outcome outcome;
    int64_t delay_ms;  /* JOB_END_RETRY */
    const char *error; /* one line for people; NULL when completed */
};

/* ---- a worker's life ---------------------------------------------------- */
/* Those that take no open transaction make their own: all but job_fence() and what follows it. */

struct job_worker {
    int64_t lease;           /* incarnation: the fence; 0 when not registered */
    struct job_marks *marks; /* private to job_exchange() */
};

/*
 * Register a new incarnation. `listener` is the connection that stays open
 * while the worker lives: it takes the session lock by which peers see its
 * death at once, and listens on NOTIFY_JOB and NOTIFY_WORKER. `queues` are the
 * names of those that it serves, separated by commas; NULL: all. Its memory is
 * from `a`.
 *
 * Register again, after dropping all work, when that connection was lost; also
 * when job_exchange() lost its own (db_is_connected() says so), for it may
 * have claimed jobs that nobody knows of.
 */
struct err job_worker_start(struct db *db, struct db *listener, struct arena *a, const char *host,
                            int pid, const char *queues, struct job_worker *out) CHECKED;

/* Say that this worker lives; every 5 s. ERR_LEASE_LOST when peers have buried it. */
struct err job_worker_beat(struct db *db, struct arena *a, const struct job_worker *w,
                           int64_t running) CHECKED;

/* Remove the incarnation; whatever it still holds goes back to the queue at once. */
struct err job_worker_stop(struct db *db, struct arena *a, const struct job_worker *w) CHECKED;

#define JOB_WORKER_DEAD_S 30

/*
 * Once a second. Bury dead workers: those whose session lock is free (process
 * gone) or that have not beaten for 30 s (host gone), and put their jobs back,
 * with the attempt counted; *freed is how many. A job that lost its last
 * attempt like this is claimed once more, as exhausted.
 */
struct err job_rescue(struct db *db, struct arena *a, const struct job_worker *w,
                      int64_t *freed) CHECKED;

/* Once a second. Put in line what is due, and what waits for a limit that has room again. */
struct err job_promote(struct db *db, struct arena *a, int64_t *moved) CHECKED;

/*
 * Record ends and claim more: one round trip and one transaction, or a few when
 * queues with limits are served, or ends are other than plain completions.
 * `limit` 0 claims nothing. A worker that will wait for a notification when it
 * gets nothing sets `sleep`; one that has work or no room does not. `asleep`
 * then says that adders notify: when it is set and nothing was claimed, waiting
 * is safe; else call again. Ends of jobs that this lease no longer holds are
 * dropped and counted. Claims that are all there is to a call commit
 * asynchronously: losing one loses nothing.
 *
 * ERR_LEASE_LOST: buried. ERR_UNAVAILABLE with the connection alive: repeat,
 * what was recorded already is then counted as dropped. With it lost: see
 * job_worker_start().
 */
struct job_exchange {
    const struct job_end *ends;
    size_t end_count;
    const char *const *queues; /* claim from these; NULL: from those that this worker serves */
    size_t queue_count;
    int limit; /* at most JOB_CLAIM_MAX */
    bool sleep;
    /* out */
    struct job_claimed *claimed; /* by priority, then position; in the arena */
    size_t claimed_count;
    int64_t dropped;
    bool asleep;
};
struct err job_exchange(struct db *db, struct arena *a, struct job_worker *w,
                        struct job_exchange *x) CHECKED;

/*
 * First in a transaction that writes a job's results: everything in it fails
 * with ERR_LEASE_LOST unless this worker's incarnation is alive, and the
 * worker cannot be buried before it ends. Queued. One row is locked,
 * whatever the number of jobs.
 */
struct err job_fence(struct db *db, const struct job_worker *w) CHECKED;

/*
 * End one job within the open transaction, so that its effect and its end
 * commit together; also lets the next of its serial key go on. Queued; fails the
 * transaction with ERR_LEASE_LOST when the job is no longer held.
 */
struct err job_end_here(struct db *db, struct arena *a, const struct job_worker *w,
                        const struct job_end *end) CHECKED;

/* 0..100 and a line for people; shown while the job runs, the line also when it has ended by
 * job_end_here(). Queued. */
struct err job_progress(struct db *db, struct arena *a, const struct job_worker *w,
                        struct id job_id, int percent, const char *message) CHECKED;

/* ---- for users and operators -------------------------------------------- */

struct job_info {
    struct id id, user_id, subject_id;
    const char *kind, *queue, *state, *error, *message; /* error, message may be NULL */
    int priority, attempt, max_attempts, progress;
    const char *created_at, *run_at;      /* RFC 3339 */
    const char *started_at, *finished_at; /* the same; may be NULL */
};

struct job_filter {
    const char *state, *kind, *queue; /* NULL: any */
    struct id before;                 /* page: jobs added before this one; unset: newest */
    int limit;
    bool everybody; /* admins: all users' */
};

/* ERR_NOT_FOUND when unknown, forgotten or another user's. */
struct err job_get(struct db *db, struct arena *a, struct id id, struct job_info *out) CHECKED;

/* Newest first. ERR_INVALID when there is no such state. */
struct err job_list(struct db *db, struct arena *a, const struct job_filter *filter,
                    struct job_info **out, size_t *count) CHECKED;

enum job_cancelled {
    JOB_CANCEL_DONE,    /* was waiting: is cancelled now; its subject is the caller's to settle */
    JOB_CANCEL_ASKED,   /* runs: its worker has been told, and ends it within a second */
    JOB_CANCEL_TOO_LATE /* had ended before */
};
/* ERR_NOT_FOUND as job_get(). */
struct err job_cancel(struct db *db, struct arena *a, struct id id,
                      enum job_cancelled *out) CHECKED;

/* Discarded, cancelled or retryable: run again now, its attempts renewed. ERR_CONFLICT else. */
struct err job_retry(struct db *db, struct arena *a, struct id id) CHECKED;

/*
 * The place of the caller's job among those that it waits with (in its queue,
 * for its serial key, for its user's limit), at most JOB_POSITION_MAX: 1 is
 * next, 0 runs. ERR_NOT_FOUND when it has ended or is another user's.
 */
struct err job_position(struct db *db, struct arena *a, struct id id, int64_t *out) CHECKED;

/* Unfinished jobs of the user in a queue. */
struct err job_count_user(struct db *db, struct arena *a, const char *queue, struct id user_id,
                          int64_t *out) CHECKED;

struct queue_info {
    const char *name;
    bool paused;
    int64_t max_running, max_running_user;                       /* 0: no limit */
    int64_t available, scheduled, running, retryable, discarded; /* discarded: in the last day */
    double oldest_s; /* wait of the oldest available job; 0 without */
};
struct err queue_list(struct db *db, struct arena *a, struct queue_info **out,
                      size_t *count) CHECKED;

/* The jobs of one kind in a queue; times in seconds. */
struct queue_kind {
    const char *queue, *kind;
    int64_t available, scheduled, running, retryable;
    double oldest_s; /* as of queues */
    /* Of those that ended in the last `window_s` seconds, at most QUEUE_SAMPLE of them: */
    double window_s;
    int64_t completed, discarded, cancelled;
    struct queue_times {
        double p50, p95, p99; /* NaN when there are none */
    } wait, run; /* from when a job could run to its last start; from there to its end */
};
#define QUEUE_SAMPLE 10000

/* By queue and kind. Jobs that leave no record (`forget`) do not count as ended. */
struct err queue_kinds(struct db *db, struct arena *a, struct queue_kind **out,
                       size_t *count) CHECKED;

/* The same without what has ended: window_s and what follows it are 0. */
struct err queue_depths(struct db *db, struct arena *a, struct queue_kind **out,
                        size_t *count) CHECKED;

/*
 * Admins only: nobody else sees a queue to change. ERR_NOT_FOUND for an unknown
 * queue. A paused queue's running jobs go on. Negative limits stay as they are.
 */
struct err queue_pause(struct db *db, struct arena *a, const char *name, bool paused) CHECKED;
struct err queue_limit(struct db *db, struct arena *a, const char *name, int64_t max_running,
                       int64_t max_running_user) CHECKED;

struct worker_info {
    int64_t lease;
    const char *host, *queues, *started_at, *seen_at; /* queues: "" for all */
    int pid;
    int64_t running;
};
struct err worker_list(struct db *db, struct arena *a, struct worker_info **out,
                       size_t *count) CHECKED;

/* Forget jobs that finished more than keep_days ago, and make room for those to come. */
struct err job_sweep(struct db *db, struct arena *a, int64_t keep_days) CHECKED;

#endif
