/*
 * A crowd of watchers for benchmarks: holds thousands of event streams open in
 * one thread and measures how long the tokens of offstage-bench-upstream were
 * under way. Each line of standard input is one stream: an API key and a path.
 *
 *     offstage-bench-watch [--unix PATH | --port N] [--seconds N] [--at-once N] [--live]
 *
 * prints "open N" when every stream has been answered, and one JSON object when
 * all have ended, or that many seconds later, or on SIGTERM. With --live, tokens
 * that were sent before every stream was open do not count: a watcher that joins
 * late is given what it missed.
 */
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define STREAMS_MAX 100000
#define LINE_BYTES  600         /* bytes of a line of input */
#define READ_MAX    (64 * 1024) /* bytes read at once */
#define SLOT_US     10          /* width of a slot of the histogram */
#define SLOTS       3000000     /* 30 s; longer ones count as that */
#define STAMP_MIN   1000000000  /* a number in a text that is smaller is no time */
#define NAME_BYTES  40          /* bytes of an event's name that are kept */

struct stream {
    int fd; /* -1 when it is over */
    bool answered, terminal;
    int status;
    size_t head;    /* bytes of the reply's head that were looked at */
    int end_match;  /* of the blank line after the head */
    size_t matched; /* of `delta`, or of `event` */
    size_t event_matched;
    bool in_delta, in_name;
    int64_t number;
    char name[NAME_BYTES];
    size_t name_len;
    char line[LINE_BYTES]; /* "key path" */
};

struct crowd {
    struct stream *streams;
    size_t count, next, opening, answered, open;
    size_t failed, ended, cut;
    int64_t events, tokens, bytes, sum_us, max_us;
    uint32_t *slots;
    int epoll;
    const char *path;
    int port;
    int64_t began_ms, opened_ms;
    bool live;
    int64_t live_from_ns; /* 0 while streams are being opened */
};

static const char delta_start[] = "\"delta\":\"";
static const char event_start[] = "\nevent: ";

static volatile sig_atomic_t stopped;

static void
on_signal(int signal_number)
{
    (void)signal_number;
    stopped = 1;
}

static _Noreturn void
fail(const char *what)
{
    fprintf(stderr, "offstage-bench-watch: %s: %s\n", what, strerrordesc_np(errno));
    exit(1);
}

/* ---- what is read ------------------------------------------------------------- */

static void
take_stamp(struct crowd *c, int64_t stamp_ns)
{
    int64_t us = (clock_mono_ns() - stamp_ns) / 1000;

    if (stamp_ns < STAMP_MIN || us < 0)
        return;
    if (c->live && (!c->live_from_ns || stamp_ns < c->live_from_ns))
        return;
    c->tokens++;
    c->sum_us += us;
    if (us > c->max_us)
        c->max_us = us;
    us /= SLOT_US;
    c->slots[us < SLOTS ? us : SLOTS - 1]++;
}

static void
take_name(struct crowd *c, struct stream *s)
{
    s->name[s->name_len] = '\0';
    c->events++;
    if (strcmp(s->name, "response.completed") == 0 || strcmp(s->name, "response.failed") == 0 ||
        strcmp(s->name, "response.incomplete") == 0)
        s->terminal = true;
}

/* How much of a pattern is matched once `byte` has come. None of ours begins twice with itself. */
static size_t
match(const char *pattern, size_t matched, char byte)
{
    if (pattern[matched] == byte)
        return matched + 1;
    return pattern[0] == byte ? 1 : 0;
}

static void
in_text(struct crowd *c, struct stream *s, char byte)
{
    if (byte >= '0' && byte <= '9') {
        s->number = s->number * 10 + (byte - '0');
        return;
    }
    if (byte == ' ')
        take_stamp(c, s->number);
    s->number = 0;
    s->in_delta = byte != '"';
}

static void
in_body(struct crowd *c, struct stream *s, char byte)
{
    if (s->in_delta) {
        in_text(c, s, byte);
        return;
    }
    if (s->in_name) {
        s->in_name = byte != '\n' && s->name_len < NAME_BYTES - 1;
        if (s->in_name)
            s->name[s->name_len++] = byte;
        else
            take_name(c, s);
        return;
    }
    s->matched = match(delta_start, s->matched, byte);
    s->event_matched = match(event_start, s->event_matched, byte);
    if (s->matched == sizeof(delta_start) - 1) {
        s->in_delta = true;
        s->matched = 0;
    }
    if (s->event_matched == sizeof(event_start) - 1) {
        s->in_name = true;
        s->name_len = s->event_matched = 0;
    }
}

/* "HTTP/1.x 200 ..." up to the blank line. */
static void
in_head(struct stream *s, char byte)
{
    if (s->head >= 9 && s->head < 12)
        s->status = s->status * 10 + (byte - '0');
    s->head++;
    if (byte == '\n')
        s->end_match++;
    else if (byte != '\r')
        s->end_match = 0;
    s->answered = s->end_match == 2;
}

static void
take_bytes(struct crowd *c, struct stream *s, const char *bytes, size_t len)
{
    size_t i = 0;

    while (i < len && !s->answered)
        in_head(s, bytes[i++]);
    if (i > 0 && s->answered) {
        c->opening--;
        c->answered++;
        c->open++;
    }
    c->bytes += (int64_t)(len - i);
    while (i < len)
        in_body(c, s, bytes[i++]);
}

/* ---- connections ---------------------------------------------------------------- */

static void
over(struct crowd *c, struct stream *s)
{
    (void)close(s->fd);
    s->fd = -1;
    if (!s->answered) {
        c->opening--;
        c->answered++;
    } else {
        c->open--;
    }
    if (!s->answered || s->status != 200)
        c->failed++;
    else if (s->terminal)
        c->ended++;
    else
        c->cut++;
}

static int
connect_socket(const struct crowd *c)
{
    struct sockaddr_un local = { .sun_family = AF_UNIX };
    struct sockaddr_in loopback = { .sin_family = AF_INET,
                                    .sin_port = htons((uint16_t)c->port),
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(c->path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int done;

    if (fd < 0)
        fail("cannot make a socket");
    if (c->path)
        (void)snprintf(local.sun_path, sizeof(local.sun_path), "%s", c->path);
    done = c->path ? connect(fd, (const struct sockaddr *)&local, sizeof(local))
                   : connect(fd, (const struct sockaddr *)&loopback, sizeof(loopback));
    if (done != 0)
        fail("cannot connect");
    return fd;
}

/* HTTP/1.0, so that the body comes as it is and not in chunks. */
static void
open_next(struct crowd *c)
{
    struct stream *s = &c->streams[c->next++];
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = s };
    size_t key = strcspn(s->line, " ");
    char request[LINE_BYTES + 200];
    int len = snprintf(request, sizeof(request),
                       "GET %s HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer %.*s\r\n"
                       "Accept: text/event-stream\r\n\r\n",
                       s->line + key + 1, (int)key, s->line);

    s->fd = connect_socket(c);
    if (send(s->fd, request, (size_t)len, MSG_NOSIGNAL) != len)
        fail("cannot send a request");
    if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, s->fd, &event) != 0)
        fail("cannot watch a socket");
    c->opening++;
}

static void
read_one(struct crowd *c, struct stream *s)
{
    char bytes[READ_MAX];
    ssize_t got = recv(s->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (got > 0)
        take_bytes(c, s, bytes, (size_t)got);
    else if (got == 0 || (errno != EAGAIN && errno != EINTR))
        over(c, s);
}

/* ---- the run ---------------------------------------------------------------------- */

static void
read_input(struct crowd *c, struct arena *a)
{
    char line[LINE_BYTES];

    c->streams = arena_array(a, STREAMS_MAX, sizeof(*c->streams));
    while (fgets(line, sizeof(line), stdin) && c->count < STREAMS_MAX) {
        struct stream *s = &c->streams[c->count++];

        line[strcspn(line, "\n")] = '\0';
        if (!strchr(line, ' ')) {
            fprintf(stderr, "offstage-bench-watch: a line of input is a key and a path\n");
            exit(2);
        }
        memcpy(s->line, line, sizeof(line));
        s->fd = -1;
    }
}

static void
turn(struct crowd *c, size_t at_once, int64_t end_ms)
{
    struct epoll_event events[256];
    int64_t left = end_ms - clock_mono_ms();
    int n;

    while (c->next < c->count && c->opening < at_once)
        open_next(c);
    n = epoll_wait(c->epoll, events, 256, left < 0 ? 0 : left > 1000 ? 1000 : (int)left);
    for (int i = 0; i < n; i++)
        read_one(c, events[i].data.ptr);
    if (c->answered == c->count && !c->opened_ms) {
        c->opened_ms = clock_mono_ms();
        c->live_from_ns = clock_mono_ns();
        printf("open %zu\n", c->open);
        (void)fflush(stdout);
    }
}

static double
percentile_ms(const struct crowd *c, double share)
{
    int64_t want = (int64_t)((double)c->tokens * share), seen = 0;

    for (int i = 0; i < SLOTS; i++) {
        seen += c->slots[i];
        if (seen > want)
            return (double)(i + 1) * SLOT_US / 1000;
    }
    return 0;
}

static void
report(const struct crowd *c)
{
    printf("{\"streams\":%zu,\"failed\":%zu,\"ended\":%zu,\"cut\":%zu,\"open\":%zu,\"open_s\":%.3f,"
           "\"events\":%" PRId64 ",\"tokens\":%" PRId64 ",\"bytes\":%" PRId64 ",\"mean_ms\":%.3f,"
           "\"p50_ms\":%.2f,\"p90_ms\":%.2f,\"p99_ms\":%.2f,\"p999_ms\":%.2f,\"max_ms\":%.2f}\n",
           c->count, c->failed, c->ended, c->cut, c->open,
           (double)(c->opened_ms ? c->opened_ms - c->began_ms : -1000) / 1000, c->events, c->tokens,
           c->bytes, c->tokens ? (double)c->sum_us / (double)c->tokens / 1000 : 0.0,
           percentile_ms(c, 0.5), percentile_ms(c, 0.9), percentile_ms(c, 0.99),
           percentile_ms(c, 0.999), (double)c->max_us / 1000);
}

struct options {
    int64_t port, seconds, at_once;
    const char *path;
    bool live;
};

static bool
read_options(int argc, char **argv, struct options *out)
{
    static const struct option names[] = {
        { "unix", required_argument, NULL, 'u' },    { "port", required_argument, NULL, 'p' },
        { "seconds", required_argument, NULL, 's' }, { "at-once", required_argument, NULL, 'a' },
        { "live", no_argument, NULL, 'l' },          { NULL, 0, NULL, 0 }
    };
    int option;

    *out = (struct options){ .port = 8080, .seconds = 3600, .at_once = 100 };
    while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
        int64_t *number = option == 'p'   ? &out->port
                          : option == 's' ? &out->seconds
                                          : &out->at_once;

        if (option == 'u')
            out->path = optarg;
        else if (option == 'l')
            out->live = true;
        else if (option == '?' || !str_int(str_from(optarg), 1, 1000000, number))
            return false;
    }
    return true;
}

static void
prepare(struct crowd *c, struct arena *a, const struct options *options)
{
    struct sigaction action = { .sa_handler = on_signal };
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    *c = (struct crowd){ .path = options->path, .port = (int)options->port, .live = options->live };
    read_input(c, a);
    c->slots = arena_array(a, SLOTS, sizeof(*c->slots));
    c->epoll = epoll_create1(EPOLL_CLOEXEC);
    c->began_ms = clock_mono_ms();
}

int
main(int argc, char **argv)
{
    struct arena *a = arena_new();
    struct options options;
    struct crowd c;
    int64_t end_ms;

    if (!read_options(argc, argv, &options)) {
        fprintf(stderr, "usage: offstage-bench-watch [--unix PATH | --port N] [--seconds N] "
                        "[--at-once N] [--live] <STREAMS\n");
        return 2;
    }
    prepare(&c, a, &options);
    while (!stopped && c.answered < c.count)
        turn(&c, (size_t)options.at_once, INT64_MAX);
    end_ms = clock_mono_ms() + options.seconds * 1000;
    while (!stopped && c.open > 0 && clock_mono_ms() < end_ms)
        turn(&c, (size_t)options.at_once, end_ms);
    report(&c);
    arena_free(a);
    return 0;
}
