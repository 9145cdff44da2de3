#include "lib/clock.h"
#include "tests/harness/http_world.h"

static void
a_body_that_is_cut_is_a_failure(void **state)
{
    static const char *const cut[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nConte",
        NULL,
    };
    struct world *w = *state;

    for (int reset = 0; reset < 2; reset++) {
        w->server.end = reset ? SERVER_RESET : SERVER_CLOSE;
        for (size_t i = 0; i < TEST_COUNT(cut); i++) {
            server_reply(&w->server, cut[i]);
            expect_failure(get(w), ERR_UPSTREAM, "the connection was cut");
        }
    }
}

static void
a_body_may_end_with_its_connection(void **state)
{
    struct world *w = *state;
    struct result *r;

    server_reply(&w->server, "HTTP/1.1 200 OK\r\n\r\nhello");
    w->server.end = SERVER_CLOSE;
    r = get(w);

    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_string_equal(r->body.data, "hello");
}

static void
what_is_no_http_is_a_failure(void **state)
{
    struct world *w = *state;

    w->server.end = SERVER_CLOSE;
    server_reply(&w->server, "SSH-2.0-OpenSSH_9.2\r\n");
    expect_failure(get(w), ERR_UPSTREAM, "\"127.0.0.1\"");
    server_reply(&w->server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    assert_int_equal(get(w)->reply.err.code, ERR_UPSTREAM);
    server_reply(&w->server, "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello");
    assert_int_equal(get(w)->reply.err.code, ERR_UPSTREAM);
}

static void
a_refused_connection_names_host_port_and_reason(void **state)
{
    struct world *w = *state;
    struct server closed;
    struct result *r;

    server_open(&closed, w->arena, &w->loop);
    server_close(&closed);
    (void)uv_run(&w->loop, UV_RUN_NOWAIT);
    r = transfer(w, (struct http_request){
                        .url = arena_printf(w->arena, "http://127.0.0.1:%d/", closed.port) });

    expect_failure(r, ERR_UPSTREAM,
                   arena_printf(w->arena,
                                "could not connect to \"127.0.0.1\" at port %d: Connection refused",
                                closed.port));
}

static void
an_unknown_name_is_named(void **state)
{
    expect_failure(transfer(*state, (struct http_request){ .url = "http://missing.example/" }),
                   ERR_UPSTREAM, "the name \"missing.example\" could not be looked up");
}

static void
an_unknown_name_harms_no_transfer_that_follows(void **state)
{
    struct world *w = *state;

    server_reply(&w->server, HELLO);
    for (int i = 0; i < 3; i++) {
        expect_failure(transfer(w, (struct http_request){ .url = "http://missing.example/" }),
                       ERR_UPSTREAM, "could not be looked up");
        assert_int_equal(get(w)->reply.status, 200);
    }
}

/* Milliseconds that the loop took at most for one turn while *count became 1. */
static void
note_gap(uv_timer_t *timer)
{
    int64_t *gap = timer->data, now = clock_mono_ms();

    if (gap[0] > 0 && now - gap[0] > gap[1])
        gap[1] = now - gap[0];
    gap[0] = now;
}

static int64_t
longest_stall(struct world *w, const int *count)
{
    int64_t gap[2] = { 0, 0 };
    uv_timer_t tick;

    assert_int_equal(uv_timer_init(&w->loop, &tick), 0);
    tick.data = gap;
    assert_int_equal(uv_timer_start(&tick, note_gap, 0, 5), 0);
    turn_until(w, count, 1);
    uv_close((uv_handle_t *)&tick, NULL);
    (void)uv_run(&w->loop, UV_RUN_NOWAIT);
    return gap[1];
}

static void
a_slow_name_server_meets_the_deadline_and_does_not_stop_the_loop(void **state)
{
    struct world *w = *state;
    struct result *r = send_to(
        result_new(w), (struct http_request){ .url = "http://slow.example/", .connect_ms = 100 });
    int64_t stall_ms = longest_stall(w, &r->ends);

    expect_failure(r, ERR_TIMEOUT, "could not connect to \"slow.example\" within 0.1 s");
    assert_in_range(r->reply.total_ms, 100, 5000);
    assert_true(stall_ms < DEADLINE_MS / 4);
}

static void
dropping_a_transfer_does_not_wait_for_its_name(void **state)
{
    struct world *w = *state;
    struct result *slow =
        send_to(result_new(w), (struct http_request){ .url = "http://slow.example/" });
    struct result *r;
    int64_t start_ms = clock_mono_ms();

    (void)get(w);
    http_cancel(slow->transfer);
    r = get(w);

    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_int_equal(slow->ends, 0);
    assert_true(clock_mono_ms() - start_ms < DEADLINE_MS / 4);
}

#define CROWD 100

static void
send_crowd(struct world *w, struct result **r, struct http_request rq)
{
    for (int i = 0; i < CROWD; i++)
        r[i] = send_to(result_new(w), rq);
}

static void
few_transfers_look_up_one_name_at_a_time(void **state)
{
    struct world *w = *state;
    struct result *r[CROWD];

    send_crowd(w, r, (struct http_request){ .url = url_of(w, "http", "here.example") });
    for (int i = 0; i < CROWD; i++)
        turn_until(w, &r[i]->ends, 1);

    for (int i = 0; i < CROWD; i++)
        assert_string_equal(r[i]->body.data, "hello");
    assert_in_range(atomic_load(&http_world_lookups), 1, CROWD / 2);
}

static void
a_name_that_hangs_leaves_room_for_others_and_none_waits_past_its_deadline(void **state)
{
    struct world *w = *state;
    struct http_request slow = { .url = "http://slow.example/", .connect_ms = 1000 };
    struct result *r[CROWD];

    send_crowd(w, r, slow);
    for (int i = 0; i < 50 && atomic_load(&http_world_lookups) < 8; i++)
        turn_for(w, 10);
    assert_string_equal(
        transfer(w, (struct http_request){ .url = url_of(w, "http", "here.example") })->body.data,
        "hello");
    assert_int_equal(atomic_load(&http_world_lookups), 8 + 1);

    for (int i = 0; i < CROWD; i++)
        turn_until(w, &r[i]->ends, 1);
    for (int i = 0; i < CROWD; i++)
        expect_failure(r[i], ERR_TIMEOUT, "could not connect to \"slow.example\" within 1 s");
}

static void
a_transfer_may_be_cancelled_while_it_waits_for_a_look_up(void **state)
{
    struct world *w = *state;
    struct result *r[CROWD];

    send_crowd(w, r, (struct http_request){ .url = "http://slow.example/", .idle_ms = 1000 });
    turn_for(w, 50);
    for (int i = 0; i < CROWD - 1; i++)
        http_cancel(r[i]->transfer);
    turn_until(w, &r[CROWD - 1]->ends, 1);

    expect_failure(r[CROWD - 1], ERR_TIMEOUT, "sent nothing for 1 s");
    for (int i = 0; i < CROWD - 1; i++)
        assert_int_equal(r[i]->ends, 0);
}

static void
a_handshake_that_never_ends_meets_the_deadline(void **state)
{
    struct world *w = *state;
    struct result *r = transfer(
        w, (struct http_request){ .url = url_of(w, "https", "127.0.0.1"), .connect_ms = 100 });

    expect_failure(r, ERR_TIMEOUT, "could not connect to \"127.0.0.1\" within 0.1 s");
}

static void
a_server_that_speaks_no_tls_is_not_trusted(void **state)
{
    struct world *w = *state;

    w->server.at_once = true;
    w->server.end = SERVER_CLOSE;
    expect_failure(transfer(w, (struct http_request){ .url = url_of(w, "https", "127.0.0.1") }),
                   ERR_UPSTREAM, "no trusted TLS connection to \"127.0.0.1\"");
}

static void
silence_meets_the_idle_deadline(void **state)
{
    struct world *w = *state;
    struct result *r;

    server_reply(&w->server, NULL);
    r = transfer(w, (struct http_request){ .url = here(w), .idle_ms = 100 });
    expect_failure(r, ERR_TIMEOUT, "\"127.0.0.1\" sent nothing for 0.1 s");
    assert_int_equal(r->replies, 0);
    assert_in_range(r->reply.total_ms, 100, 5000);

    server_reply(&w->server, ENDLESS);
    r = transfer(w, (struct http_request){ .url = here(w), .idle_ms = 400 });
    expect_failure(r, ERR_TIMEOUT, "sent nothing");
    assert_string_equal(r->body.data, "hello");
}

static void
body_puts_the_idle_deadline_off_and_headers_only_once(void **state)
{
    static const char headers[] = "HTTP/1.1 200 OK\r\nContent-Length: 312\r\n\r\n";
    struct world *w = *state;
    struct result *r;

    /* The headers, and then the body in eight pieces: in all longer than the deadline. */
    w->server.piece = sizeof(headers) - 1;
    w->server.wait_ms = 100;
    server_reply(&w->server, arena_printf(w->arena, "%s%0312d", headers, 0));
    r = transfer(w, (struct http_request){ .url = here(w), .idle_ms = 600 });
    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_true(r->reply.total_ms > 600);

    /* Headers that come one byte at a time do not. */
    w->server.piece = 1;
    w->server.wait_ms = 20;
    r = transfer(w, (struct http_request){ .url = here(w), .idle_ms = 300 });
    expect_failure(r, ERR_TIMEOUT, "sent nothing for 0.3 s");
    assert_int_equal(r->replies, 0);
}

static void
the_whole_transfer_has_a_deadline(void **state)
{
    struct world *w = *state;
    struct result *r;

    server_reply(&w->server,
                 "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n01234567890123456789");
    w->server.piece = 41;
    w->server.wait_ms = 10;
    r = transfer(w, (struct http_request){ .url = here(w), .connect_ms = 5000, .total_ms = 150 });

    expect_failure(r, ERR_TIMEOUT, "\"127.0.0.1\" did not finish within 0.15 s");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(a_body_that_is_cut_is_a_failure),
        HTTP_TEST(a_body_may_end_with_its_connection),
        HTTP_TEST(what_is_no_http_is_a_failure),
        HTTP_TEST(a_refused_connection_names_host_port_and_reason),
        HTTP_TEST(an_unknown_name_is_named),
        HTTP_TEST(an_unknown_name_harms_no_transfer_that_follows),
        HTTP_TEST(a_slow_name_server_meets_the_deadline_and_does_not_stop_the_loop),
        HTTP_TEST(dropping_a_transfer_does_not_wait_for_its_name),
        HTTP_TEST(few_transfers_look_up_one_name_at_a_time),
        HTTP_TEST(a_name_that_hangs_leaves_room_for_others_and_none_waits_past_its_deadline),
        HTTP_TEST(a_transfer_may_be_cancelled_while_it_waits_for_a_look_up),
        HTTP_TEST(a_handshake_that_never_ends_meets_the_deadline),
        HTTP_TEST(a_server_that_speaks_no_tls_is_not_trusted),
        HTTP_TEST(silence_meets_the_idle_deadline),
        HTTP_TEST(body_puts_the_idle_deadline_off_and_headers_only_once),
        HTTP_TEST(the_whole_transfer_has_a_deadline),
    };

    return cmocka_run_group_tests_name("http_failures", tests, NULL, NULL);
}
