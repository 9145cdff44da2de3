/* What users see of their jobs and decide about them; and many workers at once. */
#include "tests/db/queue_world.h"

#include "db/notify.h"
#include "lib/clock.h"

#include <pthread.h>

/* ---- what users see and decide ------------------------------------------------------- */

static void
a_job_of_another_user_is_not_found(void **state)
{
    struct world *w = *state;
    struct id id = world_add(w, (struct job_new){ 0 }), stranger = id_new();
    enum job_cancelled how;
    struct job_info info;
    int64_t position;

    assert_ok(db_begin(w->app, TX_WRITE, stranger));
    assert_err(ERR_NOT_FOUND, job_get(w->app, w->arena, id, &info));
    assert_err(ERR_NOT_FOUND, job_position(w->app, w->arena, id, &position));
    assert_err(ERR_NOT_FOUND, job_cancel(w->app, w->arena, id, &how));
    db_rollback(w->app);
    assert_ok(db_begin(w->app, TX_WRITE, stranger));
    assert_err(ERR_NOT_FOUND, job_retry(w->app, w->arena, id));
    db_rollback(w->app);
    assert_ok(db_begin(w->app, TX_READ, stranger));
    db_be_admin(w->app);
    assert_ok(job_get(w->app, w->arena, id, &info));
    db_end_read(w->app);
    assert_string_equal(world_state(w, w->user, id), "available");
}

static void
a_job_in_anothers_name_is_refused(void **state)
{
    struct world *w = *state;
    struct job_new job = job_like(w, (struct job_new){ 0 });

    assert_ok(db_begin(w->app, TX_WRITE, id_new()));
    assert_ok(job_add(w->app, w->arena, &job));
    assert_err(ERR_FORBIDDEN, db_commit(w->app));
    job.serial_key = id_new();
    assert_ok(db_begin(w->app, TX_WRITE, id_new()));
    assert_ok(job_add(w->app, w->arena, &job));
    assert_err(ERR_FORBIDDEN, db_commit(w->app));
}

static void
lists_page_by_id_and_filter(void **state)
{
    struct world *w = *state;
    struct job_filter filter = { .limit = 4 };
    struct job_info *page;
    struct job_claimed job;
    struct id ids[6];
    size_t n;

    for (int i = 0; i < 6; i++)
        ids[i] = world_add(w, (struct job_new){ .kind = i % 2 ? "odd" : "even" });
    world_add(w, (struct job_new){ .user_id = id_new() });
    job = hand_claim(w->hand, 1).claimed[0];
    (void)hand_end(w->hand, &job, JOB_END_COMPLETED);

    assert_ok(db_begin(w->app, TX_READ, w->user));
    assert_ok(job_list(w->app, w->arena, &filter, &page, &n));
    assert_int_equal(n, 4);
    assert_string_equal(page[0].id.s, ids[5].s);
    filter.before = page[3].id;
    assert_ok(job_list(w->app, w->arena, &filter, &page, &n));
    assert_int_equal(n, 2);
    assert_string_equal(page[1].id.s, ids[0].s);
    assert_string_equal(page[1].state, "completed");
    assert_int_equal(page[1].progress, 100);
    filter =
        (struct job_filter){ .limit = 10, .kind = "odd", .state = "available", .queue = "default" };
    assert_ok(job_list(w->app, w->arena, &filter, &page, &n));
    assert_int_equal(n, 3);
    filter = (struct job_filter){ .limit = 10, .state = "completed" };
    assert_ok(job_list(w->app, w->arena, &filter, &page, &n));
    assert_int_equal(n, 1);
    filter = (struct job_filter){ .limit = 10, .state = "no such" };
    assert_err(ERR_INVALID, job_list(w->app, w->arena, &filter, &page, &n));
    filter = (struct job_filter){ .limit = 10, .everybody = true };
    assert_ok(job_list(w->app, w->arena, &filter, &page, &n));
    assert_int_equal(n, 6);
    db_be_admin(w->app);
    assert_ok(job_list(w->app, w->arena, &filter, &page, &n));
    assert_int_equal(n, 7);
    db_end_read(w->app);
}

static void
a_waiting_job_is_cancelled_at_once(void **state)
{
    struct world *w = *state;
    struct id now = world_add(w, (struct job_new){ 0 });
    struct id later = world_add(w, (struct job_new){ .delay_ms = 3600000 });
    enum job_cancelled how;

    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_cancel(w->app, w->arena, now, &how));
    assert_int_equal(how, JOB_CANCEL_DONE);
    assert_ok(job_cancel(w->app, w->arena, later, &how));
    assert_int_equal(how, JOB_CANCEL_DONE);
    assert_ok(job_cancel(w->app, w->arena, now, &how));
    assert_int_equal(how, JOB_CANCEL_TOO_LATE);
    assert_ok(db_commit(w->app));
    assert_string_equal(world_state(w, w->user, now), "cancelled");
    assert_string_equal(world_state(w, w->user, later), "cancelled");
    assert_int_equal(hand_claim(w->hand, 5).claimed_count, 0);
}

struct heard {
    int64_t lease;
    int n;
};

static void
hear(void *arg, const char *channel, const char *payload)
{
    struct heard *heard = arg;

    if (strcmp(channel, NOTIFY_WORKER) != 0)
        return;
    heard->lease = strtoll(payload, NULL, 10);
    heard->n++;
}

static void
the_worker_of_a_running_job_is_told_to_cancel_it(void **state)
{
    struct world *w = *state;
    struct id id = world_add(w, (struct job_new){ .max_attempts = 3 });
    struct job_claimed job = hand_claim(w->hand, 1).claimed[0];
    struct heard heard = { 0 };
    enum job_cancelled how;
    int64_t ends_ms = clock_mono_ms() + 60000;

    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_cancel(w->app, w->arena, id, &how));
    assert_ok(db_commit(w->app));
    assert_int_equal(how, JOB_CANCEL_ASKED);
    while (heard.n == 0) {
        assert_true(clock_mono_ms() < ends_ms);
        assert_ok(db_notifications(w->hand->listener, hear, &heard));
    }
    assert_int_equal(heard.lease, w->hand->w.lease);
    assert_string_equal(world_state(w, w->user, id), "running");
    (void)hand_end(w->hand, &job, JOB_END_CANCELLED);
    assert_string_equal(world_state(w, w->user, id), "cancelled");
}

static void
a_cancel_stays_with_a_job_that_is_put_back(void **state)
{
    struct world *w = *state;
    static const enum job_outcome outcomes[] = { JOB_END_RETRY, JOB_END_RETURN };

    for (size_t i = 0; i < TEST_COUNT(outcomes); i++) {
        struct id id = world_add(w, (struct job_new){ .max_attempts = 3 });
        struct job_claimed job = hand_claim(w->hand, 1).claimed[0];
        struct job_end end = { .id = id, .outcome = outcomes[i], .delay_ms = 3600000 };
        struct job_exchange x = { .ends = &end, .end_count = 1, .limit = 1 };
        enum job_cancelled how;

        assert_ok(db_begin(w->app, TX_WRITE, w->user));
        assert_ok(job_cancel(w->app, w->arena, id, &how));
        assert_ok(db_commit(w->app));
        assert_ok(job_exchange(w->hand->db, w->arena, &w->hand->w, &x));
        assert_int_equal(x.claimed_count, 1);
        job = x.claimed[0];
        assert_true(job.cancel);
        /* Handing it back once more does not lose the cancel either. */
        (void)hand_end(w->hand, &job, JOB_END_RETURN);
        job = hand_claim(w->hand, 1).claimed[0];
        assert_true(job.cancel);
        (void)hand_end(w->hand, &job, JOB_END_CANCELLED);
        assert_string_equal(world_state(w, w->user, id), "cancelled");
    }
}

static void
progress_is_seen_while_a_job_runs(void **state)
{
    struct world *w = *state;
    struct hand *h = w->hand;
    struct id id = world_add(w, (struct job_new){ 0 });
    struct job_claimed job = hand_claim(h, 1).claimed[0];
    struct job_info info;

    for (int percent = 10; percent <= 40; percent += 30) {
        assert_ok(db_begin(h->db, TX_WRITE, ID_NONE));
        assert_ok(job_progress(h->db, w->arena, &h->w, id, percent, "4 of 10 pages"));
        assert_ok(db_commit(h->db));
    }
    assert_ok(db_begin(w->app, TX_READ, w->user));
    assert_ok(job_get(w->app, w->arena, id, &info));
    db_end_read(w->app);
    assert_int_equal(info.progress, 40);
    assert_string_equal(info.message, "4 of 10 pages");
    assert_int_equal(hand_end(h, &job, JOB_END_COMPLETED), 0);
    assert_ok(db_begin(h->db, TX_WRITE, ID_NONE));
    assert_ok(job_progress(h->db, w->arena, &h->w, id, 50, "late"));
    assert_ok(db_commit(h->db));
    /* Promotion sweeps notes whose job has ended. */
    assert_ok(job_promote(h->db, w->arena, &(int64_t){ 0 }));
    assert_int_equal(world_count(w->arena, "select count(*) from job_notes"), 0);
}

static void
positions_count_what_comes_before(void **state)
{
    struct world *w = *state;
    struct id key = id_new(), a, b, c, urgent, held, turn;
    int64_t at[5];

    a = world_add(w, (struct job_new){ .queue = QUEUE_SPARE });
    b = world_add(w, (struct job_new){ .queue = QUEUE_SPARE, .user_id = id_new() });
    c = world_add(w, (struct job_new){ .queue = QUEUE_SPARE });
    urgent = world_add(w, (struct job_new){ .queue = QUEUE_SPARE, .priority = 1 });
    held = world_add(w, (struct job_new){ .serial_key = key });
    turn = world_add(w, (struct job_new){ .serial_key = key });
    (void)b;
    (void)held;
    assert_ok(db_begin(w->app, TX_READ, w->user));
    assert_ok(job_position(w->app, w->arena, a, &at[0]));
    assert_ok(job_position(w->app, w->arena, c, &at[1]));
    assert_ok(job_position(w->app, w->arena, urgent, &at[2]));
    assert_ok(job_position(w->app, w->arena, turn, &at[3]));
    db_end_read(w->app);
    assert_int_equal(at[0], 2);
    assert_int_equal(at[1], 4);
    assert_int_equal(at[2], 1);
    assert_int_equal(at[3], 2);
    (void)hand_claim(w->hand, 10);
    assert_ok(db_begin(w->app, TX_READ, w->user));
    assert_ok(job_position(w->app, w->arena, a, &at[4]));
    assert_ok(job_count_user(w->app, w->arena, QUEUE_SPARE, w->user, &at[0]));
    db_end_read(w->app);
    assert_int_equal(at[4], 0);
    assert_int_equal(at[0], 3);
}

/* ---- many at it ------------------------------------------------------------------------ */

#define RACERS 4
#define RACE_N 2000

struct racer {
    struct hand *hand;
    int64_t claimed, twice;
    int64_t *left;
};

static void *
race(void *arg)
{
    struct racer *r = arg;
    struct job_end ends[64];
    size_t n = 0;

    while (__atomic_load_n(r->left, __ATOMIC_SEQ_CST) > 0 || n) {
        struct arena *a = arena_new();
        struct job_exchange x = { .ends = ends, .end_count = n, .limit = 60 };

        must_go_well(job_exchange(r->hand->db, a, &r->hand->w, &x));
        r->twice += x.dropped;
        for (n = 0; n < x.claimed_count; n++)
            ends[n] = (struct job_end){ .id = x.claimed[n].id, .place = x.claimed[n].place };
        r->claimed += (int64_t)n;
        (void)__atomic_sub_fetch(r->left, (int64_t)n, __ATOMIC_SEQ_CST);
        arena_free(a);
    }
    return NULL;
}

static void
parallel_workers_run_each_job_once(void **state)
{
    struct world *w = *state;
    struct job_new *jobs = arena_array(w->arena, RACE_N, sizeof(*jobs));
    struct racer racers[RACERS] = { 0 };
    pthread_t threads[RACERS];
    int64_t left = RACE_N, sum = 0;

    for (int i = 0; i < RACE_N; i++)
        jobs[i] = job_like(w, (struct job_new){ .priority = 1 + i / 300 });
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_add_many(w->app, w->arena, jobs, RACE_N));
    assert_ok(db_commit(w->app));
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){ .hand = world_hand(w->arena), .left = &left };
        assert_int_equal(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        (void)pthread_join(threads[i], NULL);
        sum += racers[i].claimed;
        assert_int_equal(racers[i].twice, 0);
    }
    assert_int_equal(sum, RACE_N);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs_done where state = 4"),
                     RACE_N);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs"), 0);
}

#define DUELS 1000

/* A worker's move, made in a thread at the same time as a cancel. */
struct duel {
    struct world *world;
    void (*move)(struct duel *duel);
    struct job_claimed job;
    enum job_outcome outcome;
    size_t claimed;
    pthread_barrier_t start, end;
};

static void
end_it(struct duel *d)
{
    (void)hand_end(d->world->hand, &d->job, d->outcome);
}

static void
claim_it(struct duel *d)
{
    struct job_exchange x = hand_claim(d->world->hand, 1);

    d->claimed = x.claimed_count;
    if (d->claimed)
        d->job = x.claimed[0];
}

static void *
move_each(void *arg)
{
    struct duel *d = arg;

    for (int i = 0; i < DUELS; i++) {
        (void)pthread_barrier_wait(&d->start);
        d->move(d);
        (void)pthread_barrier_wait(&d->end);
    }
    return NULL;
}

static pthread_t
duel_begin(struct duel *d)
{
    pthread_t thread;

    (void)pthread_barrier_init(&d->start, NULL, 2);
    (void)pthread_barrier_init(&d->end, NULL, 2);
    assert_int_equal(pthread_create(&thread, NULL, move_each, d), 0);
    return thread;
}

static enum job_cancelled
cancel_meanwhile(struct duel *d, struct arena *a, struct id job)
{
    struct db *db = d->world->app;
    enum job_cancelled how;

    (void)pthread_barrier_wait(&d->start);
    assert_ok(db_begin(db, TX_WRITE, d->world->user));
    assert_ok(job_cancel(db, a, job, &how));
    assert_ok(db_commit(db));
    (void)pthread_barrier_wait(&d->end);
    return how;
}

static void
assert_done(struct world *w, int64_t completed, int64_t cancelled)
{
    assert_int_equal(world_count(w->arena, "select count(*) from jobs_done where state = 4"),
                     completed);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs_done where state = 6"),
                     cancelled);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs"), 0);
}

static void
cancel_against_completion_has_one_winner(void **state)
{
    struct world *w = *state;
    struct duel d = { .world = w, .move = end_it, .outcome = JOB_END_COMPLETED };
    pthread_t thread = duel_begin(&d);

    for (int i = 0; i < DUELS; i++) {
        struct arena *a = arena_new();
        struct job_new job = job_like(w, (struct job_new){ 0 });

        add_with(w->app, a, &job);
        d.job = hand_claim(w->hand, 1).claimed[0];
        assert_int_not_equal(cancel_meanwhile(&d, a, job.id), JOB_CANCEL_DONE);
        arena_free(a);
    }
    (void)pthread_join(thread, NULL);
    assert_done(w, DUELS, 0);
}

/* Put back the job is either cancelled already, or claimed with the cancel on it. */
static void
cancel_against_handing_back_is_never_lost(void **state)
{
    struct world *w = *state;
    struct duel d = { .world = w, .move = end_it, .outcome = JOB_END_RETURN };
    pthread_t thread = duel_begin(&d);

    for (int i = 0; i < DUELS; i++) {
        struct arena *a = arena_new();
        struct job_new job = job_like(w, (struct job_new){ 0 });
        enum job_cancelled how;
        struct job_exchange x;

        add_with(w->app, a, &job);
        d.job = hand_claim(w->hand, 1).claimed[0];
        how = cancel_meanwhile(&d, a, job.id);
        x = hand_claim(w->hand, 1);
        assert_int_equal(x.claimed_count, how == JOB_CANCEL_ASKED);
        if (x.claimed_count) {
            assert_true(x.claimed[0].cancel);
            (void)hand_end(w->hand, &x.claimed[0], JOB_END_CANCELLED);
        }
        arena_free(a);
    }
    (void)pthread_join(thread, NULL);
    assert_done(w, 0, DUELS);
}

static void
cancel_against_a_claim_has_one_winner(void **state)
{
    struct world *w = *state;
    struct duel d = { .world = w, .move = claim_it };
    pthread_t thread = duel_begin(&d);
    int64_t cancelled = 0;

    for (int i = 0; i < DUELS; i++) {
        struct arena *a = arena_new();
        struct job_new job = job_like(w, (struct job_new){ 0 });
        enum job_cancelled how;

        add_with(w->app, a, &job);
        how = cancel_meanwhile(&d, a, job.id);
        assert_int_equal(how, d.claimed ? JOB_CANCEL_ASKED : JOB_CANCEL_DONE);
        cancelled += how == JOB_CANCEL_DONE;
        if (d.claimed)
            (void)hand_end(w->hand, &d.job, JOB_END_COMPLETED);
        arena_free(a);
    }
    (void)pthread_join(thread, NULL);
    assert_done(w, DUELS - cancelled, cancelled);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(a_job_of_another_user_is_not_found),
        QUEUE_TEST(a_job_in_anothers_name_is_refused),
        QUEUE_TEST(lists_page_by_id_and_filter),
        QUEUE_TEST(a_waiting_job_is_cancelled_at_once),
        QUEUE_TEST(the_worker_of_a_running_job_is_told_to_cancel_it),
        QUEUE_TEST(a_cancel_stays_with_a_job_that_is_put_back),
        QUEUE_TEST(progress_is_seen_while_a_job_runs),
        QUEUE_TEST(positions_count_what_comes_before),
        QUEUE_TEST(parallel_workers_run_each_job_once),
        QUEUE_TEST(cancel_against_completion_has_one_winner),
        QUEUE_TEST(cancel_against_handing_back_is_never_lost),
        QUEUE_TEST(cancel_against_a_claim_has_one_winner),
    };

    return cmocka_run_group_tests_name("job_user", tests, NULL, NULL);
}
