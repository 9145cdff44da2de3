#include "lib/http.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/http_lookup.h"
#include "lib/http_loop.h"
#include "lib/http_transfer.h"

#include <assert.h>

#define CONNECTIONS       1024L /* kept open to the few hosts that the operator names */
#define CONNECTIONS_GATED 256L  /* crawled hosts are many, and seldom met again */
#define EASY_SPARE        128   /* curl handles kept for later, of some 25 KiB each */

/*
 * Transfers are used again, with their timer, curl handle and arena. What
 * callers ask for is only noted, and done by work() in the loop's next turn:
 * in libcurl's callbacks handles may neither be added nor removed.
 */
struct http_transfer {
    struct transfer t;
    struct client *client;
    uv_timer_t deadline; /* the idle one; while it waits, all of them */
    enum { SPARE, WAITING, RUNNING, OVER } state;
    bool looking_up;                   /* counted in the client's look-ups */
    bool in_work;                      /* on the list of those with something to do */
    struct http_transfer *next_work;   /* in that list */
    struct http_transfer *prev, *next; /* in the client's live ones, or `next` spare one */
};

/* What outlives the caller's arena until libuv has let go of it. */
struct client {
    struct arena *arena;
    uv_loop_t *uv;
    struct http_loop open, gated;
    struct http_lookups lookups;
    uv_idle_t kick; /* active while there is work that need not wait for a look-up */
    size_t handles; /* on the libuv loop */
    int depth;      /* of enter() */
    bool closing;
    struct http_transfer *live, *spare;
    struct http_transfer *work_first, *work_last;
    uv_idle_cb on_kick; /* by pointer, since it ends in what starts it */
    int easy_spare;
};

struct http {
    struct client *client; /* NULL once closed */
};

static void
opened(void *owner)
{
    struct client *c = owner;

    c->handles++;
}

static void
closed(void *owner)
{
    struct client *c = owner;

    if (--c->handles == 0)
        arena_free(c->arena);
}

static void
on_handle_closed(uv_handle_t *handle)
{
    closed(handle->data);
}

static void
on_deadline_closed(uv_handle_t *handle)
{
    struct http_transfer *x = handle->data;

    closed(x->client);
}

static struct http_loop *
loop_of(struct http_transfer *x)
{
    return x->t.rq.gate ? &x->client->gated : &x->client->open;
}

static struct http_transfer *
take_spare(struct client *c)
{
    struct http_transfer *x = c->spare;

    if (x) {
        c->spare = x->next;
    } else {
        x = ARENA_NEW(c->arena, struct http_transfer);
        x->client = c;
        (void)uv_timer_init(c->uv, &x->deadline);
        x->deadline.data = x;
        opened(c);
    }
    if (x->t.easy)
        c->easy_spare--;
    else
        x->t = (struct transfer){ .arena = arena_new(), .easy = curl_easy_init() };
    if (!x->t.easy)
        abort();
    return x;
}

static void
free_easy(struct http_transfer *x)
{
    curl_easy_cleanup(x->t.easy);
    arena_free(x->t.arena);
    x->t.easy = NULL;
    x->t.arena = NULL;
}

static void
put_spare(struct http_transfer *x)
{
    struct client *c = x->client;
    struct arena *arena = x->t.arena;
    CURL *easy = x->t.easy;
    /* After a name that is not known libcurl refuses to set the handle up again. */
    bool reusable = x->t.reply.status != 0;

    transfer_release(&x->t);
    arena_reset(arena);
    x->t = (struct transfer){ .arena = arena, .easy = easy };
    x->state = SPARE;
    if (reusable && c->easy_spare < EASY_SPARE)
        c->easy_spare++;
    else
        free_easy(x);
    x->prev = NULL;
    x->next = c->spare;
    c->spare = x;
}

static void
link_live(struct client *c, struct http_transfer *x)
{
    x->prev = NULL;
    x->next = c->live;
    if (c->live)
        c->live->prev = x;
    c->live = x;
}

static void
kick(struct client *c)
{
    (void)uv_idle_start(&c->kick, c->on_kick);
}

static void
queue(struct http_transfer *x)
{
    struct client *c = x->client;

    x->in_work = true;
    x->next_work = NULL;
    if (c->work_last)
        c->work_last->next_work = x;
    else
        c->work_first = x;
    c->work_last = x;
}

/* The loop's next turn shall look at the transfer. */
static void
add_work(struct http_transfer *x)
{
    if (!x->in_work)
        queue(x);
    kick(x->client);
}

/* Those that wait for a look-up may try again. */
static void
on_dial(struct transfer *t)
{
    struct http_transfer *x = (struct http_transfer *)(void *)t; /* its first member */
    struct client *c = x->client;

    if (!x->looking_up)
        return;
    x->looking_up = false;
    http_lookup_end(&c->lookups, t->url.host);
    if (c->work_first)
        kick(c);
}

/* Take a transfer off libcurl and the list; its memory stays for now. */
static void
detach(struct http_transfer *x)
{
    struct client *c = x->client;

    if (x->state == RUNNING)
        (void)curl_multi_remove_handle(loop_of(x)->multi, x->t.easy);
    (void)uv_timer_stop(&x->deadline);
    on_dial(&x->t);
    if (x->prev)
        x->prev->next = x->next;
    else
        c->live = x->next;
    if (x->next)
        x->next->prev = x->prev;
    x->state = OVER;
}

/* The memory of a detached transfer; one that is on the work list waits for its turn. */
static void
retire(struct http_transfer *x)
{
    if (!x->in_work)
        put_spare(x);
}

/* The end of a transfer whose reply is complete, unless its caller has dropped it. */
static void
end(struct http_transfer *x)
{
    detach(x);
    if (!x->t.dropped && x->t.rq.on_end) {
        x->t.dropped = true; /* for http_cancel() inside of on_end() */
        x->t.rq.on_end(x->t.rq.arg, &x->t.reply);
    }
    retire(x);
}

/* Everything of the client's goes; the memory once libuv has let go of all handles. */
static void
tear_down(struct client *c)
{
    struct http_transfer *x, *next;

    for (x = c->work_first; x; x = next) {
        next = x->next_work;
        x->in_work = false;
        if (x->state == OVER)
            put_spare(x);
    }
    while ((x = c->live)) {
        detach(x);
        put_spare(x);
    }
    for (x = c->spare; x; x = x->next) {
        if (x->t.easy)
            free_easy(x);
        uv_close((uv_handle_t *)&x->deadline, on_deadline_closed);
    }
    http_loop_close(&c->open);
    http_loop_close(&c->gated);
    uv_close((uv_handle_t *)&c->kick, on_handle_closed);
}

/*
 * Callbacks of callers run only between these two, so that http_close() there
 * waits until nothing is in use.
 */
static void
enter(void *owner)
{
    struct client *c = owner;

    c->depth++;
}

static void
leave(void *owner)
{
    struct client *c = owner;

    if (--c->depth == 0 && c->closing)
        tear_down(c);
}

static void
on_done(void *owner, CURL *easy, CURLcode result)
{
    char *private = NULL;
    struct http_transfer *x;

    (void)owner;
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    x = (struct http_transfer *)(void *)private;
    transfer_finish(&x->t, result);
    end(x);
}

static void
on_deadline(uv_timer_t *timer)
{
    struct http_transfer *x = timer->data;
    struct client *c = x->client;
    int64_t idle_ms = transfer_idle_left_ms(&x->t);
    int64_t wait_ms = x->state == WAITING ? transfer_wait_left_ms(&x->t) : INT64_MAX;
    int64_t left_ms = idle_ms < wait_ms ? idle_ms : wait_ms;

    if (left_ms > 0) {
        if (left_ms < INT64_MAX)
            (void)uv_timer_start(timer, on_deadline, (uint64_t)left_ms, 0);
        return;
    }
    enter(c);
    if (wait_ms <= 0)
        transfer_finish(&x->t, CURLE_OPERATION_TIMEDOUT);
    else
        transfer_finish_idle(&x->t);
    end(x);
    leave(c);
}

/* Hand the transfer to libcurl, unless it has to wait for others' look-ups. */
static void
begin(struct http_transfer *x)
{
    struct client *c = x->client;
    int failed;

    if (!x->t.url.host)
        x->t.reply.err = transfer_check(&x->t);
    if (x->t.reply.err.code) {
        end(x);
        return;
    }
    if (!http_lookup_begin(&c->lookups, x->t.url.host)) {
        queue(x);
        return;
    }
    x->looking_up = true;
    transfer_prepare(&x->t);
    failed = (int)curl_easy_setopt(x->t.easy, CURLOPT_PRIVATE, x);
    failed |= (int)curl_multi_add_handle(loop_of(x)->multi, x->t.easy);
    if (failed)
        abort();
    x->state = RUNNING;
}

/* Hand on what libcurl has kept; on_data() is called from inside. */
static void
resume(struct http_transfer *x)
{
    CURLcode failed;

    x->t.held = false;
    failed = curl_easy_pause(x->t.easy, CURLPAUSE_CONT);
    if (failed) {
        transfer_finish(&x->t, failed);
        end(x);
    }
}

static void
work(struct http_transfer *x)
{
    x->in_work = false;
    if (x->state == OVER)
        put_spare(x);
    else if (x->t.dropped)
        end(x);
    else if (x->state == WAITING)
        begin(x);
    else if (x->t.held && !x->t.paused)
        resume(x);
}

static void
on_kick(uv_idle_t *kick)
{
    struct client *c = kick->data;
    struct http_transfer *x = c->work_first, *next;

    /* What is added meanwhile is for the next turn, so that others have theirs. */
    c->work_first = c->work_last = NULL;
    (void)uv_idle_stop(kick);
    enter(c);
    for (; x; x = next) {
        next = x->next_work;
        work(x);
    }
    leave(c);
}

static void
on_arena_end(void *arg)
{
    http_close(arg);
}

static void
open_loop(struct client *c, struct http_loop *l, long connections)
{
    *l = (struct http_loop){
        .uv = c->uv,
        .arena = c->arena,
        .owner = c,
        .enter = enter,
        .leave = leave,
        .done = on_done,
        .opened = opened,
        .closed = closed,
    };
    http_loop_open(l, connections);
}

struct http *
http_new(struct arena *a, struct uv_loop_s *loop)
{
    struct http *h = ARENA_NEW(a, struct http);
    struct arena *own = arena_new();
    struct client *c = ARENA_NEW(own, struct client);

    http_loop_prepare_process();
    c->arena = own;
    c->uv = loop;
    open_loop(c, &c->open, CONNECTIONS);
    open_loop(c, &c->gated, CONNECTIONS_GATED);
    (void)uv_idle_init(loop, &c->kick);
    c->kick.data = c;
    c->on_kick = on_kick;
    opened(c);
    h->client = c;
    arena_defer(a, on_arena_end, h);
    return h;
}

struct http_transfer *
http_send(struct http *h, const struct http_request *rq)
{
    struct http_transfer *x;

    assert(h->client);
    x = take_spare(h->client);
    transfer_init(&x->t, rq);
    x->t.on_dial = on_dial;
    x->state = WAITING;
    link_live(h->client, x);
    add_work(x);
    (void)uv_timer_start(&x->deadline, on_deadline, 1, 0); /* which finds out when it is due */
    return x;
}

void
http_cancel(struct http_transfer *t)
{
    if (t->t.dropped)
        return;
    t->t.dropped = true;
    add_work(t);
}

void
http_pause(struct http_transfer *t, bool paused)
{
    if (t->t.paused && !paused)
        t->t.alive_ms = clock_mono_ms();
    t->t.paused = paused;
    if (!paused && t->t.held)
        add_work(t);
}

void
http_close(struct http *h)
{
    struct client *c = h->client;

    if (!c)
        return;
    h->client = NULL;
    c->closing = true;
    for (struct http_transfer *x = c->live; x; x = x->next)
        x->t.dropped = true;
    if (c->depth == 0)
        tear_down(c);
}
