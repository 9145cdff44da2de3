/*
 * A model server for benchmarks: an OpenAI-compatible one that costs next to
 * nothing. Whatever it is asked, it streams `tokens` tokens at `rate` a second
 * and ends. Each token is the time of its write, CLOCK_MONOTONIC nanoseconds
 * in decimal and a space, so whoever reads it on the same machine knows how
 * long it was under way.
 *
 * Streams are spread evenly over the ticks of one wheel, which turns once per
 * token: a tick costs one wake-up, however many streams it serves.
 *
 *     offstage-bench-upstream [--port N] [--rate N] [--tokens N]
 *
 * prints "port N" when it listens. GET /stats tells what it did.
 */
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/str.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define TICK_MS      2
#define RATE_MAX     100         /* tokens a second; each takes at least a few ticks */
#define HEAD_MAX     (16 * 1024) /* bytes of a request's head */
#define READ_MAX     (64 * 1024)
#define BACKLOG      4096
#define TOKENS_MAX   100000
#define SLOTS_MAX    (1000 / TICK_MS)
#define WRITE_MAX    1024 /* bytes of anything written at once */
#define CONTENT_TYPE "Content-Type: text/event-stream\r\n"

enum phase { PHASE_HEAD, PHASE_BODY, PHASE_ANSWER };

struct server;

struct peer {
    uv_tcp_t tcp;
    uv_write_t write;
    struct server *server;
    struct arena *arena;
    struct peer *next, **link; /* in its slot of the wheel while it is answered */
    enum phase phase;
    size_t head_len;
    int64_t body_left;
    int64_t id;
    int tokens_left;
    bool writing; /* `out` is still under way: its next token waits a turn */
    bool chat, closing;
    size_t out_len;
    char out[WRITE_MAX];
    char head[HEAD_MAX];
};

struct stats {
    int64_t streams, finished, cut, tokens, delayed, late_max_ms;
    int open, open_max;
};

struct server {
    uv_loop_t *loop;
    uv_tcp_t listener;
    uv_timer_t timer;
    uv_signal_t signals[2];
    int rate, tokens;
    int slot_count, next_slot;
    int64_t started_ms, ticks;
    struct peer *slots[SLOTS_MAX];
    struct stats stats;
    char buffer[READ_MAX]; /* one read at a time */
};

/* ---- connections ------------------------------------------------------------ */

static void
leave_wheel(struct peer *p)
{
    if (!p->link)
        return;
    *p->link = p->next;
    if (p->next)
        p->next->link = p->link;
    p->link = NULL;
    p->server->stats.open--;
}

static void
on_closed(uv_handle_t *handle)
{
    struct peer *p = handle->data;

    arena_free(p->arena);
}

static void
drop(struct peer *p)
{
    if (p->closing)
        return;
    p->closing = true;
    if (p->link)
        p->server->stats.cut++;
    leave_wheel(p);
    uv_close((uv_handle_t *)&p->tcp, on_closed);
}

static void
on_written(uv_write_t *write, int status)
{
    struct peer *p = write->data;

    p->writing = false;
    if (status < 0)
        drop(p);
}

/* Write p->out; what the socket does not take at once follows by itself. */
static void
flush(struct peer *p)
{
    uv_buf_t buf = uv_buf_init(p->out, (unsigned)p->out_len);
    int done = uv_try_write((uv_stream_t *)&p->tcp, &buf, 1);

    if (done < 0 && done != UV_EAGAIN) {
        drop(p);
        return;
    }
    done = done < 0 ? 0 : done;
    if ((size_t)done == p->out_len)
        return;
    buf = uv_buf_init(p->out + done, (unsigned)(p->out_len - (size_t)done));
    p->write.data = p;
    p->writing = true;
    if (uv_write(&p->write, (uv_stream_t *)&p->tcp, &buf, 1, on_written) < 0)
        drop(p);
}

static void put(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
put(struct peer *p, const char *fmt, ...)
{
    size_t room = sizeof(p->out) - p->out_len;
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(p->out + p->out_len, room, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= room)
        abort();
    p->out_len += (size_t)n;
}

/* ---- the stream ------------------------------------------------------------- */

/* One event as one chunk of the transfer coding. */
static void
put_event(struct peer *p, const char *choices, const char *rest)
{
    char event[512];
    int n = snprintf(event, sizeof(event),
                     "data: {\"id\":\"chatcmpl-%lld\",\"object\":\"chat.completion.chunk\","
                     "\"created\":1700000000,\"model\":\"bench\",\"choices\":[%s]%s}\n\n",
                     (long long)p->id, choices, rest);

    if (n < 0 || (size_t)n >= sizeof(event))
        abort();
    put(p, "%x\r\n%s\r\n", (unsigned)n, event);
}

static void
put_end(struct peer *p)
{
    char usage[128];

    put_event(p, "{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}", "");
    snprintf(usage, sizeof(usage),
             ",\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":%d,\"total_tokens\":%d}",
             p->server->tokens, p->server->tokens + 1);
    put_event(p, "", usage);
    put(p, "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
}

static void
send_token(struct peer *p)
{
    char choice[128];

    if (p->writing) {
        p->server->stats.delayed++;
        return;
    }
    p->out_len = 0;
    if (p->tokens_left == 0) {
        put_end(p);
        p->phase = PHASE_HEAD;
        p->server->stats.finished++;
        leave_wheel(p);
    } else {
        snprintf(choice, sizeof(choice),
                 "{\"index\":0,\"delta\":{\"content\":\"%lld \"},\"finish_reason\":null}",
                 (long long)clock_mono_ns());
        put_event(p, choice, "");
        p->tokens_left--;
        p->server->stats.tokens++;
    }
    flush(p);
}

static void
begin_stream(struct peer *p)
{
    struct server *s = p->server;
    struct peer **slot = &s->slots[s->next_slot];

    s->next_slot = (s->next_slot + 1) % s->slot_count;
    p->next = *slot;
    if (p->next)
        p->next->link = &p->next;
    p->link = slot;
    *slot = p;
    p->id = ++s->stats.streams;
    p->tokens_left = s->tokens;
    s->stats.open++;
    s->stats.open_max = s->stats.open > s->stats.open_max ? s->stats.open : s->stats.open_max;
    put(p, "HTTP/1.1 200 OK\r\n" CONTENT_TYPE "Transfer-Encoding: chunked\r\n\r\n");
    put_event(p,
              "{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
              "\"finish_reason\":null}",
              "");
    flush(p);
}

/* The wheel goes by the clock: ticks that were missed are made up for, so the rate holds. */
static void
on_tick(uv_timer_t *timer)
{
    struct server *s = timer->data;
    int64_t due = (clock_mono_ms() - s->started_ms) / TICK_MS;
    int64_t late_ms = (due - s->ticks - 1) * TICK_MS;

    s->stats.late_max_ms = late_ms > s->stats.late_max_ms ? late_ms : s->stats.late_max_ms;
    for (; s->ticks < due; s->ticks++) {
        struct peer *next;

        for (struct peer *p = s->slots[s->ticks % s->slot_count]; p; p = next) {
            next = p->next;
            send_token(p);
        }
    }
}

/* ---- requests --------------------------------------------------------------- */

static void
answer_json(struct peer *p, const char *status, const char *json)
{
    put(p, "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", status,
        strlen(json), json);
    p->phase = PHASE_HEAD;
    flush(p);
}

static void
answer_stats(struct peer *p)
{
    const struct stats *st = &p->server->stats;
    char json[512];

    snprintf(json, sizeof(json),
             "{\"streams\":%lld,\"finished\":%lld,\"cut\":%lld,\"tokens\":%lld,\"delayed\":%lld,"
             "\"late_max_ms\":%lld,\"open\":%d,\"open_max\":%d}\n",
             (long long)st->streams, (long long)st->finished, (long long)st->cut,
             (long long)st->tokens, (long long)st->delayed, (long long)st->late_max_ms, st->open,
             st->open_max);
    answer_json(p, "200 OK", json);
}

static void
answer(struct peer *p)
{
    const char *line_end = strstr(p->head, "\r\n");
    struct str rest, target;
    struct str method = str_cut((struct str){ p->head, (size_t)(line_end - p->head) }, ' ', &rest);

    if (p->writing) { /* a request on the heels of another */
        drop(p);
        return;
    }
    p->phase = PHASE_ANSWER;
    p->out_len = 0;
    target = str_cut(rest, ' ', &rest);
    if (str_eq(method, STR("POST")) && str_eq(target, STR("/v1/chat/completions")))
        begin_stream(p);
    else if (str_eq(target, STR("/stats")))
        answer_stats(p);
    else if (str_eq(target, STR("/v1/models")))
        answer_json(p, "200 OK",
                    "{\"object\":\"list\",\"data\":[{\"id\":\"bench\","
                    "\"object\":\"model\",\"created\":1700000000,\"owned_by\":\"\"}]}");
    else
        answer_json(p, "404 Not Found", "{\"error\":{\"message\":\"no such path\"}}");
}

/* Bodies have a length, or there is none. */
static bool
read_length(const char *head, int64_t *out)
{
    struct str rest = str_from(head);

    *out = 0;
    while (rest.len) {
        struct str value;
        struct str name = str_cut(str_cut(rest, '\n', &rest), ':', &value);

        if (str_eq_nocase(name, STR("Content-Length")))
            return str_int(str_trim(value), 0, INT32_MAX, out);
    }
    return true;
}

/* Take bytes of the head; returns how many. */
static size_t
take_head(struct peer *p, const char *bytes, size_t len)
{
    size_t before = p->head_len;
    size_t n = len < sizeof(p->head) - 1 - before ? len : sizeof(p->head) - 1 - before;
    const char *end;

    memcpy(p->head + before, bytes, n);
    p->head[before + n] = '\0';
    p->head_len += n;
    end = strstr(p->head, "\r\n\r\n");
    if (!end) {
        if (p->head_len == sizeof(p->head) - 1)
            drop(p);
        return n;
    }
    n = (size_t)(end - p->head) + 4 - before;
    p->head[before + n] = '\0';
    p->head_len = 0;
    p->phase = PHASE_BODY;
    if (!read_length(p->head, &p->body_left))
        drop(p);
    return n;
}

/* A client sends its next request after the answer: what comes meanwhile is dropped. */
static void
take(struct peer *p, const char *bytes, size_t len)
{
    while (!p->closing && p->phase != PHASE_ANSWER && (len || p->phase == PHASE_BODY)) {
        size_t n = 0;

        if (p->phase == PHASE_HEAD) {
            n = take_head(p, bytes, len);
        } else {
            n = (int64_t)len < p->body_left ? len : (size_t)p->body_left;
            p->body_left -= (int64_t)n;
            if (p->body_left == 0)
                answer(p);
            else if (n == len)
                return;
        }
        bytes += n;
        len -= n;
    }
}

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    struct peer *p = handle->data;

    (void)suggested;
    *out = uv_buf_init(p->server->buffer, sizeof(p->server->buffer));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct peer *p = stream->data;

    if (n < 0)
        drop(p);
    else
        take(p, buf->base, (size_t)n);
}

static void
on_connection(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    struct arena *a;
    struct peer *p;

    if (status < 0)
        return;
    a = arena_new();
    p = ARENA_NEW(a, struct peer);
    p->arena = a;
    p->server = s;
    uv_tcp_init(s->loop, &p->tcp);
    p->tcp.data = p;
    if (uv_accept(listener, (uv_stream_t *)&p->tcp) < 0) {
        drop(p);
        return;
    }
    uv_tcp_nodelay(&p->tcp, 1);
    uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_read);
}

/* ---- the program ------------------------------------------------------------ */

static void
on_signal(uv_signal_t *handle, int number)
{
    (void)number;
    uv_stop(handle->loop);
}

static int
listen_at(struct server *s, int port)
{
    struct sockaddr_in at;
    struct sockaddr_storage bound;
    int len = sizeof(bound), rc;

    uv_ip4_addr("127.0.0.1", port, &at);
    uv_tcp_init(s->loop, &s->listener);
    s->listener.data = s;
    rc = uv_tcp_bind(&s->listener, (const struct sockaddr *)&at, 0);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&s->listener, BACKLOG, on_connection);
    if (rc == 0)
        rc = uv_tcp_getsockname(&s->listener, (struct sockaddr *)&bound, &len);
    if (rc < 0) {
        fprintf(stderr, "cannot listen on port %d: %s\n", port, uv_strerror(rc));
        return -1;
    }
    memcpy(&at, &bound, sizeof(at));
    printf("port %d\n", ntohs(at.sin_port));
    fflush(stdout);
    return 0;
}

static bool
read_options(int argc, char **argv, struct server *s, int *port)
{
    static const struct option options[] = { { "port", required_argument, NULL, 'p' },
                                             { "rate", required_argument, NULL, 'r' },
                                             { "tokens", required_argument, NULL, 't' },
                                             { NULL, 0, NULL, 0 } };
    int64_t port_n = 0, rate = 20, tokens = 200;
    bool good = true;
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'p')
            good = good && str_int(str_from(optarg), 0, 65535, &port_n);
        else if (c == 'r')
            good = good && str_int(str_from(optarg), 1, RATE_MAX, &rate);
        else if (c == 't')
            good = good && str_int(str_from(optarg), 0, TOKENS_MAX, &tokens);
        else
            good = false;
    }
    *port = (int)port_n;
    s->rate = (int)rate;
    s->tokens = (int)tokens;
    s->slot_count = 1000 / s->rate / TICK_MS;
    return good && optind == argc;
}

int
main(int argc, char **argv)
{
    static struct server s;
    int port;

    if (!read_options(argc, argv, &s, &port)) {
        fprintf(stderr, "Usage: %s [--port N] [--rate 1..%d] [--tokens 0..%d]\n", argv[0], RATE_MAX,
                TOKENS_MAX);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    s.loop = uv_default_loop();
    if (listen_at(&s, port) < 0)
        return 1;
    for (int i = 0; i < 2; i++) {
        uv_signal_init(s.loop, &s.signals[i]);
        uv_signal_start(&s.signals[i], on_signal, i ? SIGINT : SIGTERM);
    }
    s.started_ms = clock_mono_ms();
    uv_timer_init(s.loop, &s.timer);
    s.timer.data = &s;
    uv_timer_start(&s.timer, on_tick, TICK_MS, TICK_MS);
    uv_run(s.loop, UV_RUN_DEFAULT);
    return 0;
}
