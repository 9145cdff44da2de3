#include "db/job.h"

#include "db/db.h"
#include "db/notify.h"
#include "lib/arena.h"
#include "lib/secret.h"
#include "lib/str.h"

#include <assert.h>
#include <string.h>

#define QUEUE_USUAL "default"
#define ID_LAST     "ffffffff-ffff-ffff-ffff-ffffffffffff"

const char *const job_state_names[JOB_STATE_COUNT + 1] = { "available", "scheduled", "running",
                                                           "retryable", "completed", "discarded",
                                                           "cancelled", NULL };

/* ---- adding --------------------------------------------------------------- */

struct id
job_key(const char *name, const char *value)
{
    uint8_t hash[SECRET_HASH_BYTES], both[2][SECRET_HASH_BYTES];

    /* Hashed one by one, so that no other pair joins to the same bytes. */
    secret_hash(name, strlen(name), both[0]);
    secret_hash(value, strlen(value), both[1]);
    secret_hash(both, sizeof(both), hash);
    hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x80);
    hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80);
    return id_from_bytes(hash);
}

static struct err
check(const struct job_new *job)
{
    assert(id_is_set(job->id) && job->kind && strlen(job->kind) <= JOB_KIND_MAX);
    assert(job->priority >= 0 && job->priority < JOB_PRIORITIES);
    if (job->payload && strlen(job->payload) > JOB_PAYLOAD_MAX)
        return ERR(ERR_INVALID, "a job's payload is too long");
    return OK;
}

static const char *
queue_of(const struct job_new *job)
{
    return job->queue ? job->queue : QUEUE_USUAL;
}

static struct arg
deadline_arg(const struct job_new *job)
{
    return job->deadline_ms > 0 ? arg_int(job->deadline_ms) : arg_null();
}

struct err
job_add(struct db *db, struct arena *a, const struct job_new *job)
{
    bool keyed = id_is_set(job->serial_key) || id_is_set(job->unique_key);
    const struct arg args[] = {
        arg_id(job->id),
        arg_str(job->kind),
        arg_str(queue_of(job)),
        arg_int(job->priority),
        arg_int(job->max_attempts > 0 ? job->max_attempts : 1),
        arg_int(job->delay_ms),
        deadline_arg(job),
        arg_id(job->user_id),
        arg_id(job->subject_id),
        arg_str(job->request_id),
        arg_str(job->payload),
        arg_bool(job->forget),
        arg_id(job->serial_key),
        arg_id(job->unique_key),
    };
    size_t n = sizeof(args) / sizeof(args[0]);

    (void)a;
    TRY(check(job));
    TRY(keyed ? db_later(db, Q_JOB_ADD_KEYED, args, n) : db_later(db, Q_JOB_ADD, args, n - 2));
    db_notify_if_rows(db, NOTIFY_JOB, queue_of(job));
    return OK;
}

static bool
is_same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether they differ in nothing but id, user, subject and payload. */
static bool
is_alike(const struct job_new *a, const struct job_new *b)
{
    return is_same(a->kind, b->kind) && is_same(queue_of(a), queue_of(b)) &&
           a->priority == b->priority && a->max_attempts == b->max_attempts &&
           a->delay_ms == b->delay_ms && a->deadline_ms == b->deadline_ms &&
           is_same(a->request_id, b->request_id) && a->forget == b->forget;
}

static struct err
add_alike(struct db *db, struct arena *a, const struct job_new *jobs, size_t n)
{
    struct id *ids = arena_array(a, n, sizeof(*ids));
    struct id *users = arena_array(a, n, sizeof(*users));
    struct id *subjects = arena_array(a, n, sizeof(*subjects));
    const char **payloads = arena_array(a, n, sizeof(*payloads));

    for (size_t i = 0; i < n; i++) {
        ids[i] = jobs[i].id;
        users[i] = jobs[i].user_id;
        subjects[i] = jobs[i].subject_id;
        payloads[i] = jobs[i].payload;
    }
    TRY(db_later(db, Q_JOB_ADD_ALIKE,
                 ARGS(arg_ids(a, ids, n), arg_ids(a, users, n), arg_ids(a, subjects, n),
                      arg_strs(a, payloads, n), arg_str(jobs->kind), arg_str(queue_of(jobs)),
                      arg_int(jobs->priority),
                      arg_int(jobs->max_attempts > 0 ? jobs->max_attempts : 1),
                      arg_int(jobs->delay_ms), deadline_arg(jobs), arg_str(jobs->request_id),
                      arg_bool(jobs->forget))));
    db_notify_if_rows(db, NOTIFY_JOB, queue_of(jobs));
    return OK;
}

struct err
job_add_many(struct db *db, struct arena *a, const struct job_new *jobs, size_t n)
{
    size_t from = 0;

    for (size_t i = 0; i < n; i++) {
        TRY(check(&jobs[i]));
        if (id_is_set(jobs[i].serial_key) || id_is_set(jobs[i].unique_key))
            return ERR(ERR_INTERNAL, "jobs with keys are added one by one");
        if (i + 1 < n && is_alike(&jobs[i], &jobs[i + 1]))
            continue;
        TRY(add_alike(db, a, jobs + from, i + 1 - from));
        from = i + 1;
    }
    return OK;
}

/* ---- looking -------------------------------------------------------------- */

static struct job_info
read_info(const struct row *r)
{
    return (struct job_info){
        .id = row_id(r, "id"),
        .user_id = row_opt_id(r, "user_id"),
        .subject_id = row_opt_id(r, "subject_id"),
        .kind = row_str(r, "kind"),
        .queue = row_str(r, "queue"),
        .state = job_state_names[row_int(r, "state")],
        .error = row_opt_str(r, "error"),
        .message = row_opt_str(r, "message"),
        .priority = (int)row_int(r, "priority"),
        .attempt = (int)row_int(r, "attempt"),
        .max_attempts = (int)row_int(r, "max_attempts"),
        .progress = (int)row_int(r, "progress"),
        .created_at = row_str(r, "created_at"),
        .run_at = row_str(r, "run_at"),
        .started_at = row_opt_str(r, "started_at"),
        .finished_at = row_opt_str(r, "finished_at"),
    };
}

struct err
job_get(struct db *db, struct arena *a, struct id id, struct job_info *out)
{
    struct row row;
    struct err e = db_one(db, a, Q_JOB_GET, ARGS(arg_id(id)), &row);

    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_NOT_FOUND, "job not found");
    TRY(e);
    *out = read_info(&row);
    return OK;
}

static struct err
state_arg(const char *name, struct arg *out)
{
    *out = arg_null();
    if (!name)
        return OK;
    for (int i = 0; i < JOB_STATE_COUNT; i++) {
        if (strcmp(job_state_names[i], name) == 0) {
            *out = arg_int(i);
            return OK;
        }
    }
    return ERR(ERR_INVALID, "there is no such state of a job");
}

struct err
job_list(struct db *db, struct arena *a, const struct job_filter *filter, struct job_info **out,
         size_t *count)
{
    enum query q = filter->everybody ? Q_JOB_LIST_EVERYBODY : Q_JOB_LIST;
    struct job_info *list;
    struct rows rows;
    struct arg state;

    TRY(state_arg(filter->state, &state));
    TRY(db_all(db, a, q,
               ARGS(arg_str(id_is_set(filter->before) ? filter->before.s : ID_LAST), state,
                    arg_str(filter->kind), arg_str(filter->queue), arg_int(filter->limit)),
               &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_info(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

/* ---- deciding -------------------------------------------------------------- */

struct err
job_cancel(struct db *db, struct arena *a, struct id id, enum job_cancelled *out)
{
    struct row row;

    TRY(db_one(db, a, Q_JOB_CANCEL, ARGS(arg_id(id)), &row));
    *out = (enum job_cancelled)row_int(&row, "how");
    return OK;
}

struct err
job_retry(struct db *db, struct arena *a, struct id id)
{
    struct row row;

    return db_one(db, a, Q_JOB_RETRY, ARGS(arg_id(id)), &row);
}

struct err
job_position(struct db *db, struct arena *a, struct id id, int64_t *out)
{
    struct row row;
    int64_t position;

    TRY(db_one(db, a, Q_JOB_POSITION, ARGS(arg_id(id), arg_int(JOB_POSITION_MAX)), &row));
    position = row_opt_int(&row, "position", -1);
    if (position < 0)
        return ERR(ERR_NOT_FOUND, "job not found");
    *out = position;
    return OK;
}

struct err
job_count_user(struct db *db, struct arena *a, const char *queue, struct id user_id, int64_t *out)
{
    struct row row;

    TRY(db_one(db, a, Q_JOB_COUNT_USER, ARGS(arg_str(queue), arg_id(user_id)), &row));
    *out = row_int(&row, "n");
    return OK;
}
