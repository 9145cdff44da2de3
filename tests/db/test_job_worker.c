/* Workers' lives: registration, fence, rescue, sleep, and what the claim's plan is. */
#include "tests/db/queue_world.h"

#include "db/notify.h"
#include "lib/clock.h"

#include <poll.h>
#include <pthread.h>

static struct err
rescue(struct world *w, int64_t *freed)
{
    return job_rescue(w->hand->db, w->arena, &w->hand->w, freed);
}

static void
a_dead_workers_jobs_run_again_with_the_attempt_counted(void **state)
{
    struct world *w = *state;
    struct hand *dead = world_hand(w->arena);
    struct id id = world_add(w, (struct job_new){ .max_attempts = 3 });
    struct job_claimed job;
    int64_t freed;

    assert_int_equal(hand_claim(dead, 1).claimed_count, 1);
    assert_ok(rescue(w, &freed));
    assert_int_equal(freed, 0);
    hand_die(dead);
    assert_ok(rescue(w, &freed));
    assert_int_equal(freed, 1);
    job = hand_claim(w->hand, 1).claimed[0];
    assert_string_equal(job.id.s, id.s);
    assert_int_equal(job.attempt, 2);
    assert_false(job.exhausted);
    assert_int_equal(world_count(w->arena, "select count(*) from workers"), 1);
}

static void
a_worker_not_seen_for_long_is_buried_though_its_session_lives(void **state)
{
    struct world *w = *state;
    struct hand *silent = world_hand(w->arena);
    int64_t freed;

    world_add(w, (struct job_new){ .max_attempts = 2 });
    assert_int_equal(hand_claim(silent, 1).claimed_count, 1);
    (void)world_sql(w->arena,
                    "update workers set seen_at = now() - interval '29 s' where lease = %lld",
                    (long long)silent->w.lease);
    assert_ok(rescue(w, &freed));
    assert_int_equal(freed, 0);
    (void)world_sql(w->arena,
                    "update workers set seen_at = now() - interval '31 s' where lease = %lld",
                    (long long)silent->w.lease);
    assert_ok(rescue(w, &freed));
    assert_int_equal(freed, 1);
    assert_err(ERR_LEASE_LOST, job_worker_beat(silent->db, w->arena, &silent->w, 0));
}

static void
the_buried_write_and_claim_nothing(void **state)
{
    struct world *w = *state;
    struct hand *zombie = world_hand(w->arena);
    struct id id = world_add(w, (struct job_new){ .max_attempts = 2 });
    struct job_claimed job = hand_claim(zombie, 1).claimed[0];
    struct job_end end = { .id = job.id, .place = job.place, .outcome = JOB_END_COMPLETED };
    struct job_exchange x = { .ends = &end, .end_count = 1, .limit = 1 };
    int64_t freed;

    (void)world_sql(w->arena,
                    "update workers set seen_at = now() - interval '1 h' where lease = %lld",
                    (long long)zombie->w.lease);
    assert_ok(rescue(w, &freed));
    world_add(w, (struct job_new){ 0 });

    assert_ok(db_begin(zombie->db, TX_WRITE, w->user));
    assert_ok(job_fence(zombie->db, &zombie->w));
    assert_err(ERR_LEASE_LOST, db_commit(zombie->db));
    assert_ok(db_begin(zombie->db, TX_WRITE, w->user));
    assert_ok(job_end_here(zombie->db, w->arena, &zombie->w, &end));
    assert_err(ERR_LEASE_LOST, db_commit(zombie->db));
    assert_err(ERR_LEASE_LOST, job_exchange(zombie->db, w->arena, &zombie->w, &x));
    x = (struct job_exchange){ .limit = 1 };
    assert_err(ERR_LEASE_LOST, job_exchange(zombie->db, w->arena, &zombie->w, &x));
    assert_ok(db_begin(zombie->db, TX_WRITE, w->user));
    assert_ok(job_progress(zombie->db, w->arena, &zombie->w, id, 99, "undead"));
    assert_ok(db_commit(zombie->db));
    assert_int_equal(world_count(w->arena, "select count(*) from job_notes"), 0);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs where lease is null"), 2);
    assert_string_equal(world_state(w, w->user, id), "available");
}

static void
nobody_is_buried_within_a_fenced_transaction(void **state)
{
    struct world *w = *state;
    struct hand *busy = world_hand(w->arena);
    struct job_end end = { .outcome = JOB_END_COMPLETED };
    struct rows rows;
    int64_t freed;

    world_add(w, (struct job_new){ .max_attempts = 2 });
    end.id = hand_claim(busy, 1).claimed[0].id;
    assert_ok(db_begin(busy->db, TX_WRITE, w->user));
    assert_ok(job_fence(busy->db, &busy->w));
    assert_ok(db_all(busy->db, w->arena, Q_JOB_GET, ARGS(arg_id(end.id)), &rows));
    (void)world_sql(w->arena,
                    "update workers set seen_at = now() - interval '1 h' where lease = %lld",
                    (long long)busy->w.lease);
    assert_ok(rescue(w, &freed));
    assert_int_equal(freed, 0);
    assert_ok(job_end_here(busy->db, w->arena, &busy->w, &end));
    assert_ok(db_commit(busy->db));
    assert_string_equal(world_state(w, w->user, end.id), "completed");
    assert_ok(rescue(w, &freed));
    assert_int_equal(world_count(w->arena, "select count(*) from workers"), 1);
}

static void
a_job_that_lost_its_last_attempt_is_claimed_as_exhausted(void **state)
{
    struct world *w = *state;
    struct id id = world_add(w, (struct job_new){ .max_attempts = 2 });
    struct job_claimed job;
    struct job_info info;
    int64_t freed;

    for (int i = 0; i < 3; i++) {
        struct hand *dead = world_hand(w->arena);

        job = hand_claim(dead, 1).claimed[0];
        assert_int_equal(job.attempt, i < 2 ? i + 1 : 2);
        assert_int_equal(job.exhausted, i == 2);
        hand_die(dead);
        assert_ok(rescue(w, &freed));
        assert_int_equal(freed, 1);
    }
    job = hand_claim(w->hand, 1).claimed[0];
    assert_true(job.exhausted);
    assert_int_equal(job.attempt, 2);
    (void)hand_end(w->hand, &job, JOB_END_DISCARDED);
    assert_ok(db_begin(w->app, TX_READ, w->user));
    assert_ok(job_get(w->app, w->arena, id, &info));
    db_end_read(w->app);
    assert_string_equal(info.state, "discarded");
    assert_int_equal(info.attempt, 2);
}

static void
a_cancel_outlives_its_worker(void **state)
{
    struct world *w = *state;
    struct hand *dead = world_hand(w->arena);
    struct id id = world_add(w, (struct job_new){ .max_attempts = 3 });
    enum job_cancelled how;
    int64_t freed;

    assert_int_equal(hand_claim(dead, 1).claimed_count, 1);
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_cancel(w->app, w->arena, id, &how));
    assert_ok(db_commit(w->app));
    hand_die(dead);
    assert_ok(rescue(w, &freed));
    assert_true(hand_claim(w->hand, 1).claimed[0].cancel);
}

static void
a_worker_that_stops_hands_back_what_it_holds(void **state)
{
    struct world *w = *state;
    struct hand *h = world_hand(w->arena);
    struct id key = id_new();
    struct job_exchange x;

    world_add(w, (struct job_new){ .max_attempts = 1, .serial_key = key });
    world_add(w, (struct job_new){ .max_attempts = 1, .serial_key = key });
    assert_int_equal(hand_claim(h, 5).claimed_count, 1);
    assert_ok(job_worker_stop(h->db, w->arena, &h->w));
    x = hand_claim(w->hand, 5);
    assert_int_equal(x.claimed_count, 1);
    assert_int_equal(x.claimed[0].attempt, 1);
    assert_false(x.claimed[0].exhausted);
}

static void
a_worker_serves_the_queues_that_it_names(void **state)
{
    struct world *w = *state;
    static const char *const one[] = { QUEUE_SPARE };
    struct hand *h = world_hand(w->arena);
    struct job_exchange x = { .queues = one, .queue_count = 1, .limit = 10 };

    assert_ok(
        job_worker_start(h->db, h->listener, h->arena, "test", 1, "crawl, " QUEUE_SPARE, &h->w));
    world_add(w, (struct job_new){ .queue = QUEUE_DEFAULT });
    world_add(w, (struct job_new){ .queue = "crawl" });
    world_add(w, (struct job_new){ .queue = QUEUE_SPARE });
    assert_ok(job_exchange(h->db, h->arena, &h->w, &x));
    assert_int_equal(x.claimed_count, 1);
    assert_string_equal(x.claimed[0].queue, QUEUE_SPARE);
    x = hand_claim(h, 10);
    assert_int_equal(x.claimed_count, 1);
    assert_string_equal(x.claimed[0].queue, "crawl");
    assert_int_equal(
        world_count(w->arena, "select count(*) from workers where queues = '{crawl,spare}'"), 1);
}

/* ---- waking ------------------------------------------------------------------------------ */

static void
count_jobs(void *arg, const char *channel, const char *payload)
{
    int *n = arg;

    (void)payload;
    *n += strcmp(channel, NOTIFY_JOB) == 0;
}

/* Whether a notification comes within `ms`. */
static bool
is_woken(struct hand *h, int ms)
{
    struct pollfd p = { .fd = db_fd(h->listener), .events = POLLIN };
    int n = 0;

    assert_ok(db_notifications(h->listener, count_jobs, &n));
    while (n == 0 && poll(&p, 1, ms) > 0)
        assert_ok(db_notifications(h->listener, count_jobs, &n));
    return n > 0;
}

static void
go_to_sleep(struct hand *h)
{
    struct job_exchange x = { 0 };

    for (int i = 0; !x.asleep; i++) {
        assert_true(i < 3);
        x = (struct job_exchange){ .limit = 1, .sleep = true };
        assert_ok(job_exchange(h->db, h->arena, &h->w, &x));
        assert_int_equal(x.claimed_count, 0);
    }
}

static void
a_sleeping_worker_is_woken_by_what_becomes_ready(void **state)
{
    struct world *w = *state;
    struct job_new many = job_like(w, (struct job_new){ 0 });
    struct job_claimed first, second;
    struct id key = id_new();
    int64_t moved = 0;

    go_to_sleep(w->hand);
    assert_false(is_woken(w->hand, 0));
    world_add(w, (struct job_new){ 0 });
    assert_true(is_woken(w->hand, 5000));
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_add_many(w->app, w->arena, &many, 1));
    assert_ok(db_commit(w->app));
    assert_true(is_woken(w->hand, 5000));
    assert_int_equal(hand_claim(w->hand, 5).claimed_count, 2);

    world_add(w, (struct job_new){ .serial_key = key });
    assert_true(is_woken(w->hand, 5000));
    world_add(w, (struct job_new){ .serial_key = key });
    first = hand_claim(w->hand, 1).claimed[0];
    go_to_sleep(w->hand);
    (void)hand_end(w->hand, &first, JOB_END_COMPLETED);
    assert_true(is_woken(w->hand, 5000));
    second = hand_claim(w->hand, 1).claimed[0];
    (void)hand_end(w->hand, &second, JOB_END_RETURN);
    assert_true(is_woken(w->hand, 5000));

    world_add(w, (struct job_new){ .delay_ms = 1 });
    while (moved == 0)
        assert_ok(job_promote(w->hand->db, w->arena, &moved));
    assert_true(is_woken(w->hand, 5000));
}

static void
nobody_notifies_while_workers_are_awake(void **state)
{
    struct world *w = *state;

    world_add(w, (struct job_new){ 0 });
    assert_int_equal(hand_claim(w->hand, 5).claimed_count, 1);
    world_add(w, (struct job_new){ 0 });
    assert_false(is_woken(w->hand, 50));
}

static void
a_worker_sleeps_through_queues_that_it_does_not_serve(void **state)
{
    struct world *w = *state;
    struct hand *h = world_hand(w->arena);

    assert_ok(job_worker_start(h->db, h->listener, h->arena, "test", 1, "crawl", &h->w));
    go_to_sleep(h);
    world_add(w, (struct job_new){ .queue = QUEUE_SPARE });
    assert_false(is_woken(h, 50));
    world_add(w, (struct job_new){ .queue = "crawl" });
    assert_true(is_woken(h, 5000));
}

/* ---- marks ---------------------------------------------------------------------------- */

#define ADDERS  4
#define ADDS    60
#define HELD_MS 20 /* at most, between a job's position and its adder's commit */

struct adder {
    struct world *world;
    struct db *db;
    unsigned seed;
    int *adding;
};

static void *
add_and_dawdle(void *arg)
{
    struct adder *adder = arg;

    for (int i = 0; i < ADDS; i++) {
        struct arena *a = arena_new();
        struct job_new job = job_like(adder->world, (struct job_new){ .priority = 1 + i % 3 });
        struct timespec held = { .tv_nsec = rand_r(&adder->seed) % (HELD_MS * 1000000) };
        struct rows rows;

        must_go_well(db_begin(adder->db, TX_WRITE, job.user_id));
        must_go_well(job_add(adder->db, a, &job));
        must_go_well(db_all(adder->db, a, Q_JOB_GET, ARGS(arg_id(job.id)), &rows));
        (void)nanosleep(&held, NULL);
        must_go_well(db_commit(adder->db));
        arena_free(a);
    }
    (void)__atomic_sub_fetch(adder->adding, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

/* Positions become visible in another order than they are given, all the time. */
static void
whoever_commits_late_is_found_while_claims_go_on(void **state)
{
    struct world *w = *state;
    struct adder adders[ADDERS];
    pthread_t threads[ADDERS];
    int adding = ADDERS;
    int64_t claimed = 0, gives_up_ms = 0;

    for (unsigned i = 0; i < ADDERS; i++) {
        adders[i] = (struct adder){ w, world_connect(w->arena, "offstage_app"), i, &adding };
        assert_int_equal(pthread_create(&threads[i], NULL, add_and_dawdle, &adders[i]), 0);
    }
    while (claimed < (int64_t)ADDERS * ADDS) {
        struct job_exchange x = hand_claim(w->hand, 10);

        claimed += (int64_t)x.claimed_count;
        /* A deeper look every second or two finds the last of them, if the machine has the time. */
        if (!gives_up_ms && __atomic_load_n(&adding, __ATOMIC_SEQ_CST) == 0)
            gives_up_ms = clock_mono_ms() + 60000;
        assert_true(!gives_up_ms || clock_mono_ms() < gives_up_ms);
    }
    for (int i = 0; i < ADDERS; i++)
        (void)pthread_join(threads[i], NULL);
}

/* ---- plans ----------------------------------------------------------------------------------- */

static void
assert_claim_is_by_index(struct world *w, struct hand *h, const char *when)
{
    const char *before =
        "select coalesce(idx_scan, 0) + seq_scan * 1000000 from pg_stat_user_tables"
        " where relname = 'jobs'";
    const char *by_ready =
        "select idx_scan from pg_stat_user_indexes where indexrelname = 'jobs_ready'";
    int64_t scans, ready;

    (void)world_sql(w->arena, "select pg_stat_force_next_flush()");
    scans = world_count(w->arena, "%s", before);
    ready = world_count(w->arena, "%s", by_ready);
    (void)hand_claim(h, 1);
    /* A backend that leaves has told its counts. */
    arena_free(h->arena);
    h->arena = arena_new();
    for (int i = 0; world_count(w->arena, "%s", by_ready) == ready; i++)
        assert_true(i < 1000);
    if (world_count(w->arena, "%s", before) - scans >= 1000000)
        fail_msg("%s: the claim has read the whole table", when);
}

static void
fill(struct world *w, int n)
{
    (void)world_sql(w->arena,
                    "insert into jobs (id, kind, queue, priority, max_attempts)"
                    " select uuid_at(now() + i * interval '1 ms'), 'noop', q.id, 5, 1"
                    " from generate_series(1, %d) i, queues q where q.name = '" QUEUE_SPARE "'",
                    n);
}

static void
claims_go_by_the_index_whatever_the_statistics(void **state)
{
    struct world *w = *state;

    assert_claim_is_by_index(w, world_hand(w->arena), "new and empty");
    (void)world_sql(w->arena, "analyze jobs");
    assert_claim_is_by_index(w, world_hand(w->arena), "known to be empty");
    fill(w, 20000);
    assert_claim_is_by_index(w, world_hand(w->arena), "filled, believed empty");
    (void)world_sql(w->arena, "analyze jobs");
    assert_claim_is_by_index(w, world_hand(w->arena), "known to be full");
    (void)world_sql(w->arena, "delete from jobs");
    assert_claim_is_by_index(w, world_hand(w->arena), "emptied, believed full");
    (void)world_sql(w->arena, "truncate jobs");
}

/* No index leads to a worker's jobs, which all claims would have to keep. */
static void
a_rescue_reads_the_waiting_jobs_once_whatever_it_frees(void **state)
{
    struct world *w = *state;
    struct hand *dead = world_hand(w->arena);
    int64_t jobs = 20000, held = 100, rows;

    fill(w, (int)jobs);
    assert_int_equal(hand_claim(dead, (int)held).claimed_count, held);
    hand_die(dead);
    /* One transaction, whose own counts these are. */
    rows = world_count(w->arena,
                       "select workers_rescue(%lld, interval '30 s');"
                       "select seq_tup_read + coalesce(idx_tup_fetch, 0)"
                       "  from pg_stat_xact_user_tables where relname = 'jobs'",
                       (long long)w->hand->w.lease);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs where lease is null"), jobs);
    assert_in_range(rows, held, jobs + 10 * held);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(a_dead_workers_jobs_run_again_with_the_attempt_counted),
        QUEUE_TEST(a_worker_not_seen_for_long_is_buried_though_its_session_lives),
        QUEUE_TEST(the_buried_write_and_claim_nothing),
        QUEUE_TEST(nobody_is_buried_within_a_fenced_transaction),
        QUEUE_TEST(a_job_that_lost_its_last_attempt_is_claimed_as_exhausted),
        QUEUE_TEST(a_cancel_outlives_its_worker),
        QUEUE_TEST(a_worker_that_stops_hands_back_what_it_holds),
        QUEUE_TEST(a_worker_serves_the_queues_that_it_names),
        QUEUE_TEST(a_sleeping_worker_is_woken_by_what_becomes_ready),
        QUEUE_TEST(nobody_notifies_while_workers_are_awake),
        QUEUE_TEST(a_worker_sleeps_through_queues_that_it_does_not_serve),
        QUEUE_TEST(whoever_commits_late_is_found_while_claims_go_on),
        QUEUE_TEST(claims_go_by_the_index_whatever_the_statistics),
        QUEUE_TEST(a_rescue_reads_the_waiting_jobs_once_whatever_it_frees),
    };

    return cmocka_run_group_tests_name("job_worker", tests, NULL, NULL);
}
