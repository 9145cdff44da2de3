#include "db/db.h"
#include "db/job_marks.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define REFRESH_MS  1000 /* table queues is read again */
#define AWAKE_MS    1000 /* of work without a pause, after which adders need not notify */
#define PARK_ROUNDS 20   /* claims in a row from a queue that only park */
#define ARRAY_MAX   ((size_t)64 * 1024)

/* One call: what it was given and how far it is. */
struct call {
    struct db *db;
    struct arena *arena;
    const struct job_worker *w;
    struct job_marks *marks;
    struct job_exchange *x;
    int64_t began_ms;
    bool moved;  /* the ends' places were wrong */
    bool writes; /* ends are queued: the transaction must be durable */
    size_t room; /* claims that are still wanted */
    int64_t dropped;
};

/* ---- ends ------------------------------------------------------------------- */

/* Completions that need no more than their rows' places. */
static bool
is_plain(const struct job_end *end)
{
    return end->outcome == JOB_END_COMPLETED && end->place.at[0] && !end->place.limited;
}

static struct err
end_plain(struct call *c, bool forget)
{
    size_t n = c->x->end_count;
    struct id *keys = arena_array(c->arena, n, sizeof(*keys));
    struct buf places;
    size_t key_count = 0;
    int64_t sum = 0;

    buf_init(&places, c->arena, n * 24 + 3);
    for (size_t i = 0; i < n; i++) {
        const struct job_end *end = &c->x->ends[i];

        if (!is_plain(end) || end->place.forget != forget)
            continue;
        buf_add_str(&places, places.len ? ",\"" : "{\"");
        buf_add_str(&places, end->place.at);
        buf_add_char(&places, '"');
        sum += end->place.pos;
        if (id_is_set(end->place.serial_key))
            keys[key_count++] = end->place.serial_key;
    }
    if (!places.len)
        return OK;
    buf_add_char(&places, '}');
    c->writes = true;
    TRY(db_later(c->db, forget ? Q_JOBS_DONE : Q_JOBS_DONE_KEPT,
                 ARGS(arg_int(c->w->lease), arg_str(places.data), arg_int(sum))));
    if (!key_count)
        return OK;
    return db_later(c->db, Q_JOBS_NEXT_OF_KEYS, ARGS(arg_ids(c->arena, keys, key_count)));
}

/* The others, or the plain ones once more, in a transaction of their own. */
static struct err
end_by_id(struct call *c, bool plain)
{
    size_t n = c->x->end_count, count = 0;
    struct id *ids = arena_array(c->arena, n, sizeof(*ids));
    int64_t *outcomes = arena_array(c->arena, n, sizeof(*outcomes));
    int64_t *delays = arena_array(c->arena, n, sizeof(*delays));
    const char **errors = arena_array(c->arena, n, sizeof(*errors));
    struct row row;

    for (size_t i = 0; i < n; i++) {
        const struct job_end *end = &c->x->ends[i];

        if (is_plain(end) != plain)
            continue;
        ids[count] = end->id;
        outcomes[count] = (int64_t)end->outcome;
        delays[count] = end->delay_ms;
        errors[count++] = job_error_text(c->arena, end->error);
    }
    if (!count)
        return OK;
    TRY(db_one(c->db, c->arena, Q_JOBS_END,
               ARGS(arg_int(c->w->lease), arg_ids(c->arena, ids, count),
                    arg_ints(c->arena, outcomes, count), arg_ints(c->arena, delays, count),
                    arg_strs(c->arena, errors, count)),
               &row));
    c->dropped += (int64_t)count - row_int(&row, "held");
    return OK;
}

/* ---- claims ------------------------------------------------------------------ */

static struct err
refresh_queues(struct call *c)
{
    struct rows rows;

    if (c->began_ms < c->marks->refresh_ms)
        return OK;
    TRY(db_all(c->db, c->arena, Q_JOB_QUEUES, NO_ARGS, &rows));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        job_marks_queue(c->marks, row_int(&r, "id"), row_str(&r, "name"), row_bool(&r, "limited"));
    }
    c->marks->refresh_ms = c->began_ms + REFRESH_MS;
    return OK;
}

static bool
is_wanted(const struct call *c, const struct queue_marks *q)
{
    if (!c->x->queues)
        return q->served;
    for (size_t i = 0; i < c->x->queue_count; i++)
        if (strcmp(c->x->queues[i], q->name) == 0)
            return true;
    return false;
}

static struct queue_marks *
queue_of(const struct call *c, int64_t id)
{
    struct queue_marks *q = c->marks->queues;

    while (q->id != id)
        q++;
    assert(q < c->marks->queues + c->marks->queue_count);
    return q;
}

/* What follows the id. Columns are read in their order, which finds them fastest. */
static void
read_rest(const struct row *r, struct job_claimed *job)
{
    int attempt;

    snprintf(job->place.at, sizeof(job->place.at), "%s", row_str(r, "place"));
    job->kind = row_str(r, "kind");
    job->payload = row_opt_str(r, "payload");
    job->request_id = row_opt_str(r, "request_id");
    job->user_id = row_opt_id(r, "user_id");
    job->subject_id = row_opt_id(r, "subject_id");
    job->place.serial_key = row_opt_id(r, "serial_key");
    attempt = (int)row_int(r, "attempt");
    job->max_attempts = (int)row_int(r, "max_attempts");
    job->attempt = attempt < job->max_attempts ? attempt : job->max_attempts;
    job->exhausted = attempt > job->max_attempts;
    job->cancel = row_bool(r, "cancel");
    job->place.forget = row_bool(r, "forget");
    job->expired = row_bool(r, "expired");
    job->waited_ms = row_int(r, "waited_ms");
    job->place.limited = row_bool(r, "limited");
}

/*
 * Take over the rows of a claim. Those without an id say how far up a queue
 * was looked at and that there may be more, or (without a priority) that it
 * was not looked at.
 */
static void
take(struct call *c, const struct rows *rows, bool *more, bool *looked)
{
    for (int i = 0; i < rows->count; i++) {
        struct row r = row_at(rows, i);
        struct queue_marks *q = queue_of(c, row_int(&r, "queue"));
        struct job_claimed job = { .queue = q->name };

        job.priority = (int)row_opt_int(&r, "priority", -1);
        if (job.priority < 0) {
            *looked = false;
            continue;
        }
        job.place.pos = row_int(&r, "pos");
        job_marks_met(q, job.priority, job.place.pos);
        job.id = row_opt_id(&r, "id");
        if (!id_is_set(job.id)) {
            *more = true;
            continue;
        }
        read_rest(&r, &job);
        assert(c->room > 0);
        c->room--;
        c->x->claimed[c->x->claimed_count++] = job;
    }
}

/* What stands before each claim in its transaction. */
static struct err
begin_claim(struct call *c)
{
    if (!c->writes)
        TRY(db_later(c->db, Q_JOB_COMMIT_LAZILY, NO_ARGS));
    c->writes = false;
    return job_fence(c->db, c->w);
}

static struct err
claim_limited(struct call *c, struct queue_marks *q)
{
    int64_t priorities[JOB_PRIORITIES];
    int64_t began_ms = clock_mono_ms();
    bool more = true, looked = true;

    for (int i = 0; i < JOB_PRIORITIES; i++)
        priorities[i] = i;
    job_marks_begin(q, began_ms, c->x->sleep);
    for (int round = 0; more && c->room && round < PARK_ROUNDS; round++) {
        struct rows rows;

        more = false;
        TRY(begin_claim(c));
        TRY(db_all(c->db, c->arena, Q_JOB_CLAIM_LIMITED,
                   ARGS(arg_int(c->w->lease), arg_int(q->id),
                        arg_ints(c->arena, priorities, JOB_PRIORITIES),
                        arg_ints(c->arena, q->from, JOB_PRIORITIES), arg_int((int64_t)c->room)),
                   &rows));
        take(c, &rows, &more, &looked);
    }
    job_marks_end(q, clock_mono_ms(), clock_mono_ms() - began_ms, looked && !more && c->room);
    return OK;
}

/* One statement for all the queues without limits, the most urgent priority of each first. */
static struct err
claim_plain(struct call *c, struct queue_marks **queues, size_t n)
{
    size_t lines = n * JOB_PRIORITIES;
    int64_t *ids = arena_array(c->arena, lines, sizeof(*ids));
    int64_t *priorities = arena_array(c->arena, lines, sizeof(*priorities));
    int64_t *from = arena_array(c->arena, lines, sizeof(*from));
    int64_t began_ms = clock_mono_ms(), ended_ms;
    bool more = false, looked = true;
    struct rows rows;

    if (!n || !c->room)
        return OK;
    for (size_t i = 0; i < n; i++)
        job_marks_begin(queues[i], began_ms, c->x->sleep);
    for (size_t i = 0; i < lines; i++) {
        ids[i] = queues[i % n]->id;
        priorities[i] = (int64_t)(i / n);
        from[i] = queues[i % n]->from[i / n];
    }
    TRY(begin_claim(c));
    TRY(db_all(c->db, c->arena, Q_JOB_CLAIM,
               ARGS(arg_int(c->w->lease), arg_ints(c->arena, ids, lines),
                    arg_ints(c->arena, priorities, lines), arg_ints(c->arena, from, lines),
                    arg_int((int64_t)c->room)),
               &rows));
    take(c, &rows, &more, &looked);
    ended_ms = clock_mono_ms();
    for (size_t i = 0; i < n; i++)
        job_marks_end(queues[i], ended_ms, ended_ms - began_ms, c->room);
    return OK;
}

static int
by_order(const void *a, const void *b)
{
    const struct job_claimed *x = a, *y = b;

    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return x->place.pos < y->place.pos ? -1 : x->place.pos > y->place.pos;
}

/* The queues to claim from, each time another of them first. */
struct choice {
    struct queue_marks *plain[QUEUES_MAX], *limited[QUEUES_MAX];
    size_t plain_count, limited_count;
};

static void
choose(const struct call *c, struct choice *choice)
{
    struct job_marks *m = c->marks;

    for (size_t i = 0; i < m->queue_count; i++) {
        struct queue_marks *q = &m->queues[(i + m->turn / 2) % m->queue_count];

        if (!is_wanted(c, q))
            continue;
        if (q->limited)
            choice->limited[choice->limited_count++] = q;
        else
            choice->plain[choice->plain_count++] = q;
    }
}

static struct err
claim_all_limited(struct call *c, const struct choice *choice)
{
    for (size_t i = 0; i < choice->limited_count && c->room; i++)
        TRY(claim_limited(c, choice->limited[i]));
    return OK;
}

static struct err
claim_all(struct call *c)
{
    struct choice choice = { 0 };

    c->x->claimed = arena_array(c->arena, c->room, sizeof(*c->x->claimed));
    choose(c, &choice);
    if (c->marks->turn++ % 2) {
        TRY(claim_plain(c, choice.plain, choice.plain_count));
        return claim_all_limited(c, &choice);
    }
    TRY(claim_all_limited(c, &choice));
    return claim_plain(c, choice.plain, choice.plain_count);
}

static struct err
claim(struct call *c)
{
    struct err e = claim_all(c);

    /* What one transaction has claimed is not lost because the next failed. */
    if (e.code == ERR_LEASE_LOST || !db_is_connected(c->db) || c->x->claimed_count == 0)
        TRY(e);
    qsort(c->x->claimed, c->x->claimed_count, sizeof(*c->x->claimed), by_order);
    return OK;
}

/* ---- the whole ---------------------------------------------------------------- */

/*
 * Whether adders notify. The flag stays up through short work: setting it at
 * every pause would cost more than the notifications do, and leave dead rows
 * that an old snapshot keeps for everybody to step over.
 */
static struct err
set_flag(struct call *c, bool *asleep)
{
    struct job_marks *m = c->marks;

    *asleep = m->asleep;
    if (c->x->sleep)
        *asleep = true;
    else if (m->busy_ms && c->began_ms - m->busy_ms > AWAKE_MS)
        *asleep = false;
    if (*asleep == m->asleep)
        return OK;
    return db_later(c->db, Q_WORKER_SLEEPS, ARGS(arg_int(c->w->lease), arg_bool(*asleep)));
}

static struct err
record_ends(struct call *c)
{
    TRY(end_by_id(c, c->moved));
    if (c->moved)
        return OK;
    TRY(end_plain(c, true));
    return end_plain(c, false);
}

static struct err
exchange(struct call *c, bool *asleep)
{
    struct row row;

    c->x->claimed_count = 0;
    TRY(db_begin(c->db, TX_NONE, ID_NONE));
    TRY(refresh_queues(c));
    TRY(record_ends(c));
    TRY(set_flag(c, asleep));
    if (c->room)
        return claim(c);
    return db_one(c->db, c->arena, Q_JOB_FENCE, ARGS(arg_int(c->w->lease)), &row);
}

struct err
job_exchange(struct db *db, struct arena *a, struct job_worker *w, struct job_exchange *x)
{
    struct call c = { .db = db,
                      .arena = a,
                      .w = w,
                      .marks = w->marks,
                      .x = x,
                      .began_ms = clock_mono_ms(),
                      .room = (size_t)x->limit };
    struct err e;
    bool asleep = false;

    assert(x->limit >= 0 && x->limit <= JOB_CLAIM_MAX);
    e = exchange(&c, &asleep);
    if (e.code == ERR_CONFLICT) {
        /* Rows were not where they had been claimed: nothing was done to them. */
        c.moved = true;
        c.writes = false;
        c.room = (size_t)x->limit;
        e = exchange(&c, &asleep);
    }
    TRY(e);
    /* A flag that was raised just now was not yet seen while the claim looked. */
    x->asleep = x->sleep && w->marks->asleep;
    w->marks->asleep = asleep;
    if (x->sleep)
        w->marks->busy_ms = 0;
    else if (!w->marks->busy_ms)
        w->marks->busy_ms = c.began_ms;
    x->dropped = c.dropped;
    return OK;
}
