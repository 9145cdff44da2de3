/*
 * Queue world: what a test of the queue starts with. Queues are everybody's, so
 * each test begins with empty ones; the programs run one after the other on a
 * database of their own, which OFFSTAGE_DATABASE_URL names.
 */
#ifndef TESTS_QUEUE_WORLD_H
#define TESTS_QUEUE_WORLD_H

#include "tests/harness/harness.h"

#include "db/db.h"
#include "db/job.h"

#define QUEUE_DEFAULT "default"
#define QUEUE_SPARE   "spare"   /* of the tests; without limits, as the default one */
#define QUEUE_LIMITED "respond" /* its limits are set by the test */

/* A worker's connections and incarnation. */
struct hand {
    struct arena *arena;
    struct db *db, *listener;
    struct job_worker w;
};

struct world {
    struct arena *arena;
    struct db *app;
    struct id user; /* whose jobs are added, unless they say otherwise */
    struct hand *hand;
};

int world_setup(void **state);
int world_teardown(void **state);

#define QUEUE_TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

/* A connection of its own, for a thread. */
struct db *world_connect(struct arena *a, const char *role);

/* Another worker; its session ends with its arena, or when the test lets it die. */
struct hand *world_hand(struct arena *a);
void hand_die(struct hand *h);

/* Run a statement as the tables' owner: the first column of its rows, a line each. */
const char *world_sql(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int64_t world_count(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A job with what is usual filled in; `job` may have id, user_id and the rest set. */
struct job_new job_like(const struct world *world, struct job_new job);
struct id world_add(struct world *world, struct job_new job);
void add_with(struct db *db, struct arena *a, const struct job_new *job);

/* One exchange without ends, from all queues. */
struct job_exchange hand_claim(struct hand *h, int limit);

/* Claims until something comes, for as long as the machine may take: time for what is due to be
 * promoted. */
struct job_claimed hand_await(struct hand *h);

/* The end of one job in an exchange that claims nothing; how many were dropped. */
int64_t hand_end(struct hand *h, const struct job_claimed *job, enum job_outcome outcome);

/* In a thread of its own, where cmocka's assertions cannot be: an error is printed and ends all. */
void must_go_well(struct err e);

/* The same, but true when the database undid it for the sake of others: as for the runner, once
 * more. */
bool must_be_repeated(struct db *db, struct err e);

/* The state of a job as the app shows it to `user`; "gone" when it does not. */
const char *world_state(struct world *world, struct id user, struct id job);

/* Fails, with the query's name, when an invariant of the queue does not hold. */
void world_invariants(struct arena *a);

#endif
