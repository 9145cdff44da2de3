#include "tests/harness/http_world.h"

static void
a_reply_arrives_whole(void **state)
{
    struct world *w = *state;
    struct result *r = get(w);

    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_int_equal(r->replies, 1);
    assert_int_equal(r->reply.status, 200);
    assert_string_equal(r->reply.content_type, "text/plain; charset=utf-8");
    assert_int_equal(r->reply.retry_after_ms, -1);
    assert_int_equal(r->reply.body_bytes, 5);
    assert_true(r->reply.first_byte_ms >= 0 && r->reply.first_byte_ms <= r->reply.total_ms);
    assert_string_equal(r->body.data, "hello");
    assert_contains(w->server.last.data, "GET / HTTP/1.1\r\n");
}

static void
a_body_streams_as_it_comes(void **state)
{
    struct world *w = *state;
    struct result *r;

    server_reply(&w->server, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                             "6\r\nhello \r\n5\r\nthere\r\n0\r\n\r\n");
    w->server.piece = 58; /* the headers with the first chunk */
    w->server.wait_ms = 20;
    r = get(w);

    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_int_equal(r->pieces, 2);
    assert_string_equal(r->body.data, "hello there");
}

static void
an_error_status_is_no_failure_of_the_transfer(void **state)
{
    struct world *w = *state;
    struct result *r;

    server_reply(&w->server, "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy");
    r = get(w);

    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_int_equal(r->reply.status, 503);
    assert_string_equal(r->reply.content_type, "");
    assert_string_equal(r->body.data, "busy");
}

static void
interim_replies_are_passed_over(void **state)
{
    struct world *w = *state;
    struct result *r;

    server_reply(&w->server, "HTTP/1.1 103 Early Hints\r\nContent-Type: x/y\r\n\r\n"
                             "HTTP/1.1 100 Continue\r\n\r\n" HELLO);
    r = get(w);

    assert_int_equal(r->replies, 1);
    assert_int_equal(r->reply.status, 200);
    assert_string_equal(r->body.data, "hello");
}

static void
a_reply_without_body_still_tells_its_headers(void **state)
{
    struct world *w = *state;
    struct result *r;

    server_reply(&w->server, "HTTP/1.1 204 None\r\n\r\n");
    r = get(w);
    assert_int_equal(r->replies, 1);
    assert_int_equal(r->reply.status, 204);
    assert_int_equal(r->reply.first_byte_ms, -1);

    server_reply(&w->server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    r = transfer(w, (struct http_request){ .method = "HEAD", .url = here(w) });
    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_int_equal(r->pieces, 0);
    assert_contains(w->server.last.data, "HEAD / HTTP/1.1\r\n");
}

static void
method_headers_and_body_are_sent(void **state)
{
    static const struct http_header headers[] = {
        { "Content-Type", "application/json" },
        { "Authorization", "Bearer \xc3\xbc" },
        { "X-Empty", "" },
    };
    struct world *w = *state;
    struct http_request rq = {
        .url = here(w),
        .headers = headers,
        .header_count = TEST_COUNT(headers),
        .body = "{\"a\":\0}",
        .body_len = 7,
    };

    (void)transfer(w, rq);
    assert_contains(w->server.last.data, "POST / HTTP/1.1\r\n");
    assert_contains(w->server.last.data, "\r\nContent-Type: application/json\r\n");
    assert_contains(w->server.last.data, "\r\nAuthorization: Bearer \xc3\xbc\r\n");
    assert_contains(w->server.last.data, "\r\nX-Empty:\r\n");
    assert_contains(w->server.last.data, "\r\nContent-Length: 7\r\n");
    assert_null(strstr(w->server.last.data, "Expect"));
    assert_memory_equal(w->server.last.data + w->server.last.len - 11, "\r\n\r\n{\"a\":\0}", 11);

    rq.method = "PUT";
    (void)transfer(w, rq);
    assert_contains(w->server.last.data, "PUT / HTTP/1.1\r\n");
    rq = (struct http_request){ .method = "DELETE", .url = here(w) };
    (void)transfer(w, rq);
    assert_contains(w->server.last.data, "DELETE / HTTP/1.1\r\n");
    rq.method = "POST";
    (void)transfer(w, rq);
    assert_contains(w->server.last.data, "\r\nContent-Length: 0\r\n");
}

static void
a_large_body_is_sent_whole(void **state)
{
    struct world *w = *state;
    char *body = arena_alloc(w->arena, 900000);

    memset(body, 'b', 900000);
    (void)transfer(w, (struct http_request){ .url = here(w), .body = body, .body_len = 900000 });

    assert_contains(w->server.last.data, "\r\nContent-Length: 900000\r\n");
    assert_memory_equal(w->server.last.data + w->server.last.len - 900000, body, 900000);
}

static void
what_cannot_be_sent_is_told_at_the_end(void **state)
{
    static const struct http_header bad[] = {
        { "X", "a\r\nEvil: 1" },
        { "X\r\nEvil", "1" },
        { "X: y", "1" },
        { "", "1" },
    };
    struct world *w = *state;

    expect_failure(transfer(w, (struct http_request){ .url = "nonsense" }), ERR_INVALID,
                   "a URL must");
    expect_failure(transfer(w, (struct http_request){ .url = "file:///etc/passwd" }), ERR_INVALID,
                   "http");
    expect_failure(transfer(w, (struct http_request){ .url = "http://a:b@example.com/" }),
                   ERR_INVALID, "password");
    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        struct result *r = transfer(
            w, (struct http_request){ .url = here(w), .headers = &bad[i], .header_count = 1 });

        expect_failure(r, ERR_INVALID, "header");
        assert_int_equal(r->replies, 0);
        assert_int_equal(r->reply.status, 0);
    }
    assert_int_equal(w->server.requests, 0);
}

static void
connections_are_used_again(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 5; i++)
        assert_string_equal(get(w)->body.data, "hello");

    assert_int_equal(w->server.requests, 5);
    assert_int_equal(w->server.connections, 1);
}

static void
many_transfers_run_at_once(void **state)
{
    enum { N = 300 };
    struct world *w = *state;
    struct result *r[N];

    w->server.piece = 40;
    w->server.wait_ms = 1;
    for (int i = 0; i < N; i++)
        r[i] = send_to(result_new(w), (struct http_request){ .url = here(w) });
    for (int i = 0; i < N; i++)
        turn_until(w, &r[i]->ends, 1);

    for (int i = 0; i < N; i++)
        assert_string_equal(r[i]->body.data, "hello");
    assert_int_equal(w->server.requests, N);
}

static void
names_beyond_ascii_are_looked_up_as_dns_has_them(void **state)
{
    struct world *w = *state;
    struct result *r =
        transfer(w, (struct http_request){ .url = url_of(w, "http", "b\303\274cher.example") });

    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_string_equal(http_world_name, "xn--bcher-kva.example");
}

static void
redirects_are_replies_like_others(void **state)
{
    struct world *w = *state;
    struct result *r;

    server_reply(&w->server, "HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n\r\n");
    r = get(w);

    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_int_equal(r->reply.status, 302);
    assert_int_equal(w->server.requests, 1);
}

static void
a_proxy_in_the_environment_is_not_used(void **state)
{
    struct world *w = *state;

    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1/", 1), 0);
    assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1/", 1), 0);
    assert_int_equal(get(w)->reply.err.code, ERR_NONE);
    (void)unsetenv("http_proxy");
    (void)unsetenv("all_proxy");
}

static void
retry_after_is_read_in_all_its_forms(void **state)
{
    static const struct {
        const char *headers;
        int64_t ms;
    } cases[] = {
        { "Retry-After: 7", 7000 },
        { "Retry-After: 0", 0 },
        { "Retry-After: 1.5", 1000 },
        { "Retry-After: 99999", 3600000 },
        { "Retry-After: 99999999999999999", -1 },
        { "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT", 3600000 },
        { "Retry-After: Fri, 01 Jan 2010 00:00:00 GMT", 0 },
        { "Retry-After: soon", -1 },
        { "Retry-After: -5", -1 },
        { "retry-after-ms: 250", 250 },
        { "Retry-After: 7\r\nretry-after-ms: 250.9", 250 },
        { "retry-after-ms: x", -1 },
    };
    struct world *w = *state;

    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        struct result *r;

        server_reply(&w->server,
                     arena_printf(w->arena, "HTTP/1.1 429 Slow\r\n%s\r\nContent-Length: 0\r\n\r\n",
                                  cases[i].headers));
        r = get(w);
        if (r->reply.retry_after_ms != cases[i].ms)
            fail_msg("%s: %d ms", cases[i].headers, (int)r->reply.retry_after_ms);
    }
}

/* 100,000 times "x", by gzip. */
/* clang-format off */
static const unsigned char squeezed[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xc2, 0xa0, 0xda, 0x8b, 0x6f, 0x0d, 0x0f, 0xa0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80, 0x57, 0x03, 0x71, 0x11, 0x07, 0xfe, 0xa0, 0x86, 0x01, 0x00
};
/* clang-format on */

static void
reply_squeezed(struct world *w)
{
    struct buf reply;

    buf_init(&reply, w->arena, 10000);
    buf_printf(&reply, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
               sizeof(squeezed));
    buf_add(&reply, squeezed, sizeof(squeezed));
    w->server.reply = reply.data;
    w->server.reply_len = reply.len;
}

static void
a_compressed_body_is_asked_for_and_decoded_only_on_request(void **state)
{
    static const struct http_header header = { "Accept-Encoding", "gzip" };
    struct world *w = *state;
    struct result *r;

    reply_squeezed(w);
    r = get(w);
    assert_null(strstr(w->server.last.data, "Accept-Encoding"));
    assert_int_equal(r->body.len, sizeof(squeezed));

    r = transfer(w, (struct http_request){ .url = here(w), .headers = &header, .header_count = 1 });
    assert_contains(w->server.last.data, "\r\nAccept-Encoding: gzip\r\n");
    assert_int_equal(r->body.len, 100000);
    assert_int_equal(r->reply.body_bytes, 100000);
}

static void
the_limit_of_a_body_counts_decoded_bytes(void **state)
{
    static const struct http_header header = { "Accept-Encoding", "gzip" };
    struct world *w = *state;
    struct http_request rq = { .url = here(w), .headers = &header, .header_count = 1 };
    struct result *r;

    reply_squeezed(w);
    rq.body_max = 100000;
    assert_int_equal(transfer(w, rq)->reply.err.code, ERR_NONE);

    rq.body_max = 99999;
    r = transfer(w, rq);
    expect_failure(r, ERR_TOO_LARGE, "the reply of \"127.0.0.1\" is over 99999 bytes");
    assert_true(r->body.len <= 99999);
}

static bool
refuse(struct result *r)
{
    (void)r;
    return false;
}

static void
the_caller_may_refuse_more(void **state)
{
    struct world *w = *state;
    struct result *r = result_new(w);

    r->in_data = refuse;
    (void)send_to(r, (struct http_request){ .url = here(w) });
    turn_until(w, &r->ends, 1);

    expect_failure(r, ERR_TOO_LARGE, "over a limit");
    assert_int_equal(r->pieces, 1);
}

static void
headers_are_limited(void **state)
{
    struct world *w = *state;
    struct buf reply;

    buf_init(&reply, w->arena, 1000000);
    buf_add_str(&reply, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 400; i++)
        buf_printf(&reply, "X-%d: %01000d\r\n", i, i);
    buf_add_str(&reply, "Content-Length: 0\r\n\r\n");
    server_reply(&w->server, reply.data);

    expect_failure(get(w), ERR_TOO_LARGE, "the headers of \"127.0.0.1\"");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        HTTP_TEST(a_reply_arrives_whole),
        HTTP_TEST(a_body_streams_as_it_comes),
        HTTP_TEST(an_error_status_is_no_failure_of_the_transfer),
        HTTP_TEST(interim_replies_are_passed_over),
        HTTP_TEST(a_reply_without_body_still_tells_its_headers),
        HTTP_TEST(method_headers_and_body_are_sent),
        HTTP_TEST(a_large_body_is_sent_whole),
        HTTP_TEST(what_cannot_be_sent_is_told_at_the_end),
        HTTP_TEST(connections_are_used_again),
        HTTP_TEST(many_transfers_run_at_once),
        HTTP_TEST(names_beyond_ascii_are_looked_up_as_dns_has_them),
        HTTP_TEST(redirects_are_replies_like_others),
        HTTP_TEST(a_proxy_in_the_environment_is_not_used),
        HTTP_TEST(retry_after_is_read_in_all_its_forms),
        HTTP_TEST(a_compressed_body_is_asked_for_and_decoded_only_on_request),
        HTTP_TEST(the_limit_of_a_body_counts_decoded_bytes),
        HTTP_TEST(the_caller_may_refuse_more),
        HTTP_TEST(headers_are_limited),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
