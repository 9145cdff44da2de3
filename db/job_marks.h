/*
 * Job marks: how far up each queue a worker has looked. Private to db/job*.c.
 *
 * Positions only grow, so a claim need not look below the highest that it has
 * met: what is there runs already, or is dead and cannot be removed while
 * somebody holds an old snapshot. What waits there all the same (a job whose
 * adder committed late, one that was locked in passing) is found by deeper
 * looks: every second from the marks of a second or two ago, every ten from
 * those of ten or twenty, every minute from the bottom. A look that did not come
 * to the queue's end starts there again. One that takes long is taken more
 * rarely, so that all of them together cost a few percent.
 */
#ifndef DB_JOB_MARKS_H
#define DB_JOB_MARKS_H

#include "db/job.h"

struct buf;

#define QUEUES_MAX 32 /* rows of table queues */

enum look { LOOK_RECENT, LOOK_OLDER, LOOK_ALL, LOOK_COUNT };

struct queue_marks {
    int64_t id;
    const char *name;
    bool served, limited;
    int64_t high[JOB_PRIORITIES];
    struct {
        int64_t due_ms;
        int64_t from[JOB_PRIORITIES], next[JOB_PRIORITIES]; /* marks of two looks ago, and of one */
    } looks[LOOK_COUNT];
    const int64_t *from; /* where the claim that is being made starts */
    int depth;           /* the deepest look that it takes; -1: none */
};

struct job_marks {
    struct arena *arena; /* of names */
    const char *serves;  /* comma separated; NULL: all */
    struct queue_marks queues[QUEUES_MAX];
    size_t queue_count;
    int64_t refresh_ms; /* when table queues is to be read again */
    unsigned turn;      /* which queue comes first */
    bool asleep;        /* as workers.sleeping says */
    int64_t busy_ms;    /* since when there was no pause; 0: there is one */
};

struct job_marks *job_marks_new(struct arena *a, const char *serves);

/* Take over what table queues says: a queue keeps its marks. */
void job_marks_queue(struct job_marks *m, int64_t id, const char *name, bool limited);

/* Choose where a claim from this queue starts; a sleeper looks a little deeper. */
void job_marks_begin(struct queue_marks *q, int64_t now_ms, bool sleep);

/* A job was met there. */
void job_marks_met(struct queue_marks *q, int priority, int64_t pos);

/* The claim was made, and took so long; complete when it came to the queue's end. */
void job_marks_end(struct queue_marks *q, int64_t now_ms, int64_t took_ms, bool complete);

/* The text, cut to JOB_ERROR_MAX; NULL for NULL. */
const char *job_error_text(struct arena *a, const char *error);

#endif
