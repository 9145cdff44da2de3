#include "tests/harness/http_world.h"

static bool
pause_first(struct result *r)
{
    if (r->pieces == 1)
        http_pause(r->transfer, true);
    return true;
}

static void
a_paused_transfer_waits_without_a_deadline_and_loses_nothing(void **state)
{
    struct world *w = *state;
    struct result *r = result_new(w);
    char *body = arena_alloc(w->arena, 1000001);
    size_t before;

    for (size_t i = 0; i < 1000000; i++)
        body[i] = (char)('a' + i % 23);
    server_reply(
        &w->server,
        arena_printf(w->arena, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n%s", body));
    r->in_data = pause_first;
    (void)send_to(r, (struct http_request){ .url = here(w), .idle_ms = 500 });
    turn_until(w, &r->pieces, 1);
    before = r->body.len;
    turn_for(w, 800);
    assert_int_equal(r->body.len, before);
    assert_int_equal(r->ends, 0);

    http_pause(r->transfer, false);
    assert_int_equal(r->body.len, before); /* never from inside of http_pause() */
    turn_until(w, &r->ends, 1);
    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_int_equal(r->body.len, 1000000);
    assert_memory_equal(r->body.data, body, 1000000);
}

static void
a_transfer_may_be_paused_before_it_begins(void **state)
{
    struct world *w = *state;
    struct result *r =
        send_to(result_new(w), (struct http_request){ .url = here(w), .idle_ms = 5000 });

    http_pause(r->transfer, true);
    turn_until(w, &r->replies, 1);
    turn_for(w, 50);
    assert_int_equal(r->pieces, 0);

    http_pause(r->transfer, false);
    turn_until(w, &r->ends, 1);
    assert_string_equal(r->body.data, "hello");
}

static void
a_transfer_cancelled_while_it_is_paused_is_gone(void **state)
{
    struct world *w = *state;
    struct result *r = result_new(w);

    server_reply(&w->server, ENDLESS);
    r->in_data = pause_first;
    (void)send_to(r, (struct http_request){ .url = here(w) });
    turn_until(w, &r->pieces, 1);
    http_pause(r->transfer, false);
    http_cancel(r->transfer);
    turn_until(w, &w->server.open, 0);

    assert_int_equal(r->ends, 0);
    assert_int_equal(r->pieces, 1);
}

static bool
pause_then_refuse(struct result *r)
{
    (void)pause_first(r);
    return r->pieces == 1;
}

static void
a_resumed_transfer_may_be_refused_at_once(void **state)
{
    struct world *w = *state;
    struct result *r = result_new(w);
    size_t total = 500000;

    server_reply(&w->server,
                 arena_printf(w->arena, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%0*d", total,
                              (int)total, 0));
    r->in_data = pause_then_refuse;
    (void)send_to(r, (struct http_request){ .url = here(w) });
    turn_until(w, &r->pieces, 1);
    turn_for(w, 50); /* libcurl keeps a piece meanwhile */
    http_pause(r->transfer, false);
    turn_until(w, &r->ends, 1);

    expect_failure(r, ERR_TOO_LARGE, "over a limit");
    assert_int_equal(r->pieces, 2);
}

static void
cancel_in_reply(struct result *r)
{
    http_cancel(r->transfer);
}

static bool
cancel_in_data(struct result *r)
{
    http_cancel(r->transfer);
    return true;
}

static void
a_transfer_may_be_cancelled_at_any_time(void **state)
{
    struct world *w = *state;
    struct result *early, *in_reply = result_new(w), *in_data = result_new(w),
                          *in_end = result_new(w);

    early = send_to(result_new(w), (struct http_request){ .url = here(w), .idle_ms = 1 });
    http_cancel(early->transfer);
    http_cancel(early->transfer);
    (void)get(w);
    assert_int_equal(w->server.requests, 1);

    in_reply->in_reply = cancel_in_reply;
    (void)send_to(in_reply, (struct http_request){ .url = here(w) });
    turn_until(w, &in_reply->replies, 1);
    in_data->in_data = cancel_in_data;
    (void)send_to(in_data, (struct http_request){ .url = here(w) });
    turn_until(w, &in_data->pieces, 1);
    in_end->in_end = cancel_in_reply;
    (void)send_to(in_end, (struct http_request){ .url = here(w) });
    turn_until(w, &in_end->ends, 1);
    (void)get(w);

    assert_int_equal(early->replies + early->pieces + early->ends, 0);
    assert_int_equal(in_reply->pieces + in_reply->ends, 0);
    assert_int_equal(in_data->ends, 0);
    assert_int_equal(in_end->ends, 1);
}

static void
cancelling_closes_the_connection(void **state)
{
    struct world *w = *state;
    struct result *r;

    server_reply(&w->server, ENDLESS);
    r = send_to(result_new(w), (struct http_request){ .url = here(w) });
    turn_until(w, &r->pieces, 1);
    assert_int_equal(w->server.open, 1);

    http_cancel(r->transfer);
    turn_until(w, &w->server.open, 0);
    assert_int_equal(r->ends, 0);
}

static bool
cancel_other(struct result *r)
{
    http_cancel(r->other->transfer);
    return true;
}

static void
one_transfer_may_cancel_another(void **state)
{
    struct world *w = *state;
    struct result *a = result_new(w), *b = result_new(w);

    server_reply(&w->server, ENDLESS);
    a->other = b;
    b->other = a;
    a->in_data = b->in_data = cancel_other;
    (void)send_to(a, (struct http_request){ .url = here(w) });
    (void)send_to(b, (struct http_request){ .url = here(w) });
    turn_until(w, &w->server.open, 1);
    turn_until(w, &w->server.requests, 2);
    turn_for(w, 50);

    assert_int_equal(a->pieces + b->pieces, 1);
    assert_int_equal(a->ends + b->ends, 0);
    assert_int_equal(w->server.open, 1);
}

static void
send_other_in_end(struct result *r)
{
    (void)send_to(r->other, (struct http_request){ .url = here(r->world) });
}

static bool
send_other_in_data(struct result *r)
{
    send_other_in_end(r);
    return true;
}

static void
callbacks_may_send(void **state)
{
    struct world *w = *state;
    struct result *first = result_new(w), *second = result_new(w), *third = result_new(w);

    first->other = second;
    first->in_data = send_other_in_data;
    second->other = third;
    second->in_end = send_other_in_end;
    (void)send_to(first, (struct http_request){ .url = here(w) });
    turn_until(w, &third->ends, 1);

    assert_string_equal(first->body.data, "hello");
    assert_string_equal(second->body.data, "hello");
    assert_string_equal(third->body.data, "hello");
}

static void
closing_drops_what_is_open_without_a_word(void **state)
{
    struct world *w = *state;
    struct result *streaming, *waiting, *looking_up;

    server_reply(&w->server, ENDLESS);
    streaming = send_to(result_new(w), (struct http_request){ .url = here(w), .idle_ms = 1000 });
    looking_up = send_to(result_new(w), (struct http_request){ .url = "http://slow.example/" });
    turn_until(w, &streaming->pieces, 1);
    waiting = send_to(result_new(w), (struct http_request){ .url = here(w) });

    http_close(w->http);
    http_close(w->http);
    turn_until(w, &w->server.open, 0);

    assert_int_equal(streaming->ends + waiting->ends + looking_up->ends, 0);
    assert_int_equal(w->server.requests, 1);
}

static void
close_in_end(struct result *r)
{
    http_close(r->world->http);
}

static bool
close_in_data(struct result *r)
{
    close_in_end(r);
    return true;
}

static void
the_client_may_be_closed_in_a_body_callback(void **state)
{
    struct world *w = *state;
    struct result *a = result_new(w), *b = result_new(w);

    a->in_data = b->in_data = close_in_data;
    (void)send_to(a, (struct http_request){ .url = here(w) });
    (void)send_to(b, (struct http_request){ .url = here(w) });
    turn_until(w, &w->server.requests, 2);
    turn_until(w, &w->server.open, 0);

    assert_int_equal(a->pieces + b->pieces, 1);
    assert_int_equal(a->ends + b->ends, 0);
}

static void
the_client_may_be_closed_in_the_last_callback(void **state)
{
    struct world *w = *state;
    struct result *a = result_new(w);

    a->in_end = close_in_end;
    (void)send_to(a, (struct http_request){ .url = here(w) });
    (void)send_to(result_new(w), (struct http_request){ .url = "nonsense" });
    turn_until(w, &a->ends, 1);
    turn_until(w, &w->server.open, 0);
}

static void
the_end_of_its_arena_closes_a_client(void **state)
{
    struct world *w = *state, *other = ARENA_NEW(w->arena, struct world);
    struct arena *short_lived = arena_new();
    struct result *r;

    http_close(w->http);
    *other = (struct world){ .arena = w->arena, .http = http_new(short_lived, &w->loop) };
    server_reply(&w->server, ENDLESS);
    r = send_to(result_new(other), (struct http_request){ .url = here(w) });
    turn_until(w, &r->pieces, 1);

    arena_free(short_lived);
    turn_until(w, &w->server.open, 0);
    assert_int_equal(r->ends, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(a_paused_transfer_waits_without_a_deadline_and_loses_nothing),
        HTTP_TEST(a_transfer_may_be_paused_before_it_begins),
        HTTP_TEST(a_transfer_cancelled_while_it_is_paused_is_gone),
        HTTP_TEST(a_resumed_transfer_may_be_refused_at_once),
        HTTP_TEST(a_transfer_may_be_cancelled_at_any_time),
        HTTP_TEST(cancelling_closes_the_connection),
        HTTP_TEST(one_transfer_may_cancel_another),
        HTTP_TEST(callbacks_may_send),
        HTTP_TEST(closing_drops_what_is_open_without_a_word),
        HTTP_TEST(the_client_may_be_closed_in_a_body_callback),
        HTTP_TEST(the_client_may_be_closed_in_the_last_callback),
        HTTP_TEST(the_end_of_its_arena_closes_a_client),
    };

    return cmocka_run_group_tests_name("http_control", tests, NULL, NULL);
}
