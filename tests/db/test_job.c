/* Jobs one at a time: adding, order, time, ends, and what their users see and decide. */
#include "tests/db/queue_world.h"

#include "lib/clock.h"

/* ---- adding and claiming ------------------------------------------------------ */

static void
a_claimed_job_is_what_was_added(void **state)
{
    struct world *w = *state;
    struct id subject = id_new();
    struct id id = world_add(w, (struct job_new){ .kind = "noop",
                                                  .queue = QUEUE_SPARE,
                                                  .priority = 3,
                                                  .max_attempts = 4,
                                                  .subject_id = subject,
                                                  .request_id = "rq-1",
                                                  .payload = "{\"a\":\"\\\"{},\"}" });
    struct job_exchange x = hand_claim(w->hand, 10);
    struct job_claimed job;

    assert_int_equal(x.claimed_count, 1);
    job = x.claimed[0];
    assert_string_equal(job.id.s, id.s);
    assert_string_equal(job.kind, "noop");
    assert_string_equal(job.queue, QUEUE_SPARE);
    assert_string_equal(job.payload, "{\"a\":\"\\\"{},\"}");
    assert_string_equal(job.request_id, "rq-1");
    assert_string_equal(job.user_id.s, w->user.s);
    assert_string_equal(job.subject_id.s, subject.s);
    assert_int_equal(job.priority, 3);
    assert_int_equal(job.attempt, 1);
    assert_int_equal(job.max_attempts, 4);
    assert_in_range(job.waited_ms, 0, 10000);
    assert_false(job.cancel || job.exhausted || job.expired);
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 0);
}

static void
an_uncommitted_job_is_not_there(void **state)
{
    struct world *w = *state;
    struct job_new job = job_like(w, (struct job_new){ 0 });

    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_add(w->app, w->arena, &job));
    db_rollback(w->app);
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 0);
    assert_string_equal(world_state(w, w->user, job.id), "gone");
}

static void
a_job_whose_adder_commits_late_is_found(void **state)
{
    struct world *w = *state;
    struct db *slow = world_connect(w->arena, "offstage_app");
    struct job_new job = job_like(w, (struct job_new){ 0 });
    struct job_exchange x;
    struct rows rows;

    assert_ok(db_begin(slow, TX_WRITE, w->user));
    assert_ok(job_add(slow, w->arena, &job));
    assert_ok(db_all(slow, w->arena, Q_JOB_GET, ARGS(arg_id(job.id)), &rows));
    world_add(w, (struct job_new){ 0 });
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 1);
    assert_int_equal(hand_claim(w->hand, 10).claimed_count, 0);
    assert_ok(db_commit(slow));
    /* Its position is below the mark now; a worker that goes to sleep looks there. */
    x = (struct job_exchange){ .limit = 10, .sleep = true };
    assert_ok(job_exchange(w->hand->db, w->arena, &w->hand->w, &x));
    assert_int_equal(x.claimed_count, 1);
    assert_string_equal(x.claimed[0].id.s, job.id.s);
}

static void
the_urgent_of_all_queues_go_first(void **state)
{
    struct world *w = *state;
    static const int priorities[] = { 5, 9, 5, 1, 5, 9, 1 };
    static const int batches[][3] = { { 1, 1, 5 }, { 5, 5, 9 } };

    for (size_t i = 0; i < TEST_COUNT(priorities); i++)
        world_add(w, (struct job_new){ .priority = priorities[i],
                                       .queue = i % 2 ? QUEUE_SPARE : QUEUE_DEFAULT });
    for (size_t i = 0; i < TEST_COUNT(batches); i++) {
        struct job_exchange x = hand_claim(w->hand, 3);

        assert_int_equal(x.claimed_count, 3);
        for (size_t n = 0; n < 3; n++)
            assert_int_equal(x.claimed[n].priority, batches[i][n]);
    }
    world_add(w, (struct job_new){ .priority = 2 });
    assert_int_equal(hand_claim(w->hand, 1).claimed[0].priority, 2);
    assert_int_equal(hand_claim(w->hand, 1).claimed[0].priority, 9);
}

static void
claims_are_in_order_of_priority_and_position(void **state)
{
    struct world *w = *state;
    struct job_exchange x;

    for (int i = 0; i < 40; i++)
        world_add(w, (struct job_new){ .priority = 1 + (i * 7) % 9 });
    x = hand_claim(w->hand, 500);
    assert_int_equal(x.claimed_count, 40);
    for (size_t i = 1; i < x.claimed_count; i++) {
        const struct job_claimed *a = &x.claimed[i - 1], *b = &x.claimed[i];

        assert_true(a->priority < b->priority ||
                    (a->priority == b->priority && a->place.pos < b->place.pos));
    }
}

static void
many_are_added_at_once(void **state)
{
    struct world *w = *state;
    struct job_new jobs[50];
    struct job_exchange x;

    for (size_t i = 0; i < 50; i++)
        jobs[i] =
            job_like(w, (struct job_new){ .priority = i < 20 ? 1 : 5,
                                          .queue = i < 40 ? NULL : QUEUE_SPARE,
                                          .deadline_ms = i == 49 ? 3600000 : 0,
                                          .payload = i % 2 ? "{\"n\":\"\xc3\xa9\\\\\"}" : NULL });
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_add_many(w->app, w->arena, jobs, 50));
    assert_ok(db_commit(w->app));
    x = hand_claim(w->hand, 100);
    assert_int_equal(x.claimed_count, 50);
    for (size_t i = 0; i < 20; i++)
        assert_string_equal(x.claimed[i].id.s, jobs[i].id.s);
    assert_null(x.claimed[0].payload);
    assert_string_equal(x.claimed[1].payload, jobs[1].payload);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs where deadline is not null"),
                     1);
}

static void
many_with_keys_are_refused(void **state)
{
    struct world *w = *state;
    struct job_new job = job_like(w, (struct job_new){ .serial_key = id_new() });

    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_err(ERR_INTERNAL, job_add_many(w->app, w->arena, &job, 1));
    db_rollback(w->app);
}

static void
a_payload_over_the_limit_is_refused(void **state)
{
    struct world *w = *state;
    char *payload = arena_alloc(w->arena, JOB_PAYLOAD_MAX + 2);
    struct job_new job = job_like(w, (struct job_new){ .payload = payload });

    memset(payload, ' ', JOB_PAYLOAD_MAX + 1);
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_err(ERR_INVALID, job_add(w->app, w->arena, &job));
    db_rollback(w->app);
    payload[JOB_PAYLOAD_MAX] = '\0';
    (void)world_add(w, job);
    assert_int_equal(strlen(hand_claim(w->hand, 1).claimed[0].payload), JOB_PAYLOAD_MAX);
}

/* ---- time ------------------------------------------------------------------------ */

static void
a_delayed_job_waits_for_its_time(void **state)
{
    struct world *w = *state;
    int64_t began_ms, moved;
    struct id id = world_add(w, (struct job_new){ .delay_ms = INT64_C(3600) * 1000 });

    assert_string_equal(world_state(w, w->user, id), "scheduled");
    assert_ok(job_promote(w->hand->db, w->arena, &moved));
    assert_int_equal(moved, 0);
    assert_int_equal(hand_claim(w->hand, 1).claimed_count, 0);

    began_ms = clock_mono_ms();
    id = world_add(w, (struct job_new){ .delay_ms = 150 });
    assert_string_equal(hand_await(w->hand).id.s, id.s);
    assert_true(clock_mono_ms() - began_ms >= 150);
}

static void
a_job_past_its_deadline_is_claimed_as_expired(void **state)
{
    struct world *w = *state;
    struct id late = world_add(w, (struct job_new){ .deadline_ms = 1 });
    struct id good = world_add(w, (struct job_new){ .deadline_ms = 60000 });
    struct job_exchange x;

    (void)world_sql(w->arena, "select pg_sleep(0.002)");
    x = hand_claim(w->hand, 10);
    assert_int_equal(x.claimed_count, 2);
    assert_string_equal(x.claimed[0].id.s, late.s);
    assert_true(x.claimed[0].expired);
    assert_string_equal(x.claimed[1].id.s, good.s);
    assert_false(x.claimed[1].expired);
}

/* ---- ends ------------------------------------------------------------------------- */

static void
a_completed_job_leaves_a_record_unless_it_is_to_be_forgotten(void **state)
{
    struct world *w = *state;
    struct id kept = world_add(w, (struct job_new){ 0 });
    struct id forgotten = world_add(w, (struct job_new){ .forget = true });
    struct job_exchange x = hand_claim(w->hand, 10);
    struct job_end ends[2];

    for (size_t i = 0; i < 2; i++)
        ends[i] = (struct job_end){ .id = x.claimed[i].id, .place = x.claimed[i].place };
    x = (struct job_exchange){ .ends = ends, .end_count = 2 };
    assert_ok(job_exchange(w->hand->db, w->arena, &w->hand->w, &x));
    assert_int_equal(x.dropped, 0);
    assert_string_equal(world_state(w, w->user, kept), "completed");
    assert_string_equal(world_state(w, w->user, forgotten), "gone");
    assert_int_equal(world_count(w->arena, "select count(*) from jobs"), 0);
}

static void
a_failed_job_is_retried_after_its_delay_and_behind_the_others(void **state)
{
    struct world *w = *state;
    struct id failing = world_add(w, (struct job_new){ .max_attempts = 3 });
    struct job_claimed job = hand_claim(w->hand, 1).claimed[0];
    struct job_end end = { .id = job.id,
                           .place = job.place,
                           .outcome = JOB_END_RETRY,
                           .delay_ms = 120,
                           .error = "try again" };
    struct job_exchange x = { .ends = &end, .end_count = 1, .limit = 1 };
    int64_t began_ms = clock_mono_ms();
    struct id other;

    assert_ok(job_exchange(w->hand->db, w->arena, &w->hand->w, &x));
    assert_int_equal(x.claimed_count, 0);
    assert_string_equal(world_state(w, w->user, failing), "retryable");
    other = world_add(w, (struct job_new){ 0 });
    job = hand_await(w->hand);
    assert_string_equal(job.id.s, other.s);
    job = hand_await(w->hand);
    assert_string_equal(job.id.s, failing.s);
    assert_true(clock_mono_ms() - began_ms >= 120);
    assert_int_equal(job.attempt, 2);
    (void)hand_end(w->hand, &job, JOB_END_RETRY);
    job = hand_await(w->hand);
    assert_int_equal(job.attempt, 3);
    (void)hand_end(w->hand, &job, JOB_END_RETRY);
    assert_string_equal(world_state(w, w->user, failing), "discarded");
}

static void
a_discarded_job_keeps_its_error_and_runs_again_when_told(void **state)
{
    struct world *w = *state;
    struct id id = world_add(w, (struct job_new){ .max_attempts = 2, .payload = "{\"x\":1}" });
    struct job_claimed job = hand_claim(w->hand, 1).claimed[0];
    struct job_info info;

    (void)hand_end(w->hand, &job, JOB_END_DISCARDED);
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_get(w->app, w->arena, id, &info));
    assert_string_equal(info.state, "discarded");
    assert_string_equal(info.error, "it went wrong");
    assert_non_null(info.finished_at);
    assert_ok(job_retry(w->app, w->arena, id));
    assert_ok(job_get(w->app, w->arena, id, &info));
    assert_ok(db_commit(w->app));
    assert_string_equal(info.state, "available");
    job = hand_await(w->hand);
    assert_string_equal(job.id.s, id.s);
    assert_int_equal(job.attempt, 1);
    assert_string_equal(job.payload, "{\"x\":1}");
}

static void
only_what_failed_or_was_cancelled_runs_again(void **state)
{
    struct world *w = *state;
    struct id id = world_add(w, (struct job_new){ 0 });
    struct job_claimed job;

    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_err(ERR_CONFLICT, job_retry(w->app, w->arena, id));
    db_rollback(w->app);
    job = hand_claim(w->hand, 1).claimed[0];
    (void)hand_end(w->hand, &job, JOB_END_COMPLETED);
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_err(ERR_CONFLICT, job_retry(w->app, w->arena, id));
    db_rollback(w->app);
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_err(ERR_NOT_FOUND, job_retry(w->app, w->arena, id_new()));
    db_rollback(w->app);
}

static void
a_retry_that_waits_is_made_at_once_when_told(void **state)
{
    struct world *w = *state;
    struct id id = world_add(w, (struct job_new){ .max_attempts = 2 });
    struct job_end end = { .id = id, .outcome = JOB_END_RETRY, .delay_ms = 3600000, .error = "no" };
    struct job_exchange x = { .ends = &end, .end_count = 1 };
    struct job_claimed job;

    assert_int_equal(hand_claim(w->hand, 1).claimed_count, 1);
    assert_ok(job_exchange(w->hand->db, w->arena, &w->hand->w, &x));
    assert_ok(db_begin(w->app, TX_WRITE, w->user));
    assert_ok(job_retry(w->app, w->arena, id));
    assert_ok(db_commit(w->app));
    job = hand_claim(w->hand, 1).claimed[0];
    assert_string_equal(job.id.s, id.s);
    assert_int_equal(job.attempt, 1);
}

static void
a_returned_job_has_lost_no_attempt(void **state)
{
    struct world *w = *state;
    struct id id = world_add(w, (struct job_new){ .max_attempts = 2 });
    struct job_claimed job = hand_claim(w->hand, 1).claimed[0];

    assert_int_equal(hand_end(w->hand, &job, JOB_END_RETURN), 0);
    assert_string_equal(world_state(w, w->user, id), "available");
    job = hand_claim(w->hand, 1).claimed[0];
    assert_string_equal(job.id.s, id.s);
    assert_int_equal(job.attempt, 1);
}

static void
an_end_in_a_transaction_commits_or_not_with_it(void **state)
{
    struct world *w = *state;
    struct hand *h = w->hand;
    struct id id = world_add(w, (struct job_new){ 0 });
    struct job_claimed job = hand_claim(h, 1).claimed[0];
    struct job_end end = { .id = job.id, .place = job.place, .outcome = JOB_END_COMPLETED };
    struct job_info info;

    assert_ok(db_begin(h->db, TX_WRITE, w->user));
    assert_ok(job_fence(h->db, &h->w));
    assert_ok(job_end_here(h->db, w->arena, &h->w, &end));
    db_rollback(h->db);
    assert_string_equal(world_state(w, w->user, id), "running");
    assert_ok(db_begin(h->db, TX_WRITE, w->user));
    assert_ok(job_fence(h->db, &h->w));
    assert_ok(job_progress(h->db, w->arena, &h->w, id, 90, "9 of 10 pages"));
    assert_ok(job_end_here(h->db, w->arena, &h->w, &end));
    assert_ok(db_commit(h->db));
    assert_string_equal(world_state(w, w->user, id), "completed");
    assert_ok(db_begin(w->app, TX_READ, w->user));
    assert_ok(job_get(w->app, w->arena, id, &info));
    db_end_read(w->app);
    assert_int_equal(info.progress, 100);
    assert_string_equal(info.message, "9 of 10 pages");
    assert_ok(db_begin(h->db, TX_WRITE, w->user));
    assert_ok(job_end_here(h->db, w->arena, &h->w, &end));
    assert_err(ERR_LEASE_LOST, db_commit(h->db));
}

static void
a_second_end_is_dropped(void **state)
{
    struct world *w = *state;
    struct job_claimed job;

    world_add(w, (struct job_new){ 0 });
    job = hand_claim(w->hand, 1).claimed[0];
    assert_int_equal(hand_end(w->hand, &job, JOB_END_COMPLETED), 0);
    assert_int_equal(hand_end(w->hand, &job, JOB_END_COMPLETED), 1);
    assert_int_equal(hand_end(w->hand, &job, JOB_END_DISCARDED), 1);
}

static void
ends_find_their_rows_in_a_table_that_was_rewritten(void **state)
{
    struct world *w = *state;
    struct job_end ends[10];
    struct job_exchange x;

    for (int i = 0; i < 20; i++)
        world_add(w, (struct job_new){ 0 });
    x = hand_claim(w->hand, 10);
    for (size_t i = 0; i < 10; i++)
        ends[i] = (struct job_end){ .id = x.claimed[i].id, .place = x.claimed[i].place };
    x = hand_claim(w->hand, 10);
    (void)world_sql(w->arena, "cluster jobs using jobs_pkey");
    (void)world_sql(w->arena, "create table moved as select * from jobs order by id desc");
    (void)world_sql(w->arena, "truncate jobs");
    (void)world_sql(w->arena, "insert into jobs select * from moved");
    (void)world_sql(w->arena, "drop table moved");
    x = (struct job_exchange){ .ends = ends, .end_count = 10 };
    assert_ok(job_exchange(w->hand->db, w->arena, &w->hand->w, &x));
    assert_int_equal(x.dropped, 0);
    assert_int_equal(world_count(w->arena, "select count(*) from jobs"), 10);
    for (size_t i = 0; i < 10; i++)
        assert_string_equal(world_state(w, w->user, ends[i].id), "completed");
}

/* ---- keys --------------------------------------------------------------------------- */

static void
of_a_unique_key_one_job_is_unfinished(void **state)
{
    struct world *w = *state;
    struct id key = job_key("test", id_new().s);
    struct id first = world_add(w, (struct job_new){ .unique_key = key });
    struct id second = world_add(w, (struct job_new){ .unique_key = key });
    struct id later = world_add(w, (struct job_new){ .unique_key = key, .delay_ms = 1 });
    struct job_claimed job;

    assert_string_equal(world_state(w, w->user, second), "gone");
    assert_string_equal(world_state(w, w->user, later), "gone");
    job = hand_claim(w->hand, 5).claimed[0];
    assert_string_equal(job.id.s, first.s);
    world_add(w, (struct job_new){ .unique_key = key });
    assert_int_equal(hand_claim(w->hand, 5).claimed_count, 0);
    (void)hand_end(w->hand, &job, JOB_END_COMPLETED);
    second = world_add(w, (struct job_new){ .unique_key = key });
    assert_string_equal(hand_claim(w->hand, 5).claimed[0].id.s, second.s);
}

static void
a_unique_key_is_everybodys(void **state)
{
    struct world *w = *state;
    struct id key = job_key("test", id_new().s), other = id_new();
    struct id id;

    world_add(w, (struct job_new){ .unique_key = key });
    id = world_add(w, (struct job_new){ .unique_key = key, .user_id = other });
    assert_string_equal(world_state(w, other, id), "gone");
}

static void
keys_differ_when_their_texts_do(void **state)
{
    (void)state;
    assert_true(id_eq(job_key("a", "b"), job_key("a", "b")));
    assert_false(id_eq(job_key("a", "b"), job_key("a", "c")));
    assert_false(id_eq(job_key("ab", "c"), job_key("a", "bc")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        QUEUE_TEST(a_claimed_job_is_what_was_added),
        QUEUE_TEST(an_uncommitted_job_is_not_there),
        QUEUE_TEST(a_job_whose_adder_commits_late_is_found),
        QUEUE_TEST(the_urgent_of_all_queues_go_first),
        QUEUE_TEST(claims_are_in_order_of_priority_and_position),
        QUEUE_TEST(many_are_added_at_once),
        QUEUE_TEST(many_with_keys_are_refused),
        QUEUE_TEST(a_payload_over_the_limit_is_refused),
        QUEUE_TEST(a_delayed_job_waits_for_its_time),
        QUEUE_TEST(a_job_past_its_deadline_is_claimed_as_expired),
        QUEUE_TEST(a_completed_job_leaves_a_record_unless_it_is_to_be_forgotten),
        QUEUE_TEST(a_failed_job_is_retried_after_its_delay_and_behind_the_others),
        QUEUE_TEST(a_discarded_job_keeps_its_error_and_runs_again_when_told),
        QUEUE_TEST(only_what_failed_or_was_cancelled_runs_again),
        QUEUE_TEST(a_retry_that_waits_is_made_at_once_when_told),
        QUEUE_TEST(a_returned_job_has_lost_no_attempt),
        QUEUE_TEST(an_end_in_a_transaction_commits_or_not_with_it),
        QUEUE_TEST(a_second_end_is_dropped),
        QUEUE_TEST(ends_find_their_rows_in_a_table_that_was_rewritten),
        QUEUE_TEST(of_a_unique_key_one_job_is_unfinished),
        QUEUE_TEST(a_unique_key_is_everybodys),
        QUEUE_TEST(keys_differ_when_their_texts_do),
    };

    return cmocka_run_group_tests_name("job", tests, NULL, NULL);
}
