#include "app/fcgi.h"

#include "app/app.h"
#include "app/records.h"
#include "app/request.h"
#include "app/router.h"
#include "db/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "lib/str.h"

#include <errno.h>
#include <fcgiapp.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PEER_TIMEOUT_S 15    /* nginx has the whole body and waits for the reply */
#define CHUNK          16384 /* bytes of one read */
#define DRAIN_MAX      ((size_t)64 * 1024 * 1024) /* bytes of body that are read for nothing */
#define PAUSE_MS       100                        /* without descriptors or memory */

/* ---- reading ------------------------------------------------------------ */

static struct err
read_body(void *transport, struct arena *a, size_t max, struct buf *out)
{
    FCGX_Request *fcgi = transport;
    char chunk[CHUNK];

    buf_init(out, a, max);
    /* Its length is what comes, whatever CONTENT_LENGTH says. */
    for (;;) {
        int n = FCGX_GetStr(chunk, CHUNK, fcgi->in);

        if (n > 0)
            buf_add(out, chunk, (size_t)n);
        if (!buf_ok(out))
            return err_fmt(a, ERR_TOO_LARGE, "the body may have at most %zu bytes", max);
        if (n < CHUNK)
            break;
    }
    if (FCGX_GetError(fcgi->in))
        return ERR(ERR_MALFORMED, "the body was cut");
    return OK;
}

/* What is left unread at the end would reach nginx as a reset connection. */
static void
drain(FCGX_Request *fcgi)
{
    char chunk[CHUNK];
    size_t len = 0;
    int n = CHUNK;

    while (n == CHUNK && len < DRAIN_MAX) {
        n = FCGX_GetStr(chunk, CHUNK, fcgi->in);
        len += CHUNK;
    }
}

/* A parameter; NULL when absent or empty. nginx sends headers that are absent as nothing. */
static const char *
param(const FCGX_Request *fcgi, const char *name)
{
    const char *value = FCGX_GetParam(name, fcgi->envp);

    return value && value[0] ? value : NULL;
}

static const char *
or_empty(const char *s)
{
    return s ? s : "";
}

/* The texts live until the request is finished, but method and address, which are
 * logged after that. */
static void
read_wire(FCGX_Request *fcgi, struct arena *a, struct wire *wire)
{
    *wire = (struct wire){
        .method = arena_strdup(a, or_empty(param(fcgi, "REQUEST_METHOD"))),
        .uri = or_empty(param(fcgi, "REQUEST_URI")),
        .content_type = param(fcgi, "CONTENT_TYPE"),
        .authorization = param(fcgi, "HTTP_AUTHORIZATION"),
        .cookie = param(fcgi, "HTTP_COOKIE"),
        .origin = param(fcgi, "HTTP_ORIGIN"),
        .fetch_site = param(fcgi, "HTTP_SEC_FETCH_SITE"),
        .host = param(fcgi, "HTTP_HOST"),
        .user_agent = param(fcgi, "HTTP_USER_AGENT"),
        .idempotency_key = param(fcgi, "HTTP_IDEMPOTENCY_KEY"),
        .request_id = param(fcgi, "HTTP_X_REQUEST_ID"),
        .traceparent = param(fcgi, "HTTP_TRACEPARENT"),
        .forwarded_email = param(fcgi, "HTTP_X_FORWARDED_EMAIL"),
        .address = arena_strdup(a, or_empty(param(fcgi, "REMOTE_ADDR"))),
        .peer = param(fcgi, "OFFSTAGE_PEER"),
        .https = param(fcgi, "HTTPS") && str_eq(str_from(param(fcgi, "HTTPS")), STR("on")),
        .read_body = read_body,
        .transport = fcgi,
    };
}

/* ---- writing ------------------------------------------------------------ */

/* nginx passes the status line on as it is. */
static const char *
reason(int status)
{
    static const struct {
        int status;
        const char *text;
    } reasons[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 204, "No Content" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 413, "Content Too Large" },
        { 415, "Unsupported Media Type" },
        { 422, "Unprocessable Content" },
        { 429, "Too Many Requests" },
        { 500, "Internal Server Error" },
        { 502, "Bad Gateway" },
        { 503, "Service Unavailable" },
        { 504, "Gateway Timeout" },
    };

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Other";
}

static void
put_header(struct buf *head, const char *name, const char *value)
{
    buf_add_str(head, name);
    buf_add_str(head, value);
    buf_add_str(head, "\r\n");
}

static void
send_reply(FCGX_Request *fcgi, struct arena *a, const struct request *rq, const struct reply *rp)
{
    bool is_head = str_eq(str_from(rq->wire.method), STR("HEAD"));
    struct str body = { rp->body.data, is_head ? 0 : rp->body.len };
    struct buf head;

    buf_init(&head, a, RECORDS_HEAD_MAX);
    buf_printf(&head, "Status: %d %s\r\n", rp->status, reason(rp->status));
    if (rp->content_type)
        put_header(&head, "Content-Type: ", rp->content_type);
    if (rp->location)
        put_header(&head, "Location: ", rp->location);
    if (rp->status != 204)
        buf_printf(&head, "Content-Length: %zu\r\n", rp->body.len);
    buf_add(&head, rp->headers.data, rp->headers.len);
    buf_add_str(&head, "\r\n");
    /* When nobody is there any more, what was done stays done. */
    (void)records_send(fcgi->ipcFd, fcgi->requestId, (struct str){ head.data, head.len }, body);
}

static void
serve_one(FCGX_Request *fcgi, const struct app *app, struct arena *a)
{
    struct timeval timeout = { .tv_sec = PEER_TIMEOUT_S };
    struct request rq = { .arena = a, .began_ns = clock_mono_ns() };
    struct reply rp = { .arena = a };

    (void)setsockopt(fcgi->ipcFd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    (void)setsockopt(fcgi->ipcFd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    read_wire(fcgi, a, &rq.wire);
    router_answer(app, &rq, &rp);
    drain(fcgi);
    send_reply(fcgi, a, &rq, &rp);
    /* Detached: closed without waiting for nginx to close first. All is read, so nothing is lost.
     */
    (void)FCGX_Detach(fcgi);
    FCGX_Free(fcgi, 1);
    router_after(&rq, &rp);
    arena_reset(a);
}

/* ---- the loop ----------------------------------------------------------- */

/*
 * Of the processes that wait for a connection the kernel wakes one, where
 * poll(2) would wake them all. -1 when there is none to be had.
 */
static int
watch(int listen_fd, int stop_fd)
{
    struct epoll_event listening = { .events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = listen_fd };
    struct epoll_event stopping = { .events = EPOLLIN, .data.fd = stop_fd };
    int fd = epoll_create1(EPOLL_CLOEXEC);

    if (fd >= 0 && epoll_ctl(fd, EPOLL_CTL_ADD, listen_fd, &listening) == 0 &&
        epoll_ctl(fd, EPOLL_CTL_ADD, stop_fd, &stopping) == 0)
        return fd;
    return -1;
}

/* True when there may be a connection, false when it is time to stop. */
static bool
wait_for_work(int watch_fd, int stop_fd, const struct app *app)
{
    struct epoll_event events[2];
    int n = epoll_wait(watch_fd, events, 2, 0);

    if (n == 0) {
        db_idle(app->db);
        n = epoll_wait(watch_fd, events, 2, -1);
    }
    for (int i = 0; i < n; i++)
        if (events[i].data.fd == stop_fd)
            return false;
    return true;
}

static bool
start_library(void)
{
    sigset_t quit;

    /* Its handlers of SIGUSR1 and SIGTERM would make accepting fail for ever. */
    (void)sigemptyset(&quit);
    (void)sigaddset(&quit, SIGUSR1);
    (void)sigprocmask(SIG_BLOCK, &quit, NULL);
    /*
     * Milliseconds that a connection without a byte, and one that is closed, may hold the process.
     * nginx writes at once, but on a machine that is overloaded at once takes its time too.
     */
    (void)setenv("LIBFCGI_IS_AF_UNIX_KEEPER_POLL_TIMEOUT", "2000", 1);
    (void)setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "200", 1);
    return FCGX_Init() == 0;
}

int
fcgi_serve(int listen_fd, const struct app *app)
{
    int stop_fd = daemon_stop_fd(), watch_fd = watch(listen_fd, stop_fd);
    struct arena *a = arena_new();
    FCGX_Request fcgi;

    if (watch_fd < 0 || !start_library() || FCGX_InitRequest(&fcgi, listen_fd, 0) != 0) {
        log_error("serve_failed", LOG_S("msg", "cannot watch the FastCGI socket"));
        return 1;
    }
    while (wait_for_work(watch_fd, stop_fd, app)) {
        int e = FCGX_Accept_r(&fcgi);

        if (e == 0) {
            serve_one(&fcgi, app, a);
        } else if (e != -EAGAIN && e != -EINTR) {
            log_warn("accept_failed", LOG_I("code", -e));
            (void)poll(NULL, 0, PAUSE_MS);
        }
    }
    arena_free(a);
    (void)close(watch_fd);
    return 0;
}
