#include "tests/harness/http_world.h"

#include "lib/buf.h"

#include <dlfcn.h>
#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#define BODY_MAX 10000000 /* bytes */

static int slow_pipe[2]; /* look-ups of slow.example end when its writing end is closed */
char http_world_name[256];
atomic_int http_world_lookups;

/* Instead of the C library's, for libcurl, which calls it in threads of its own. */
int /* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
getaddrinfo(const char *restrict node, const char *restrict service,
            const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    struct pollfd slow = { .fd = slow_pipe[0], .events = POLLIN };

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    atomic_fetch_add(&http_world_lookups, 1);
    (void)snprintf(http_world_name, sizeof(http_world_name), "%s", node);
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

struct result *
result_new(struct world *w)
{
    struct result *r = ARENA_NEW(w->arena, struct result);

    r->world = w;
    buf_init(&r->body, w->arena, BODY_MAX);
    return r;
}

const char *
url_of(struct world *w, const char *scheme, const char *host)
{
    return arena_printf(w->arena, "%s://%s:%d/", scheme, host, w->server.port);
}

const char *
here(struct world *w)
{
    return url_of(w, "http", "127.0.0.1");
}

struct result *
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

void
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

struct result *
transfer(struct world *w, struct http_request rq)
{
    struct result *r = send_to(result_new(w), rq);

    assert_int_equal(r->ends, 0); /* never from inside of http_send() */
    turn_until(w, &r->ends, 1);
    return r;
}

struct result *
get(struct world *w)
{
    return transfer(w, (struct http_request){ .url = here(w) });
}

void
expect_failure(const struct result *r, enum err_code code, const char *message)
{
    if (r->reply.err.code != code)
        print_error("\"%s\" is %s\n", r->reply.err.msg, err_name(r->reply.err.code));
    assert_int_equal(r->reply.err.code, code);
    assert_contains(r->reply.err.msg, message);
}

static void
on_elapsed(uv_timer_t *timer)
{
    *(int *)timer->data = 1;
}

void
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

int
http_world_setup(void **state)
{
    struct arena *a = arena_new();
    struct world *w = ARENA_NEW(a, struct world);

    w->arena = a;
    assert_int_equal(uv_loop_init(&w->loop), 0);
    w->http = http_new(a, &w->loop);
    server_open(&w->server, a, &w->loop);
    server_reply(&w->server, HELLO);
    assert_int_equal(pipe(slow_pipe), 0);
    atomic_store(&http_world_lookups, 0);
    *state = w;
    return 0;
}

int
http_world_teardown(void **state)
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
