#include "lib/http_transfer.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define BOMB_FROM       (1024 * 1024) /* decoded bytes from which on a body's packing is looked at */
#define BOMB_RATIO      100           /* decoded bytes for each that came */
#define READ_BYTES      16384L        /* libcurl's buffers; 1,000 transfers run at once */
#define HEADERS_MAX     262144        /* bytes of one reply's headers */
#define RETRY_AFTER_MAX INT64_C(3600000)
#define PROTOCOLS       "http,https"

/* A peer that vanished is noticed within KEEP_IDLE + KEEP_COUNT * KEEP_INTERVAL seconds. */
#define KEEP_IDLE     10
#define KEEP_INTERVAL 5
#define KEEP_COUNT    3
#define UNACKED_MS    20000

void
transfer_init(struct transfer *t, const struct http_request *rq)
{
    struct http_header *headers = arena_array(t->arena, rq->header_count, sizeof(*headers));
    char *body = rq->body ? arena_strndup(t->arena, rq->body, rq->body_len) : NULL;

    for (size_t i = 0; i < rq->header_count; i++) {
        headers[i].name = arena_strdup(t->arena, rq->headers[i].name);
        headers[i].value = arena_strdup(t->arena, rq->headers[i].value);
    }
    t->rq = *rq;
    t->rq.method = arena_strdup(t->arena, rq->method ? rq->method : rq->body ? "POST" : "GET");
    t->rq.url = arena_strdup(t->arena, rq->url);
    t->rq.headers = headers;
    t->rq.body = body;
    t->rq.allow = arena_strdup(t->arena, rq->allow ? rq->allow : "");
    t->reply = (struct http_reply){
        .content_type = "",
        .retry_after_ms = -1,
        .first_byte_ms = -1,
    };
    t->start_ms = t->alive_ms = clock_mono_ms();
}

static bool
may_dial(const struct transfer *t, const struct sockaddr *address)
{
    return !t->rq.gate || url_address_is_public(address) ||
           url_allowed_host(t->rq.allow, t->url.host, t->url.port) ||
           url_allowed_address(t->rq.allow, address);
}

static curl_socket_t
on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    static const struct {
        int option, value;
    } keep[] = {
        { TCP_KEEPIDLE, KEEP_IDLE },
        { TCP_KEEPINTVL, KEEP_INTERVAL },
        { TCP_KEEPCNT, KEEP_COUNT },
        { TCP_USER_TIMEOUT, UNACKED_MS },
    };
    struct transfer *t = arg;
    int fd, on = 1;

    t->on_dial(t);
    if (purpose != CURLSOCKTYPE_IPCXN || !may_dial(t, &address->addr)) {
        t->refused = true;
        errno = EACCES;
        return CURL_SOCKET_BAD;
    }
    t->dialled = true;
    fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++)
        (void)setsockopt(fd, IPPROTO_TCP, keep[i].option, &keep[i].value, sizeof(keep[i].value));
    return fd;
}

/* A connection that is used again was dialled for another request, with other rules perhaps. */
static int
on_connected(void *arg, char *ip, char *local_ip, int port, int local_port)
{
    struct transfer *t = arg;
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };
    const struct sockaddr *address = NULL;

    (void)local_ip;
    (void)local_port;
    t->on_dial(t);
    if (inet_pton(AF_INET, ip, &v4.sin_addr) == 1)
        address = (const struct sockaddr *)&v4;
    else if (inet_pton(AF_INET6, ip, &v6.sin6_addr) == 1)
        address = (const struct sockaddr *)&v6;
    if (address && may_dial(t, address))
        return CURL_PREREQFUNC_OK;
    t->refused = true;
    t->dialled = false;
    return CURL_PREREQFUNC_ABORT;
}

static const char *
reply_header(const struct transfer *t, const char *name)
{
    struct curl_header *header;

    if (curl_easy_header(t->easy, name, 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return NULL;
    return header->value;
}

/* Servers of models send fractions of seconds too, RFC 9110 whole ones or a date. */
static int64_t
retry_after_ms(const struct transfer *t)
{
    const char *ms_text = reply_header(t, "retry-after-ms"), *text = reply_header(t, "retry-after");
    struct str fraction, whole = str_cut(str_from(ms_text ? ms_text : text), '.', &fraction);
    int64_t number, ms;

    if (!ms_text && !text)
        return -1;
    if (str_int(whole, 0, INT64_MAX / 1000, &number))
        ms = ms_text ? number : number * 1000;
    else if (ms_text || (number = curl_getdate(text, NULL)) < 0)
        return -1;
    else
        ms = number * 1000 - clock_wall_ms();
    return ms < 0 ? 0 : ms > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : ms;
}

/* All values of one name, joined; NULL when there is none. */
static const char *
joined_header(const struct transfer *t, const char *name)
{
    struct curl_header *header;
    const char *joined = NULL;

    for (size_t i = 0; curl_easy_header(t->easy, name, i, CURLH_HEADER, -1, &header) == CURLHE_OK;
         i++)
        joined = joined ? arena_printf(t->arena, "%s, %s", joined, header->value)
                        : arena_strdup(t->arena, header->value);
    return joined;
}

static void
keep_headers(struct transfer *t)
{
    const char **kept;
    size_t n = 0;

    if (!t->rq.keep)
        return;
    kept = arena_array(t->arena, HTTP_KEEP_MAX, sizeof(*kept));
    for (; n < HTTP_KEEP_MAX && t->rq.keep[n]; n++)
        kept[n] = joined_header(t, t->rq.keep[n]);
    t->reply.kept = kept;
}

static size_t
on_header(char *line, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * count;
    long status = 0;
    char *type = NULL;

    if (t->dropped)
        return 0;
    t->header_bytes += len;
    if (t->header_bytes > HEADERS_MAX) {
        t->reply.err = err_fmt(t->arena, ERR_TOO_LARGE, "the headers of \"%s\" are over %d bytes",
                               t->url.host, HEADERS_MAX);
        return 0;
    }
    /* Only the empty line after a reply's last header counts, and not that of a 100 Continue. */
    if (t->replied || (line[0] != '\r' && line[0] != '\n'))
        return len;
    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200)
        return len;

    (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
    t->replied = true;
    t->alive_ms = clock_mono_ms();
    t->reply.status = (int)status;
    t->reply.content_type = arena_strdup(t->arena, type ? type : "");
    t->reply.retry_after_ms = retry_after_ms(t);
    keep_headers(t);
    if (t->rq.on_reply)
        t->rq.on_reply(t->rq.arg, &t->reply);
    return t->dropped ? 0 : len;
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * count;
    curl_off_t wire = 0;

    if (t->dropped)
        return 0;
    if (t->paused) {
        t->held = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    t->alive_ms = clock_mono_ms();
    if (t->reply.first_byte_ms < 0)
        t->reply.first_byte_ms = t->alive_ms - t->start_ms;
    t->reply.body_bytes += (int64_t)len;
    if (t->rq.body_max > 0 && t->reply.body_bytes > t->rq.body_max) {
        t->reply.err =
            err_fmt(t->arena, ERR_TOO_LARGE, "the reply of \"%s\" is over %" PRId64 " bytes",
                    t->url.host, t->rq.body_max);
        return 0;
    }
    (void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &wire);
    t->reply.wire_bytes = wire;
    if (t->rq.wire_max > 0 && wire > t->rq.wire_max) {
        t->reply.err =
            err_fmt(t->arena, ERR_TOO_LARGE, "the reply of \"%s\" is over %" PRId64 " bytes",
                    t->url.host, t->rq.wire_max);
        return 0;
    }
    if (t->rq.wire_max > 0 && t->reply.body_bytes > BOMB_FROM &&
        t->reply.body_bytes / BOMB_RATIO > wire) {
        t->reply.err =
            err_fmt(t->arena, ERR_TOO_LARGE,
                    "the reply of \"%s\" is packed more tightly than a text can be", t->url.host);
        return 0;
    }
    if (t->rq.on_data && !t->rq.on_data(t->rq.arg, bytes, len) && !t->dropped) {
        t->reply.err =
            err_fmt(t->arena, ERR_TOO_LARGE, "the reply of \"%s\" was over a limit", t->url.host);
        return 0;
    }
    return t->dropped ? 0 : len;
}

static struct err
add_header(struct transfer *t, const char *name, const char *value)
{
    struct curl_slist *grown;

    if (!name[0] || strpbrk(name, ": \t\r\n") || strpbrk(value, "\r\n"))
        return ERR(ERR_INVALID, "a header holds a character that headers cannot");
    /* "name:" would remove a header, "name;" sends it empty. */
    grown = curl_slist_append(t->headers, value[0] ? arena_printf(t->arena, "%s: %s", name, value)
                                                   : arena_printf(t->arena, "%s;", name));
    if (!grown)
        abort();
    t->headers = grown;
    return OK;
}

static bool
is_accept_encoding(const struct http_header *h)
{
    return str_eq_nocase(str_from(h->name), STR("Accept-Encoding"));
}

struct err
transfer_check(struct transfer *t)
{
    TRY(url_parse(t->arena, t->rq.url, &t->url));
    for (size_t i = 0; i < t->rq.header_count; i++)
        if (!is_accept_encoding(&t->rq.headers[i]))
            TRY(add_header(t, t->rq.headers[i].name, t->rq.headers[i].value));
    return OK;
}

static int
set_headers(struct transfer *t)
{
    int failed = 0;

    for (size_t i = 0; i < t->rq.header_count; i++)
        if (is_accept_encoding(&t->rq.headers[i]))
            failed |=
                (int)curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, t->rq.headers[i].value);
    /* Waiting for "100 Continue" costs a second with servers that do not know it. */
    t->headers = curl_slist_append(t->headers, "Expect:");
    if (!t->headers)
        abort();
    failed |= (int)curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
    return failed;
}

static int
set_method(const struct transfer *t)
{
    const char *method = t->rq.method;
    int failed = 0;

    if (t->rq.body || strcmp(method, "POST") == 0) {
        failed |= (int)curl_easy_setopt(t->easy, CURLOPT_POST, 1L);
        failed |= (int)curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->rq.body ? t->rq.body : "");
        failed |= (int)curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                                        (curl_off_t)(t->rq.body ? t->rq.body_len : 0));
    } else if (strcmp(method, "HEAD") == 0) {
        failed |= (int)curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        failed |= (int)curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
    return failed;
}

static int
set_callbacks(struct transfer *t)
{
    CURL *easy = t->easy;
    int failed = 0;

    failed |= (int)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->curl_error);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, t);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_PREREQDATA, t);
    return failed;
}

/* What is left of a deadline; libcurl takes 0 for none. */
static long
left_ms(const struct transfer *t, int64_t deadline_ms)
{
    int64_t left = deadline_ms - (clock_mono_ms() - t->start_ms);

    if (deadline_ms == 0)
        return 0;
    return left < 1 ? 1 : (long)left;
}

void
transfer_prepare(struct transfer *t)
{
    CURL *easy = t->easy;
    int failed = 0;

    failed |= (int)curl_easy_setopt(easy, CURLOPT_URL, t->url.text);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, PROTOCOLS);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, PROTOCOLS);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_PROXY, "");
    failed |= (int)curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    failed |= (int)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Else a cancelled transfer would wait, and the loop with it, for its name to be looked up. */
    failed |= (int)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, READ_BYTES);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, READ_BYTES);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 0L);
    failed |= (int)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, left_ms(t, t->rq.connect_ms));
    failed |= (int)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, left_ms(t, t->rq.total_ms));
    failed |= set_method(t);
    failed |= set_headers(t);
    failed |= set_callbacks(t);
    if (failed)
        abort(); /* every option is known to the libcurl that configure asked for: no memory */
}

int64_t
transfer_idle_left_ms(const struct transfer *t)
{
    if (t->rq.idle_ms == 0)
        return INT64_MAX;
    return t->paused ? t->rq.idle_ms : t->alive_ms + t->rq.idle_ms - clock_mono_ms();
}

int64_t
transfer_wait_left_ms(const struct transfer *t)
{
    int64_t limit_ms = t->rq.connect_ms;

    if (limit_ms == 0 || (t->rq.total_ms > 0 && t->rq.total_ms < limit_ms))
        limit_ms = t->rq.total_ms;
    return limit_ms == 0 ? INT64_MAX : t->start_ms + limit_ms - clock_mono_ms();
}

static struct err
timed_out(const struct transfer *t)
{
    int64_t took_ms = clock_mono_ms() - t->start_ms;

    if (t->rq.total_ms > 0 && took_ms >= t->rq.total_ms)
        return err_fmt(t->arena, ERR_TIMEOUT, "\"%s\" did not finish within %g s", t->url.host,
                       (double)t->rq.total_ms / 1000);
    return err_fmt(t->arena, ERR_TIMEOUT, "could not connect to \"%s\" within %g s", t->url.host,
                   (double)t->rq.connect_ms / 1000);
}

static struct err
not_connected(const struct transfer *t)
{
    long os_error = 0;

    if (t->refused && !t->dialled)
        return err_fmt(t->arena, ERR_FORBIDDEN, "\"%s\" does not lead to a public address",
                       t->url.host);
    (void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &os_error);
    return err_fmt(t->arena, ERR_UPSTREAM, "could not connect to \"%s\" at port %d%s%s",
                   t->url.host, t->url.port, os_error ? ": " : "",
                   os_error ? strerrordesc_np((int)os_error) : "");
}

static struct err
meaning(const struct transfer *t, CURLcode result)
{
    const char *detail = t->curl_error[0] ? t->curl_error : curl_easy_strerror(result);

    switch ((int)result) { /* an int, since libcurl has a hundred codes */
    case CURLE_OK:
        if (t->replied)
            return OK;
        return ERR(ERR_UPSTREAM, "the connection was cut"); /* amid the headers */
    case CURLE_OPERATION_TIMEDOUT:
        return timed_out(t);
    case CURLE_COULDNT_RESOLVE_HOST:
        return err_fmt(t->arena, ERR_UPSTREAM, "the name \"%s\" could not be looked up",
                       t->url.host);
    case CURLE_COULDNT_CONNECT:
    case CURLE_ABORTED_BY_CALLBACK:
        return not_connected(t);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
        return err_fmt(t->arena, ERR_UPSTREAM, "no trusted TLS connection to \"%s\": %s",
                       t->url.host, detail);
    case CURLE_PARTIAL_FILE:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return ERR(ERR_UPSTREAM, "the connection was cut");
    default:
        return err_fmt(t->arena, ERR_UPSTREAM, "\"%s\" failed: %s", t->url.host, detail);
    }
}

void
transfer_finish(struct transfer *t, CURLcode result)
{
    t->reply.total_ms = clock_mono_ms() - t->start_ms;
    if (!t->reply.err.code)
        t->reply.err = meaning(t, result);
}

void
transfer_finish_idle(struct transfer *t)
{
    t->reply.total_ms = clock_mono_ms() - t->start_ms;
    t->reply.err = err_fmt(t->arena, ERR_TIMEOUT, "\"%s\" sent nothing for %g s", t->url.host,
                           (double)t->rq.idle_ms / 1000);
}

void
transfer_release(struct transfer *t)
{
    curl_easy_reset(t->easy);
    curl_slist_free_all(t->headers);
    t->headers = NULL;
}
