#include "tests/harness/server.h"

#include "lib/str.h"
#include "tests/harness/harness.h"

#include <netinet/in.h>
#include <strings.h>

#define REQUEST_MAX 1000000 /* bytes */

struct connection {
    struct connection *next; /* older */
    struct server *server;
    uv_tcp_t tcp;
    uv_timer_t timer;
    int open_handles;
    struct buf in;
    char read_buffer[16384];
    size_t sent; /* bytes of the reply */
};

static void
on_closed(uv_handle_t *handle)
{
    struct connection *c = handle->data;

    if (--c->open_handles == 0)
        c->server->open--;
}

static void
drop(struct connection *c)
{
    if (uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    if (c->server->end == SERVER_RESET)
        assert_int_equal(uv_tcp_close_reset(&c->tcp, on_closed), 0);
    else
        uv_close((uv_handle_t *)&c->tcp, on_closed);
    uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void send_piece(struct connection *c);

static void
on_timer(uv_timer_t *timer)
{
    send_piece(timer->data);
}

static void
on_written(uv_write_t *write, int status)
{
    struct connection *c = write->data;
    struct server *s = c->server;

    if (status != 0 || uv_is_closing((uv_handle_t *)&c->tcp))
        return;
    if (c->sent < s->reply_len)
        (void)uv_timer_start(&c->timer, on_timer, s->wait_ms, 0);
    else if (s->end != SERVER_KEEP)
        drop(c);
}

static void
send_piece(struct connection *c)
{
    struct server *s = c->server;
    size_t left = s->reply_len - c->sent;
    size_t len = s->piece > 0 && s->piece < left ? s->piece : left;
    uv_write_t *write = ARENA_NEW(s->arena, uv_write_t);
    uv_buf_t bytes = uv_buf_init(arena_strndup(s->arena, s->reply + c->sent, len), (unsigned)len);

    write->data = c;
    c->sent += len;
    (void)uv_write(write, (uv_stream_t *)&c->tcp, &bytes, 1, on_written);
}

/* Bytes of the request that `in` begins with, or 0 when it is not whole. */
static size_t
request_len(const struct buf *in)
{
    const char *end = strstr(in->data, "\r\n\r\n"), *length;
    size_t body = 0;

    if (!end)
        return 0;
    length = strcasestr(in->data, "\r\nContent-Length:");
    if (length && length < end)
        body = strtoul(length + strlen("\r\nContent-Length:"), NULL, 10);
    body += (size_t)(end - in->data) + 4;
    return in->len >= body ? body : 0;
}

static void
answer(struct connection *c)
{
    struct server *s = c->server;
    size_t len = request_len(&c->in);

    if (len == 0)
        return;
    s->requests++;
    buf_truncate(&s->last, 0);
    buf_add(&s->last, c->in.data, len);
    buf_consume(&c->in, len);
    c->sent = 0;
    if (s->reply)
        send_piece(c);
    else if (s->end != SERVER_KEEP)
        drop(c);
}

static void
on_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct connection *c = handle->data;

    (void)size;
    *out = uv_buf_init(c->read_buffer, sizeof(c->read_buffer));
}

static void
on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *bytes)
{
    struct connection *c = stream->data;

    if (len < 0) {
        drop(c);
        return;
    }
    buf_add(&c->in, bytes->base, (size_t)len);
    answer(c);
}

static void
on_connection(uv_stream_t *listener, int status)
{
    struct server *s = listener->data;
    struct connection *c = ARENA_NEW(s->arena, struct connection);

    assert_int_equal(status, 0);
    c->server = s;
    c->next = s->newest;
    s->newest = c;
    c->open_handles = 2;
    buf_init(&c->in, s->arena, REQUEST_MAX);
    assert_int_equal(uv_timer_init(s->loop, &c->timer), 0);
    assert_int_equal(uv_tcp_init(s->loop, &c->tcp), 0);
    c->tcp.data = c->timer.data = c;
    assert_int_equal(uv_accept(listener, (uv_stream_t *)&c->tcp), 0);
    assert_int_equal(uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read), 0);
    s->connections++;
    s->open++;
    if (s->at_once)
        send_piece(c);
}

void
server_open(struct server *s, struct arena *a, uv_loop_t *loop)
{
    struct sockaddr_in address;
    int size = sizeof(address);

    *s = (struct server){ .arena = a, .loop = loop };
    buf_init(&s->last, a, REQUEST_MAX);
    assert_int_equal(uv_ip4_addr("127.0.0.1", 0, &address), 0);
    assert_int_equal(uv_tcp_init(loop, &s->listener), 0);
    s->listener.data = s;
    assert_int_equal(uv_tcp_bind(&s->listener, (const struct sockaddr *)&address, 0), 0);
    assert_int_equal(uv_listen((uv_stream_t *)&s->listener, 1024, on_connection), 0);
    assert_int_equal(uv_tcp_getsockname(&s->listener, (struct sockaddr *)&address, &size), 0);
    s->port = ntohs(address.sin_port);
}

void
server_reply(struct server *s, const char *text)
{
    s->reply = text;
    s->reply_len = text ? strlen(text) : 0;
}

void
server_close(struct server *s)
{
    for (struct connection *c = s->newest; c; c = c->next)
        drop(c);
    uv_close((uv_handle_t *)&s->listener, NULL);
}
