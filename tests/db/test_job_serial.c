/* Jobs with serial keys: one after the other, in their order, whatever happens to one of them. */
#include "tests/db/queue_world.h"

#include "lib/clock.h"

#include <pthread.h>

static void
jobs_of_a_key_run_one_after_the_other_in_their_order(void **state)
{
    struct world *w = *state;
    struct id key = id_new(), ids[5];

    for (int i = 0; i < 5; i++)
        ids[i] = world_add(w, (struct job_new){ .serial_key = key, .priority = 9 - i });
    for (int i = 0; i < 5; i++) {
        struct job_exchange x = hand_claim(w->hand, 10);

        assert_int_equal(x.claimed_count, 1);
        assert_string_equal(x.claimed[0].id.s, ids[i].s);
        assert_int_equal(hand_claim(w->hand, 10).claimed_count, 0);
        (void)hand_end(w->hand, &x.claimed[0], i % 2 ? JOB_END_COMPLETED : JOB_END_DISCARDED);
    }
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 0);
}

static void
keys_do_not_wait_for_each_other(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 5; i++) {
        struct id key = id_new();

        world_add(w, (struct job_new){ .serial_key = key });
        world_add(w, (struct job_new){ .serial_key = key });
    }
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 5);
}

static void
a_retry_keeps_its_key(void **state)
{
    struct world *w = *state;
    struct id key = id_new();
    struct id first = world_add(w, (struct job_new){ .serial_key = key, .max_attempts = 2 });
    struct id second = world_add(w, (struct job_new){ .serial_key = key });
    struct job_claimed job = hand_claim(w->hand, 10).claimed[0];
    struct job_end end = { .id = job.id, .outcome = JOB_END_RETRY, .delay_ms = 100 };
    struct job_exchange x = { .ends = &end, .end_count = 1, .limit = 10 };

    assert_ok(job_exchange(w->hand->db, w->arena, &w->hand->w, &x));
    assert_int_equal(x.claimed_count, 0);
    job = hand_await(w->hand);
    assert_string_equal(job.id.s, first.s);
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 0);
    (void)hand_end(w->hand, &job, JOB_END_COMPLETED);
    assert_string_equal(hand_claim(w->hand, 10).claimed[0].id.s, second.s);
}

static void
a_returned_job_keeps_its_key(void **state)
{
    struct world *w = *state;
    struct id key = id_new();
    struct id first = world_add(w, (struct job_new){ .serial_key = key });
    struct job_exchange x;

    world_add(w, (struct job_new){ .serial_key = key });
    x = hand_claim(w->hand, 10);
    (void)hand_end(w->hand, &x.claimed[0], JOB_END_RETURN);
    x = hand_claim(w->hand, 10);
    assert_int_equal(x.claimed_count, 1);
    assert_string_equal(x.claimed[0].id.s, first.s);
}

static void
cancelling_the_holder_or_one_that_waits_lets_the_next_go_on(void **state)
{
    struct world *w = *state;
    struct id key = id_new(), ids[4];
    enum job_cancelled how;
    struct job_exchange x;

    for (int i = 0; i < 4; i++)
        ids[i] = world_add(w, (struct job_new){ .serial_key = key });
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_cancel(w->app, w->arena, ids[1], &how));
    assert_ok(job_cancel(w->app, w->arena, ids[0], &how));
    assert_ok(db_commit(w->app));
    x = hand_claim(w->hand, 10);
    assert_int_equal(x.claimed_count, 1);
    assert_string_equal(x.claimed[0].id.s, ids[2].s);
    (void)hand_end(w->hand, &x.claimed[0], JOB_END_COMPLETED);
    assert_string_equal(hand_claim(w->hand, 10).claimed[0].id.s, ids[3].s);
}

static void
a_scheduled_job_takes_its_turn_when_its_time_comes(void **state)
{
    struct world *w = *state;
    struct id key = id_new();
    struct id later = world_add(w, (struct job_new){ .serial_key = key, .delay_ms = 1 });
    struct id now = world_add(w, (struct job_new){ .serial_key = key });
    struct id next = world_add(w, (struct job_new){ .serial_key = key });
    struct job_exchange x = hand_claim(w->hand, 10);
    int64_t moved = 0;

    assert_int_equal(x.claimed_count, 1);
    assert_string_equal(x.claimed[0].id.s, now.s);
    while (moved == 0)
        assert_ok(job_promote(w->hand->db, w->arena, &moved));
    assert_string_equal(world_state(w, w->user, later), "available");
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 0);
    (void)hand_end(w->hand, &x.claimed[0], JOB_END_COMPLETED);
    x = hand_claim(w->hand, 10);
    assert_int_equal(x.claimed_count, 1);
    assert_string_equal(x.claimed[0].id.s, next.s);
    (void)hand_end(w->hand, &x.claimed[0], JOB_END_COMPLETED);
    x = hand_claim(w->hand, 10);
    assert_int_equal(x.claimed_count, 1);
    assert_string_equal(x.claimed[0].id.s, later.s);
}

static void
a_discarded_job_that_runs_again_goes_behind_its_key(void **state)
{
    struct world *w = *state;
    struct id key = id_new();
    struct id first = world_add(w, (struct job_new){ .serial_key = key });
    struct id second = world_add(w, (struct job_new){ .serial_key = key });
    struct job_exchange x = hand_claim(w->hand, 10);

    (void)hand_end(w->hand, &x.claimed[0], JOB_END_DISCARDED);
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_retry(w->app, w->arena, first));
    assert_ok(db_commit(w->app));
    x = hand_claim(w->hand, 10);
    assert_int_equal(x.claimed_count, 1);
    assert_string_equal(x.claimed[0].id.s, second.s);
    (void)hand_end(w->hand, &x.claimed[0], JOB_END_COMPLETED);
    assert_string_equal(hand_claim(w->hand, 10).claimed[0].id.s, first.s);
}

static void
both_keys_hold_together(void **state)
{
    struct world *w = *state;
    struct id serial = id_new(), unique = id_new();
    struct id first = world_add(w, (struct job_new){ .serial_key = serial });
    struct id second = world_add(w, (struct job_new){ .serial_key = serial, .unique_key = unique });
    struct id third = world_add(w, (struct job_new){ .serial_key = serial, .unique_key = unique });

    assert_string_equal(world_state(w, w->user, first), "available");
    assert_string_equal(world_state(w, w->user, second), "available");
    assert_string_equal(world_state(w, w->user, third), "gone");
}

static void
the_holder_does_not_end_past_one_who_is_being_added(void **state)
{
    struct world *w = *state;
    struct db *slow = world_connect(w->arena, "offstage_app");
    struct job_new next = job_like(w, (struct job_new){ .serial_key = id_new() });
    struct rows rows;
    struct job_exchange x;

    world_add(w, (struct job_new){ .serial_key = next.serial_key });
    x = hand_claim(w->hand, 1);
    assert_ok(db_begin(slow, TX_WRITE, w->user));
    assert_ok(job_add(slow, w->arena, &next));
    assert_ok(db_all(slow, w->arena, Q_JOB_GET, ARGS(arg_id(next.id)), &rows));
    assert_int_equal(world_count(w->arena, "with l as (select id from jobs for update skip locked)"
                                           " select count(*) from l"),
                     0);
    assert_ok(db_commit(slow));
    (void)hand_end(w->hand, &x.claimed[0], JOB_END_COMPLETED);
    assert_string_equal(hand_claim(w->hand, 1).claimed[0].id.s, next.id.s);
}

/* ---- many at it -------------------------------------------------------------------- */

#define ADDERS 4
#define ENDERS 3
#define KEYS   5
#define EACH   300

struct race {
    struct world *world;
    struct id keys[KEYS];
    int active[KEYS];     /* how many of a key run now */
    int overlaps, adding; /* adders still at it */
    int64_t ended;
};

struct racer {
    struct race *race;
    struct hand *hand;
    struct db *db;
    unsigned seed;
};

static struct err
try_to_add(struct db *db, struct arena *a, const struct job_new *job)
{
    TRY(db_begin(db, TX_WRITE, job->user_id));
    TRY(job_add(db, a, job));
    return db_commit(db);
}

static void *
adder(void *arg)
{
    struct racer *r = arg;

    for (int i = 0; i < EACH; i++) {
        struct arena *a = arena_new();
        struct job_new job = job_like(
            r->race->world, (struct job_new){ .serial_key = r->race->keys[rand_r(&r->seed) % KEYS],
                                              .max_attempts = 3,
                                              .delay_ms = rand_r(&r->seed) % 20 == 0 });

        while (must_be_repeated(r->db, try_to_add(r->db, a, &job)))
            ;
        arena_free(a);
    }
    (void)__atomic_sub_fetch(&r->race->adding, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static int
number_of(const struct race *race, struct id key)
{
    int n = 0;

    while (!id_eq(race->keys[n], key))
        n++;
    return n;
}

/* What a job's run is here: to see that it is the only one of its key. */
static struct job_end
run(struct racer *r, const struct job_claimed *job)
{
    int key = number_of(r->race, job->place.serial_key);
    struct job_end end = { .id = job->id, .place = job->place };

    if (__atomic_add_fetch(&r->race->active[key], 1, __ATOMIC_SEQ_CST) != 1)
        (void)__atomic_add_fetch(&r->race->overlaps, 1, __ATOMIC_SEQ_CST);
    (void)sched_yield();
    (void)__atomic_sub_fetch(&r->race->active[key], 1, __ATOMIC_SEQ_CST);
    switch (rand_r(&r->seed) % 10) {
    case 0:
        end.outcome = JOB_END_RETURN;
        break;
    case 1:
        end.outcome = JOB_END_RETRY;
        end.delay_ms = rand_r(&r->seed) % 3;
        end.error = "again";
        break;
    case 2:
        end.outcome = JOB_END_DISCARDED;
        end.error = "no more";
        break;
    default:
        end.outcome = JOB_END_COMPLETED;
    }
    return end;
}

static bool
is_over(const struct race *race)
{
    return __atomic_load_n(&race->adding, __ATOMIC_SEQ_CST) == 0 &&
           __atomic_load_n(&race->ended, __ATOMIC_SEQ_CST) >= (int64_t)ADDERS * EACH;
}

static void *
ender(void *arg)
{
    struct racer *r = arg;
    struct job_end ends[8];
    size_t n = 0;
    int64_t moved, gives_up_ms = clock_mono_ms() + 120000;

    while (!is_over(r->race) || n) {
        struct arena *a = arena_new();
        struct job_exchange x = { .ends = ends, .end_count = n, .limit = 1 + rand_r(&r->seed) % 8 };

        while (must_be_repeated(r->hand->db, job_exchange(r->hand->db, a, &r->hand->w, &x)))
            ;
        (void)must_be_repeated(r->hand->db, job_promote(r->hand->db, a, &moved));
        if (clock_mono_ms() > gives_up_ms)
            must_go_well(ERR(ERR_TIMEOUT, "some jobs have not ended"));
        for (size_t i = 0; i < n; i++) {
            bool final =
                ends[i].outcome == JOB_END_COMPLETED || ends[i].outcome == JOB_END_DISCARDED;

            (void)__atomic_add_fetch(&r->race->ended, final, __ATOMIC_SEQ_CST);
        }
        for (n = 0; n < x.claimed_count; n++) {
            ends[n] = run(r, &x.claimed[n]);
            if (ends[n].outcome == JOB_END_RETRY && x.claimed[n].attempt == 3)
                ends[n].outcome = JOB_END_DISCARDED;
        }
        arena_free(a);
    }
    return NULL;
}

static void
no_two_of_a_key_run_and_none_is_forgotten_while_all_race(void **state)
{
    struct world *w = *state;
    struct race race = { .world = w, .adding = ADDERS };
    struct racer racers[ADDERS + ENDERS];
    pthread_t threads[ADDERS + ENDERS];

    for (int i = 0; i < KEYS; i++)
        race.keys[i] = id_new();
    for (unsigned i = 0; i < ADDERS + ENDERS; i++) {
        racers[i] = (struct racer){ .race = &race, .seed = i + 1 };
        if (i < ADDERS)
            racers[i].db = world_connect(w->arena, "offstage_app");
        else
            racers[i].hand = world_hand(w->arena);
    }
    for (int i = 0; i < ADDERS + ENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, i < ADDERS ? adder : ender, &racers[i]),
                         0);
    for (int i = 0; i < ADDERS + ENDERS; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(race.overlaps, 0);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs"), 0);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs_done"), ADDERS * EACH);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(jobs_of_a_key_run_one_after_the_other_in_their_order),
        QUEUE_TEST(keys_do_not_wait_for_each_other),
        QUEUE_TEST(a_retry_keeps_its_key),
        QUEUE_TEST(a_returned_job_keeps_its_key),
        QUEUE_TEST(cancelling_the_holder_or_one_that_waits_lets_the_next_go_on),
        QUEUE_TEST(a_scheduled_job_takes_its_turn_when_its_time_comes),
        QUEUE_TEST(a_discarded_job_that_runs_again_goes_behind_its_key),
        QUEUE_TEST(both_keys_hold_together),
        QUEUE_TEST(the_holder_does_not_end_past_one_who_is_being_added),
        QUEUE_TEST(no_two_of_a_key_run_and_none_is_forgotten_while_all_race),
    };

    return cmocka_run_group_tests_name("job_serial", tests, NULL, NULL);
}
