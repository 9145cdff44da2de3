#include "lib/clock.h"
#include "lib/http.h"
#include "tests/harness/harness.h"
#include "tests/harness/server.h"

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#define DEADLINE_MS 20000 /* for what must happen; a slow machine only makes the test slower */
#define BODY_MAX    10000000

#define HELLO                                                                                      \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"

/* What every test here has beside its arena. */
struct world {
    struct arena *arena;
    uv_loop_t loop;
    struct http *http;
    struct server server;
};

/* What came of a transfer. */
struct result {
    struct world *world;
    struct http_transfer *transfer;
    int replies, pieces, ends;
    struct http_reply reply; /* as on_end() saw it, texts copied */
    struct buf body;
    /* What a test wants done in callbacks. */
    void (*in_reply)(struct result *r);
    bool (*in_data)(struct result *r);
    void (*in_end)(struct result *r);
    struct result *other;
};

/* A resolver that knows the names of these tests; libcurl calls it in threads of its own. */

static int slow_pipe[2]; /* look-ups of slow.example end when its writing end is closed */
static char looked_up[256];

int
getaddrinfo(const char *restrict node, const char *restrict service,
            const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    struct pollfd slow = { .fd = slow_pipe[0], .events = POLLIN };

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    (void)snprintf(looked_up, sizeof(looked_up), "%s", node);
    if (strcmp(node, "slow.example") == 0)
        (void)poll(&slow, 1, DEADLINE_MS);
    if (strcmp(node, "here.example") == 0 || strcmp(node, "slow.example") == 0 ||
        strcmp(node, "xn--bcher-kva.example") == 0)
        return real("127.0.0.1", service, hints, out);
    return EAI_NONAME;
}

static void
copy_reply(struct result *r, const struct http_reply *reply)
{
    r->reply = *reply;
    r->reply.content_type = arena_strdup(r->world->arena, reply->content_type);
    r->reply.err.msg = arena_strdup(r->world->arena, reply->err.msg ? reply->err.msg : "");
}

static void
on_reply(void *arg, const struct http_reply *reply)
{
    struct result *r = arg;

    r->replies++;
    assert_int_equal(r->pieces, 0);
    copy_reply(r, reply);
    if (r->in_reply)
        r->in_reply(r);
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct result *r = arg;

    assert_int_equal(r->replies, 1);
    r->pieces++;
    buf_add(&r->body, bytes, len);
    return r->in_data ? r->in_data(r) : true;
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct result *r = arg;

    r->ends++;
    copy_reply(r, reply);
    if (r->in_end)
        r->in_end(r);
}

static struct result *
result_new(struct world *w)
{
    struct result *r = ARENA_NEW(w->arena, struct result);

    r->world = w;
    buf_init(&r->body, w->arena, BODY_MAX);
    return r;
}

/* A URL of the test's server, by address. */
static const char *
here(struct world *w)
{
    return arena_printf(w->arena, "http://127.0.0.1:%d/", w->server.port);
}

static struct result *
send_to(struct result *r, struct http_request rq)
{
    rq.arg = r;
    rq.on_reply = on_reply;
    rq.on_data = on_data;
    rq.on_end = on_end;
    r->transfer = http_send(r->world->http, &rq);
    return r;
}

static void
too_late(uv_timer_t *timer)
{
    (void)timer;
    print_error("nothing more happened\n");
    abort(); /* no jump out of libuv */
}

/* Turn the loop until *count is `wanted`. */
static void
turn_until(struct world *w, const int *count, int wanted)
{
    uv_timer_t deadline;

    assert_int_equal(uv_timer_init(&w->loop, &deadline), 0);
    assert_int_equal(uv_timer_start(&deadline, too_late, DEADLINE_MS, 0), 0);
    while (*count != wanted)
        (void)uv_run(&w->loop, UV_RUN_ONCE);
    uv_close((uv_handle_t *)&deadline, NULL);
    (void)uv_run(&w->loop, UV_RUN_NOWAIT);
}

/* Send and wait for the end. */
static struct result *
transfer(struct world *w, struct http_request rq)
{
    struct result *r = send_to(result_new(w), rq);

    assert_int_equal(r->ends, 0); /* never from inside of http_send() */
    turn_until(w, &r->ends, 1);
    return r;
}

static struct result *
get(struct world *w)
{
    return transfer(w, (struct http_request){ .url = here(w) });
}

static void
expect_failure(const struct result *r, enum err_code code, const char *message)
{
    if (r->reply.err.code != code)
        print_error("\"%s\" is %s\n", r->reply.err.msg, err_name(r->reply.err.code));
    assert_int_equal(r->reply.err.code, code);
    assert_contains(r->reply.err.msg, message);
}

static int
setup(void **state)
{
    struct arena *a = arena_new();
    struct world *w = ARENA_NEW(a, struct world);

    w->arena = a;
    assert_int_equal(uv_loop_init(&w->loop), 0);
    w->http = http_new(a, &w->loop);
    server_open(&w->server, a, &w->loop);
    server_reply(&w->server, HELLO);
    assert_int_equal(pipe(slow_pipe), 0);
    *state = w;
    return 0;
}

/* Nothing of the client's may be left on the loop. */
static int
teardown(void **state)
{
    struct world *w = *state;

    (void)close(slow_pipe[1]);
    http_close(w->http);
    server_close(&w->server);
    (void)uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    (void)close(slow_pipe[0]);
    arena_free(w->arena);
    return 0;
}

#define HTTP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

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
names_beyond_ascii_are_looked_up_as_dns_has_them(void **state)
{
    struct world *w = *state;
    struct result *r = transfer(
        w, (struct http_request){
               .url = arena_printf(w->arena, "http://b\303\274cher.example:%d/", w->server.port) });

    assert_int_equal(r->reply.err.code, ERR_NONE);
    assert_string_equal(looked_up, "xn--bcher-kva.example");
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

static void
a_handshake_that_never_ends_meets_the_deadline(void **state)
{
    struct world *w = *state;
    struct result *r =
        transfer(w, (struct http_request){
                        .url = arena_printf(w->arena, "https://127.0.0.1:%d/", w->server.port),
                        .connect_ms = 100 });

    expect_failure(r, ERR_TIMEOUT, "could not connect to \"127.0.0.1\" within 0.1 s");
}

static void
a_server_that_speaks_no_tls_is_not_trusted(void **state)
{
    struct world *w = *state;

    w->server.at_once = true;
    w->server.end = SERVER_CLOSE;
    expect_failure(
        transfer(w, (struct http_request){ .url = arena_printf(w->arena, "https://127.0.0.1:%d/",
                                                               w->server.port) }),
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

    server_reply(&w->server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    r = transfer(w, (struct http_request){ .url = here(w), .idle_ms = 100 });
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

static void
on_elapsed(uv_timer_t *timer)
{
    *(int *)timer->data = 1;
}

/* Let the loop turn for so long. */
static void
turn_for(struct world *w, uint64_t ms)
{
    int elapsed = 0;
    uv_timer_t timer;

    assert_int_equal(uv_timer_init(&w->loop, &timer), 0);
    timer.data = &elapsed;
    assert_int_equal(uv_timer_start(&timer, on_elapsed, ms, 0), 0);
    turn_until(w, &elapsed, 1);
    uv_close((uv_handle_t *)&timer, NULL);
    (void)uv_run(&w->loop, UV_RUN_NOWAIT);
}

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
    (void)send_to(r, (struct http_request){ .url = here(w), .idle_ms = 200 });
    turn_until(w, &r->pieces, 1);
    before = r->body.len;
    turn_for(w, 500);
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

    server_reply(&w->server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    r->in_data = pause_first;
    (void)send_to(r, (struct http_request){ .url = here(w) });
    turn_until(w, &r->pieces, 1);
    http_pause(r->transfer, false);
    http_cancel(r->transfer);
    turn_until(w, &w->server.open, 0);

    assert_int_equal(r->ends, 0);
    assert_int_equal(r->pieces, 1);
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

    server_reply(&w->server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
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

    server_reply(&w->server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
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

    server_reply(&w->server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
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
    server_reply(&w->server, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    r = send_to(result_new(other), (struct http_request){ .url = here(w) });
    turn_until(w, &r->pieces, 1);

    arena_free(short_lived);
    turn_until(w, &w->server.open, 0);
    assert_int_equal(r->ends, 0);
}

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
        arena_printf(w->arena, "http://2130706433:%d/", w->server.port),
        arena_printf(w->arena, "http://127.1:%d/", w->server.port),
        arena_printf(w->arena, "http://[::ffff:127.0.0.1]:%d/", w->server.port),
        arena_printf(w->arena, "http://[::1]:%d/", w->server.port),
        arena_printf(w->arena, "http://0.0.0.0:%d/", w->server.port),
        arena_printf(w->arena, "http://here.example:%d/", w->server.port),
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
    const char *by_name = arena_printf(w->arena, "http://here.example:%d/", w->server.port);
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
        HTTP_TEST(a_body_that_is_cut_is_a_failure),
        HTTP_TEST(a_body_may_end_with_its_connection),
        HTTP_TEST(what_is_no_http_is_a_failure),
        HTTP_TEST(a_refused_connection_names_host_port_and_reason),
        HTTP_TEST(an_unknown_name_is_named),
        HTTP_TEST(names_beyond_ascii_are_looked_up_as_dns_has_them),
        HTTP_TEST(redirects_are_replies_like_others),
        HTTP_TEST(a_proxy_in_the_environment_is_not_used),
        HTTP_TEST(retry_after_is_read_in_all_its_forms),
        HTTP_TEST(a_compressed_body_is_asked_for_and_decoded_only_on_request),
        HTTP_TEST(the_limit_of_a_body_counts_decoded_bytes),
        HTTP_TEST(the_caller_may_refuse_more),
        HTTP_TEST(headers_are_limited),
        HTTP_TEST(a_slow_name_server_meets_the_deadline_and_does_not_stop_the_loop),
        HTTP_TEST(dropping_a_transfer_does_not_wait_for_its_name),
        HTTP_TEST(a_handshake_that_never_ends_meets_the_deadline),
        HTTP_TEST(a_server_that_speaks_no_tls_is_not_trusted),
        HTTP_TEST(silence_meets_the_idle_deadline),
        HTTP_TEST(body_puts_the_idle_deadline_off_and_headers_only_once),
        HTTP_TEST(the_whole_transfer_has_a_deadline),
        HTTP_TEST(a_paused_transfer_waits_without_a_deadline_and_loses_nothing),
        HTTP_TEST(a_transfer_may_be_paused_before_it_begins),
        HTTP_TEST(a_transfer_cancelled_while_it_is_paused_is_gone),
        HTTP_TEST(a_transfer_may_be_cancelled_at_any_time),
        HTTP_TEST(cancelling_closes_the_connection),
        HTTP_TEST(one_transfer_may_cancel_another),
        HTTP_TEST(callbacks_may_send),
        HTTP_TEST(closing_drops_what_is_open_without_a_word),
        HTTP_TEST(the_client_may_be_closed_in_a_body_callback),
        HTTP_TEST(the_client_may_be_closed_in_the_last_callback),
        HTTP_TEST(the_end_of_its_arena_closes_a_client),
        HTTP_TEST(the_gate_refuses_private_addresses_by_number_and_by_name),
        HTTP_TEST(the_allow_list_opens_the_gate_for_what_it_names),
        HTTP_TEST(an_open_connection_is_no_way_round_the_gate),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
