#include "db/job_marks.h"

#include "lib/arena.h"
#include "lib/str.h"

#include <assert.h>
#include <string.h>

#define LOOK_SHARE 20 /* looks of one depth may take one part in so many of the time */

static const int64_t periods_ms[LOOK_COUNT] = { 1000, 10000, 60000 };

struct job_marks *
job_marks_new(struct arena *a, const char *serves)
{
    struct job_marks *m = ARENA_NEW(a, struct job_marks);

    m->arena = a;
    m->serves = serves ? arena_strdup(a, serves) : NULL;
    return m;
}

static bool
is_served(const struct job_marks *m, const char *name)
{
    struct str rest = str_from(m->serves);

    if (!m->serves)
        return true;
    while (rest.len)
        if (str_eq(str_trim(str_cut(rest, ',', &rest)), str_from(name)))
            return true;
    return false;
}

void
job_marks_queue(struct job_marks *m, int64_t id, const char *name, bool limited)
{
    struct queue_marks *q = m->queues;

    while (q < m->queues + m->queue_count && q->id != id)
        q++;
    if (q == m->queues + m->queue_count) {
        assert(m->queue_count < QUEUES_MAX);
        m->queue_count++;
        q->id = id;
        q->name = arena_strdup(m->arena, name);
        q->served = is_served(m, name);
    }
    q->limited = limited;
}

void
job_marks_begin(struct queue_marks *q, int64_t now_ms, bool sleep)
{
    q->depth = LOOK_COUNT - 1;
    while (q->depth >= 0 && q->looks[q->depth].due_ms > now_ms)
        q->depth--;
    if (q->depth >= 0)
        q->from = q->looks[q->depth].from;
    else
        q->from = sleep ? q->looks[LOOK_RECENT].from : q->high;
}

void
job_marks_met(struct queue_marks *q, int priority, int64_t pos)
{
    assert(priority >= 0 && priority < JOB_PRIORITIES);
    if (q->high[priority] < pos)
        q->high[priority] = pos;
}

void
job_marks_end(struct queue_marks *q, int64_t now_ms, int64_t took_ms, bool complete)
{
    int64_t pause_ms = took_ms * LOOK_SHARE;

    /* The deepest look has looked where the others would have. */
    for (int i = 0; i <= q->depth && i < LOOK_COUNT; i++) {
        q->looks[i].due_ms = now_ms + (periods_ms[i] > pause_ms ? periods_ms[i] : pause_ms);
        if (i == LOOK_ALL || !complete)
            continue;
        memcpy(q->looks[i].from, q->looks[i].next, sizeof(q->high));
        memcpy(q->looks[i].next, q->high, sizeof(q->high));
    }
}
