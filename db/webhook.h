/*
 * Webhook: addresses that hear what became of their user's requests. A delivery
 * is one thing that is told to one address: its row and its job are written in
 * the transaction of what it tells, the job sends it until it is taken.
 */
#ifndef DB_WEBHOOK_H
#define DB_WEBHOOK_H

#include "db/page.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define WEBHOOK_KIND            "webhook" /* job, and its queue; its subject is the delivery */
#define WEBHOOK_ATTEMPTS        20        /* over one or two days, see worker/webhook.c */
#define WEBHOOK_MAX             20        /* of one user */
#define WEBHOOK_DESCRIPTION_MAX 500       /* characters */
#define WEBHOOK_KEEP_D          30        /* days that the log of deliveries is kept */

/* What can be heard of; ends with NULL. */
#define WEBHOOK_EVENTS 4
extern const char *const webhook_event_names[WEBHOOK_EVENTS + 1];

struct webhook {
    struct id id;
    const char *url, *description;
    const char *events; /* JSON array of names */
    bool active;        /* false: its receiver has said that it is gone */
    const char *created_at;
};

/*
 * `id` is made by id_new(); `sealed` by secret_seal() with
 * webhook_secret_context(). ERR_CONFLICT when the caller has WEBHOOK_MAX.
 */
struct err webhook_insert(struct db *db, struct arena *a, struct id id, const char *url,
                          const char *description, const char *const *events, size_t event_count,
                          const char *sealed, struct webhook *out) CHECKED;
const char *webhook_secret_context(struct arena *a, struct id id);

/* The caller's, newest first. */
struct err webhook_list(struct db *db, struct arena *a, const struct page *page,
                        struct webhook **out, size_t *count) CHECKED;

/* With its deliveries; what is on its way may still arrive. ERR_NOT_FOUND unless the caller's. */
struct err webhook_delete(struct db *db, struct arena *a, struct id id) CHECKED;

/* ---- deliveries ----------------------------------------------------------- */

extern const char *const webhook_state_names[]; /* pending, delivered, failed, cancelled; NULL */

struct webhook_delivery {
    struct id id, job_id, subject_id;
    const char *event, *state, *error;                   /* error may be NULL */
    int64_t attempt, response_status, duration_ms;       /* the latter two: -1 when there is none */
    const char *created_at, *tried_at, *next_attempt_at; /* the latter two may be NULL */
};

/* Newest first; `state` may be NULL. ERR_NOT_FOUND unless the webhook is the caller's. */
struct err webhook_deliveries(struct db *db, struct arena *a, struct id webhook_id,
                              const char *state, const struct page *page,
                              struct webhook_delivery **out, size_t *count) CHECKED;

/* Tell the end of a request, which is written already in this transaction. Queued. */
struct err webhook_announce(struct db *db, struct id request_id) CHECKED;

/* For whoever ends a delivery's job without it, or starts it again. Queued. */
struct err webhook_over(struct db *db, struct id delivery_id, const char *state,
                        const char *error) CHECKED;
struct err webhook_again(struct db *db, struct id delivery_id) CHECKED;

/* ---- for the worker ------------------------------------------------------- */

struct webhook_task {
    struct id id, webhook_id;
    const char *body, *url, *secret; /* secret: sealed */
    bool due;                        /* pending, and its webhook is active */
};

/* ERR_NOT_FOUND when the webhook was deleted. */
struct err webhook_load(struct db *db, struct arena *a, struct id id,
                        struct webhook_task *out) CHECKED;

struct webhook_try {
    const char *state, *error; /* error: NULL when delivered */
    int status;                /* of HTTP; 0 when no reply came */
    int64_t duration_ms;
    int64_t next_ms; /* until the next attempt; -1: none */
};

/* Record an attempt. Queued. */
struct err webhook_tried(struct db *db, struct id id, const struct webhook_try *how) CHECKED;

/* Send it nothing more. Queued. */
struct err webhook_stop(struct db *db, struct id webhook_id) CHECKED;

/* Remove deliveries older than WEBHOOK_KEEP_D; see db/sweep.h. */
struct err webhook_sweep(struct db *db, struct arena *a, int64_t most, int64_t *removed) CHECKED;

#endif
