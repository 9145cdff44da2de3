/* Queues with limits: how much of a queue, and of a user, runs at once. */
#include "tests/db/queue_world.h"

#include "lib/clock.h"

#include <pthread.h>

static void
limit(struct world *w, int64_t running, int64_t running_user)
{
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    db_be_admin(w->app);
    assert_ok(queue_limit(w->app, w->arena, QUEUE_LIMITED, running, running_user));
    assert_ok(db_commit(w->app));
    /* Workers read the limits once a second; a new one at once. */
    w->hand = world_hand(w->arena);
}

static struct id
add(struct world *w, struct id user)
{
    return world_add(w, (struct job_new){ .queue = QUEUE_LIMITED, .user_id = user });
}

static void
no_more_of_a_queue_run_than_may(void **state)
{
    struct world *w = *state;
    struct job_exchange x;

    limit(w, 3, 0);
    for (int i = 0; i < 10; i++)
        add(w, w->user);
    world_add(w, (struct job_new){ 0 });
    x = hand_claim(w->hand, 10);
    assert_int_equal(x.claimed_count, 4);
    assert_int_equal(hand_claim(world_hand(w->arena), 10).claimed_count, 0);
    for (size_t i = 0; i < 2; i++)
        (void)hand_end(w->hand, &x.claimed[i], i ? JOB_END_COMPLETED : JOB_END_DISCARDED);
    assert_in_range(hand_claim(w->hand, 10).claimed_count, 1, 2);
    assert_int_equal(
        world_count(w->arena, "select count(*) from jobs where lease is not null and queue = 1"),
        3);
}

static void
no_more_of_a_user_run_than_may_and_others_do_not_wait(void **state)
{
    struct world *w = *state;
    struct id other = id_new();
    struct job_exchange x;
    int mine = 0;

    limit(w, 0, 2);
    for (int i = 0; i < 30; i++)
        add(w, w->user);
    for (int i = 0; i < 3; i++)
        add(w, other);
    x = hand_claim(w->hand, 20);
    assert_int_equal(x.claimed_count, 4);
    for (size_t i = 0; i < 4; i++)
        mine += id_eq(x.claimed[i].user_id, w->user);
    assert_int_equal(mine, 2);
    /* The rest is out of the way of the claims. */
    assert_int_equal(world_count(w->arena, "select count(*) from jobs where waits = 1"), 29);
    assert_int_equal(hand_claim(w->hand, 20).claimed_count, 0);
}

static void
an_end_of_any_kind_lets_the_users_next_go_on(void **state)
{
    struct world *w = *state;
    static const enum job_outcome outcomes[] = { JOB_END_COMPLETED, JOB_END_DISCARDED,
                                                 JOB_END_CANCELLED, JOB_END_COMPLETED };
    struct job_exchange x;
    struct id ids[5];

    limit(w, 0, 1);
    for (int i = 0; i < 5; i++)
        ids[i] = add(w, w->user);
    for (size_t i = 0; i < TEST_COUNT(outcomes); i++) {
        x = hand_claim(w->hand, 20);
        assert_int_equal(x.claimed_count, 1);
        assert_string_equal(x.claimed[0].id.s, ids[i].s);
        (void)hand_end(w->hand, &x.claimed[0], outcomes[i]);
    }
    assert_int_equal(hand_claim(w->hand, 20).claimed_count, 1);
}

static void
a_retry_gives_up_its_place(void **state)
{
    struct world *w = *state;
    struct job_end end = { .outcome = JOB_END_RETRY, .delay_ms = 3600000, .error = "later" };
    struct job_exchange x = { .ends = &end, .end_count = 1 };
    struct id second;

    limit(w, 0, 1);
    world_add(w, (struct job_new){ .queue = QUEUE_LIMITED, .max_attempts = 2 });
    second = add(w, w->user);
    end.id = hand_claim(w->hand, 5).claimed[0].id;
    assert_ok(job_exchange(w->hand->db, w->arena, &w->hand->w, &x));
    assert_string_equal(hand_claim(w->hand, 5).claimed[0].id.s, second.s);
}

static void
a_rescue_gives_up_the_places_of_the_dead(void **state)
{
    struct world *w = *state;
    struct hand *dead;
    int64_t freed;

    limit(w, 2, 1);
    add(w, w->user);
    add(w, w->user);
    dead = world_hand(w->arena);
    assert_int_equal(hand_claim(dead, 5).claimed_count, 1);
    hand_die(dead);
    assert_ok(job_rescue(w->hand->db, w->arena, &w->hand->w, &freed));
    assert_int_equal(freed, 1);
    assert_int_equal(hand_claim(w->hand, 5).claimed_count, 1);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs where limited = 1"), 1);
}

static void
promotion_finds_room_that_an_end_did_not_see(void **state)
{
    struct world *w = *state;
    int64_t moved;

    limit(w, 0, 1);
    add(w, w->user);
    add(w, w->user);
    assert_int_equal(hand_claim(w->hand, 5).claimed_count, 1);
    /* As if the end had come while the second was being parked. */
    (void)world_sql(w->arena, "delete from jobs where lease is not null");
    assert_int_equal(hand_claim(w->hand, 5).claimed_count, 0);
    assert_ok(job_promote(w->hand->db, w->arena, &moved));
    assert_int_equal(hand_claim(w->hand, 5).claimed_count, 1);
}

static void
a_raised_limit_works_at_once(void **state)
{
    struct world *w = *state;

    limit(w, 0, 1);
    for (int i = 0; i < 6; i++)
        add(w, w->user);
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 1);
    limit(w, -1, 4);
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 3);
    limit(w, -1, 0);
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 2);
}

static void
only_admins_change_queues(void **state)
{
    struct world *w = *state;

    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_err(ERR_NOT_FOUND, queue_limit(w->app, w->arena, QUEUE_LIMITED, 1, 1));
    assert_err(ERR_NOT_FOUND, queue_pause(w->app, w->arena, QUEUE_LIMITED, true));
    db_be_admin(w->app);
    assert_ok(queue_pause(w->app, w->arena, QUEUE_LIMITED, true));
    assert_err(ERR_NOT_FOUND, queue_pause(w->app, w->arena, "nowhere", true));
    db_rollback(w->app);
}

static void
pause(struct world *w, const char *queue, bool paused)
{
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    db_be_admin(w->app);
    assert_ok(queue_pause(w->app, w->arena, queue, paused));
    assert_ok(db_commit(w->app));
}

static void
a_paused_queue_waits_and_the_others_go_on(void **state)
{
    struct world *w = *state;
    static const char *const queues[] = { QUEUE_SPARE, QUEUE_LIMITED };

    limit(w, 5, 0);
    for (size_t i = 0; i < 2; i++) {
        world_add(w, (struct job_new){ .queue = queues[i] });
        world_add(w, (struct job_new){ .queue = QUEUE_DEFAULT });
        pause(w, queues[i], true);
        assert_int_equal(hand_claim(w->hand, 10).claimed_count, 1);
        pause(w, queues[i], false);
        assert_int_equal(hand_claim(w->hand, 10).claimed_count, 1);
    }
}

static void
operators_see_what_queues_hold(void **state)
{
    struct world *w = *state;
    struct queue_info *queues, *q;
    struct worker_info *workers;
    struct job_exchange x;
    size_t n;

    for (int i = 0; i < 3; i++)
        world_add(w, (struct job_new){ .queue = QUEUE_SPARE, .user_id = id_new() });
    world_add(w, (struct job_new){ .queue = QUEUE_SPARE, .delay_ms = 3600000 });
    x = hand_claim(w->hand, 2);
    (void)hand_end(w->hand, &x.claimed[0], JOB_END_DISCARDED);
    assert_ok(job_worker_beat(w->hand->db, w->arena, &w->hand->w, 1));
    assert_ok(db_begin(w->app, TX_READ, w->user));
    assert_ok(queue_list(w->app, w->arena, &queues, &n));
    assert_ok(worker_list(w->app, w->arena, &workers, &(size_t){ 0 }));
    db_end_read(w->app);
    for (q = queues; q < queues + n && strcmp(q->name, QUEUE_SPARE) != 0; q++)
        continue;
    assert_true(q < queues + n);
    assert_int_equal(q->available, 1);
    assert_int_equal(q->scheduled, 1);
    assert_int_equal(q->running, 1);
    assert_int_equal(q->discarded, 1);
    assert_true(q->oldest_s > 0 && q->oldest_s < 60);
    assert_int_equal(workers[0].lease, w->hand->w.lease);
    assert_int_equal(workers[0].running, 1);
    assert_string_equal(workers[0].queues, "");
}

static void *
claim_one(void *arg)
{
    (void)hand_claim(arg, 1);
    return NULL;
}

static void
claims_of_a_queue_with_limits_go_one_at_a_time(void **state)
{
    struct world *w = *state;
    int64_t gives_up_ms = clock_mono_ms() + 60000;
    pthread_t thread;

    limit(w, 5, 0);
    add(w, w->user);
    (void)world_sql(w->arena, "begin");
    (void)world_sql(w->arena, "select job_claim_limited(%lld, 1::smallint, '{5}', '{0}', 1)",
                    (long long)world_hand(w->arena)->w.lease);
    assert_int_equal(pthread_create(&thread, NULL, claim_one, w->hand), 0);
    while (world_count(w->arena, "select count(*) from pg_locks where locktype = 'advisory'"
                                 " and classid = 2 and objid = 1 and not granted") == 0)
        assert_true(clock_mono_ms() < gives_up_ms);
    (void)world_sql(w->arena, "commit");
    (void)pthread_join(thread, NULL);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs where lease = %lld",
                                 (long long)w->hand->w.lease),
                     0);
}

/* ---- many at it -------------------------------------------------------------------- */

#define HANDS    3
#define USERS    4
#define EACH     300
#define MAX      5
#define MAX_USER 2

struct race {
    struct id users[USERS];
    int running, of_user[USERS], over, twice;
    int64_t left;
};

struct racer {
    struct race *race;
    struct hand *hand;
    unsigned seed;
};

static int
number_of(const struct race *race, struct id user)
{
    int n = 0;

    while (!id_eq(race->users[n], user))
        n++;
    return n;
}

static void
change(struct race *race, struct id user, int by)
{
    int all = __atomic_add_fetch(&race->running, by, __ATOMIC_SEQ_CST);
    int his = __atomic_add_fetch(&race->of_user[number_of(race, user)], by, __ATOMIC_SEQ_CST);

    if (all > MAX || his > MAX_USER)
        (void)__atomic_add_fetch(&race->over, 1, __ATOMIC_SEQ_CST);
}

static void *
work(void *arg)
{
    struct racer *r = arg;
    struct job_claimed held[MAX];
    size_t n = 0;
    int64_t moved, gives_up_ms = clock_mono_ms() + 120000;

    while (__atomic_load_n(&r->race->left, __ATOMIC_SEQ_CST) > 0) {
        struct arena *a = arena_new();
        struct job_end ends[MAX];
        struct job_exchange x = { .ends = ends,
                                  .end_count = n,
                                  .limit = 1 + rand_r(&r->seed) % MAX };

        if (clock_mono_ms() > gives_up_ms)
            must_go_well(ERR(ERR_TIMEOUT, "some jobs have not ended"));
        /* They stop running before their ends are recorded, and start after their claim was. */
        for (size_t i = 0; i < n; i++) {
            change(r->race, held[i].user_id, -1);
            ends[i] = (struct job_end){ .id = held[i].id, .place = held[i].place };
        }
        must_go_well(job_exchange(r->hand->db, a, &r->hand->w, &x));
        must_go_well(job_promote(r->hand->db, a, &moved));
        (void)__atomic_add_fetch(&r->race->twice, (int)x.dropped, __ATOMIC_SEQ_CST);
        (void)__atomic_sub_fetch(&r->race->left, (int64_t)n, __ATOMIC_SEQ_CST);
        for (n = 0; n < x.claimed_count; n++) {
            held[n] = x.claimed[n];
            change(r->race, held[n].user_id, 1);
        }
        arena_free(a);
    }
    return NULL;
}

static void
limits_hold_and_all_is_done_while_workers_race(void **state)
{
    struct world *w = *state;
    struct race race = { .left = (int64_t)USERS * EACH };
    struct racer racers[HANDS];
    pthread_t threads[HANDS];

    limit(w, MAX, MAX_USER);
    for (int i = 0; i < USERS; i++)
        race.users[i] = id_new();
    for (int i = 0; i < USERS * EACH; i++)
        add(w, race.users[i % 7 % USERS]);
    for (unsigned i = 0; i < HANDS; i++) {
        racers[i] = (struct racer){ .race = &race, .hand = world_hand(w->arena), .seed = i + 1 };
        assert_int_equal(pthread_create(&threads[i], NULL, work, &racers[i]), 0);
    }
    for (int i = 0; i < HANDS; i++)
        (void)pthread_join(threads[i], NULL);
    assert_int_equal(race.over, 0);
    assert_int_equal(race.twice, 0);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs"), 0);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs_done"), USERS * EACH);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(no_more_of_a_queue_run_than_may),
        QUEUE_TEST(no_more_of_a_user_run_than_may_and_others_do_not_wait),
        QUEUE_TEST(an_end_of_any_kind_lets_the_users_next_go_on),
        QUEUE_TEST(a_retry_gives_up_its_place),
        QUEUE_TEST(a_rescue_gives_up_the_places_of_the_dead),
        QUEUE_TEST(promotion_finds_room_that_an_end_did_not_see),
        QUEUE_TEST(a_raised_limit_works_at_once),
        QUEUE_TEST(only_admins_change_queues),
        QUEUE_TEST(a_paused_queue_waits_and_the_others_go_on),
        QUEUE_TEST(operators_see_what_queues_hold),
        QUEUE_TEST(claims_of_a_queue_with_limits_go_one_at_a_time),
        QUEUE_TEST(limits_hold_and_all_is_done_while_workers_race),
    };

    return cmocka_run_group_tests_name("job_limits", tests, NULL, NULL);
}
