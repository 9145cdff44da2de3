/* What the gateway writes: batches of events, replies, metrics; and who holds which credential. */
#include "db/event.h"
#include "db/feed.h"
#include "lib/arena.h"
#include "lib/json_check.h"
#include "stream/batch.h"
#include "stream/credentials.h"
#include "stream/metrics.h"
#include "stream/reader.h"
#include "stream/reply.h"
#include "stream/visit.h"
#include "tests/harness/harness.h"

#include <string.h>

#define USER "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"

static struct id
user(void)
{
    struct id id;

    assert_true(id_parse(USER, &id));
    return id;
}

static void
an_entry_of_the_feed_has_its_own_members_behind_the_common_ones(void **state)
{
    const struct feed_event rows[] = {
        { user(), 7, "chat", "{}" },
        { user(), 8, "request", "{\"id\": \"x\", \"status\": \"queued\"}" },
    };
    struct batch *b = batch_of_feed(rows, 2);

    (void)state;
    assert_string_equal(b->text,
                        "event: chat\nid: 7\ndata: {\"type\":\"chat\",\"sequence_number\":7}"
                        "\n\nevent: request\nid: 8\ndata: {\"type\":\"request\","
                        "\"sequence_number\":8,\"id\": \"x\", \"status\": \"queued\"}\n\n");
    assert_int_equal(batch_last(b), 8);
    assert_int_equal(batch_start(b, 2), b->len);
    batch_drop(b);
}

static void
the_json_of_an_event_lies_where_the_batch_says(void **state)
{
    struct event_row rows[3] = { 0 };
    struct batch *b;

    for (int i = 0; i < 3; i++)
        rows[i].e = (struct event){
            .request_id = user(), .seq = i, .type = EVENT_TEXT_DELTA, .text = "a\nb\xe2\x80\xa8"
        };
    b = batch_of_events(TOPIC_REQUEST, rows, 3);
    for (size_t i = 0; i < 3; i++) {
        const char *json =
            arena_strndup(*state, b->text + b->events[i].json, b->events[i].json_len);

        assert_ok(json_check(*state, json, strlen(json)));
        assert_null(strchr(json, '\n'));
    }
    assert_int_equal(batch_after(b, -1), 0);
    assert_int_equal(batch_after(b, 0), 1);
    assert_int_equal(batch_after(b, 2), 3);
    batch_drop(b);
}

static void
batches_go_when_nobody_holds_them(void **state)
{
    const struct feed_event row = { user(), 1, "chat", "{}" };
    struct batch *first = batch_of_feed(&row, 1);
    struct batch *tail;

    (void)state;
    first->next = tail = batch_of_feed(&row, 1);
    tail->tail = &tail;
    batch_drop(batch_hold(first));
    assert_non_null(tail);
    batch_drop(first);
    assert_null(tail);
}

static void
a_problem_tells_the_client_no_more_than_it_may_know(void **state)
{
    struct reply_mark mark = { .name = "n1", .db_ns = 2000000, .all_ns = 2500000 };
    struct visit_fault none = { NULL, NULL };
    struct buf out;

    buf_init(&out, *state, REPLY_MAX);
    reply_problem(&out, ERR(ERR_NOT_FOUND, "request not found"), &none, &mark);
    assert_contains(out.data, "HTTP/1.1 404 Not found\r\n");
    assert_contains(out.data, "\r\nX-Request-Id: n1\r\n");
    assert_contains(out.data, "\r\nServer-Timing: db;dur=2.00, app;dur=0.50\r\n");
    assert_contains(out.data, "\"error\":\"Request not found\"");
    buf_init(&out, *state, REPLY_MAX);
    reply_problem(&out, ERR(ERR_INTERNAL, "secret"), &none, &(struct reply_mark){ .name = "n2" });
    assert_contains(out.data, "HTTP/1.1 500 ");
    assert_null(strstr(out.data, "secret"));
    buf_init(&out, *state, REPLY_MAX);
    reply_problem(&out, ERR(ERR_UNAVAILABLE, "host=db1 refused"), &none,
                  &(struct reply_mark){ .name = "n3" });
    assert_contains(out.data, "\r\nRetry-After: 1\r\n");
    assert_null(strstr(out.data, "db1"));
}

static void
a_stream_begins_with_how_soon_to_come_back_and_where_to_go_on(void **state)
{
    struct buf out;

    buf_init(&out, *state, REPLY_MAX);
    reply_stream(&out, -1, &(struct reply_mark){ .name = "n" });
    assert_contains(out.data, "\r\n\r\nretry: 1000\n\n");
    buf_init(&out, *state, REPLY_MAX);
    reply_stream(&out, 17, &(struct reply_mark){ .name = "n" });
    assert_contains(out.data, "\r\n\r\nretry: 1000\nid: 17\n\n");
}

static void
a_status_is_passed_on_under_its_own_path(void **state)
{
    struct visit v = { .what = VISIT_STATUS, .id = user(), .wait_s = 5 };
    struct buf out;

    buf_init(&out, *state, REPLY_MAX);
    reply_pass_on(&out, &v, &(struct reply_mark){ .name = "n" });
    assert_contains(out.data, "\r\nX-Accel-Redirect: /_app/api/requests/" USER "/status\r\n");
    v.short_path = true;
    buf_init(&out, *state, REPLY_MAX);
    reply_pass_on(&out, &v, &(struct reply_mark){ .name = "n" });
    assert_contains(out.data, "\r\nX-Accel-Redirect: /_app/api/requests/" USER "\r\n");
}

static void
the_lag_is_a_cumulative_histogram(void **state)
{
    struct reader_figures figures = { .connected = true, .topics = 3 };
    struct metrics m = { .open[STREAM_FEED_WS] = 2 };
    struct buf out;

    metrics_lag(&m, 500000);
    metrics_lag(&m, 1500000);
    metrics_lag(&m, 9000000000);
    buf_init(&out, *state, REPLY_MAX);
    metrics_write(&out, &m, &figures);
    assert_contains(out.data, "open{topic=\"feed\",transport=\"websocket\"} 2\n");
    assert_contains(out.data, "lag_seconds_bucket{le=\"0.001\"} 1\n");
    assert_contains(out.data, "lag_seconds_bucket{le=\"0.002\"} 2\n");
    assert_contains(out.data, "lag_seconds_bucket{le=\"1\"} 2\n");
    assert_contains(out.data, "lag_seconds_bucket{le=\"+Inf\"} 3\n");
    assert_contains(out.data, "lag_seconds_count 3\n");
    assert_contains(out.data, "database_up 1\n");
    assert_contains(out.data, "topics 3\n");
}

struct crowd {
    struct credentials credentials;
    struct credential *held[4];
    struct link holders[4];
    int ended;
};

static void
end(void *arg, struct link *holder)
{
    struct crowd *crowd = arg;
    size_t n = (size_t)(holder - crowd->holders);

    credential_leave(&crowd->credentials, crowd->held[n], holder);
    crowd->ended |= 1 << n;
}

static void
a_check_ends_the_holders_of_what_is_no_longer_good(void **state)
{
    struct id good = id_new(), bad = id_new(), late = id_new(), *asked;
    struct crowd crowd = { 0 };

    credentials_init(&crowd.credentials, *state, 4);
    crowd.held[0] = credential_hold(&crowd.credentials, bad, &crowd.holders[0]);
    crowd.held[1] = credential_hold(&crowd.credentials, good, &crowd.holders[1]);
    crowd.held[2] = credential_hold(&crowd.credentials, bad, &crowd.holders[2]);
    assert_int_equal(credentials_ask(&crowd.credentials, *state, &asked), 2);
    /* Nothing is known of one that came after the question. */
    crowd.held[3] = credential_hold(&crowd.credentials, late, &crowd.holders[3]);
    credentials_answer(&crowd.credentials, &good, 1, end, &crowd);
    assert_int_equal(crowd.ended, 1 | 4);
    assert_int_equal(crowd.credentials.table.count, 2);
    assert_int_equal(credentials_ask(&crowd.credentials, *state, &asked), 2);
    credentials_answer(&crowd.credentials, NULL, 0, end, &crowd);
    assert_int_equal(crowd.ended, 15);
    assert_int_equal(crowd.credentials.pool.used, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(an_entry_of_the_feed_has_its_own_members_behind_the_common_ones),
        UNIT_TEST(the_json_of_an_event_lies_where_the_batch_says),
        UNIT_TEST(batches_go_when_nobody_holds_them),
        UNIT_TEST(a_problem_tells_the_client_no_more_than_it_may_know),
        UNIT_TEST(a_stream_begins_with_how_soon_to_come_back_and_where_to_go_on),
        UNIT_TEST(a_status_is_passed_on_under_its_own_path),
        UNIT_TEST(the_lag_is_a_cumulative_histogram),
        UNIT_TEST(a_check_ends_the_holders_of_what_is_no_longer_good),
    };

    return cmocka_run_group_tests_name("stream_text", tests, NULL, NULL);
}
