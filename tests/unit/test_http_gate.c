#include "tests/harness/http_world.h"

static struct http_request
gated(const char *url, const char *allow)
{
    return (struct http_request){ .url = url, .gate = true, .allow = allow };
}

static void
the_gate_refuses_private_addresses_by_number_and_by_name(void **state)
{
    struct world *w = *state;
    const char *urls[] = {
        here(w),
        url_of(w, "http", "2130706433"),
        url_of(w, "http", "127.1"),
        url_of(w, "http", "[::ffff:127.0.0.1]"),
        url_of(w, "http", "[::1]"),
        url_of(w, "http", "0.0.0.0"),
        url_of(w, "http", "here.example"),
    };

    for (size_t i = 0; i < TEST_COUNT(urls); i++)
        expect_failure(transfer(w, gated(urls[i], NULL)), ERR_FORBIDDEN,
                       "does not lead to a public address");
    assert_int_equal(w->server.connections, 0);
}

static void
the_allow_list_opens_the_gate_for_what_it_names(void **state)
{
    struct world *w = *state;
    const char *by_name = url_of(w, "http", "here.example");
    const char *with_port = arena_printf(w->arena, "here.example:%d", w->server.port);

    assert_int_equal(transfer(w, gated(here(w), "127.0.0.0/8"))->reply.err.code, ERR_NONE);
    assert_int_equal(transfer(w, gated(by_name, "x, here.example"))->reply.err.code, ERR_NONE);
    assert_int_equal(transfer(w, gated(by_name, with_port))->reply.err.code, ERR_NONE);
    expect_failure(transfer(w, gated(by_name, "here.example:1")), ERR_FORBIDDEN, "here.example");
    expect_failure(transfer(w, gated(here(w), "10.0.0.0/8")), ERR_FORBIDDEN, "127.0.0.1");
}

static void
an_open_connection_is_no_way_round_the_gate(void **state)
{
    struct world *w = *state;

    /* Of a transfer without gate: it is not even looked at. */
    assert_int_equal(get(w)->reply.err.code, ERR_NONE);
    expect_failure(transfer(w, gated(here(w), "")), ERR_FORBIDDEN, "public");
    assert_int_equal(w->server.connections, 1);

    /* Of one with another allow list. */
    assert_int_equal(transfer(w, gated(here(w), "127.0.0.1"))->reply.err.code, ERR_NONE);
    assert_int_equal(w->server.connections, 2);
    expect_failure(transfer(w, gated(here(w), "")), ERR_FORBIDDEN, "public");
    assert_int_equal(transfer(w, gated(here(w), "127.0.0.1"))->reply.err.code, ERR_NONE);
    assert_int_equal(w->server.requests, 3);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(the_gate_refuses_private_addresses_by_number_and_by_name),
        HTTP_TEST(the_allow_list_opens_the_gate_for_what_it_names),
        HTTP_TEST(an_open_connection_is_no_way_round_the_gate),
    };

    return cmocka_run_group_tests_name("http_gate", tests, NULL, NULL);
}
