/* Sockets: from the door into libwebsockets, out of it, and back. */
#include "lib/arena.h"
#include "lib/buf.h"
#include "stream/gateway_private.h"
#include "stream/reply.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG        4096
#define ACCEPT_AT_ONCE 64 /* before the other connections get their turn */
#define SOCKET_MODE    0660
#define QUERY_MAX      16   /* parameters that are looked at */
#define VALUE_MAX      4096 /* bytes of one */

/* ---- the listening socket --------------------------------------------------- */

/*
 * Bound under another name and then moved, so that the path always leads to a
 * process that listens: the one before goes on with the connections it has.
 */
static struct err
bind_at(struct gateway *g, const char *path)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int len = snprintf(at.sun_path, sizeof(at.sun_path), "%s.%d", path, (int)getpid());

    if (len < 0 || (size_t)len >= sizeof(at.sun_path))
        return ERR(ERR_INTERNAL, "the path of OFFSTAGE_STREAM_SOCKET is too long");
    (void)unlink(at.sun_path);
    if (bind(g->listen_fd, (const struct sockaddr *)&at, sizeof(at)) != 0 ||
        chmod(at.sun_path, SOCKET_MODE) != 0 || listen(g->listen_fd, BACKLOG) != 0 ||
        rename(at.sun_path, path) != 0) {
        struct err e =
            err_fmt(g->life, ERR_INTERNAL, "cannot listen at %s: %s", path, strerrordesc_np(errno));

        (void)unlink(at.sun_path);
        return e;
    }
    return OK;
}

struct err
door_open(struct gateway *g, const char *path)
{
    lws_adopt_desc_t adopt = { .vh = g->vhost,
                               .type = LWS_ADOPT_RAW_FILE_DESC,
                               .vh_prot_name = GATEWAY_PROTOCOL,
                               .opaque = &g->listen_fd };
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return ERR(ERR_INTERNAL, "cannot make a socket pair");
    g->spare_fd = pair[0];
    (void)close(pair[1]);
    g->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (g->listen_fd < 0)
        return ERR(ERR_INTERNAL, "cannot make a socket");
    TRY(bind_at(g, path));
    adopt.fd.filefd = g->listen_fd;
    if (!lws_adopt_descriptor_vhost_via_info(&adopt))
        return ERR(ERR_INTERNAL, "cannot watch the listening socket");
    return OK;
}

void
door_close(struct gateway *g)
{
    (void)close(g->spare_fd);
}

/*
 * A connection above the limit is taken in all the same, so that it can be told
 * once its request is read; only a flood of them is turned away without a word.
 */
void
door_accept(struct gateway *g)
{
    for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
        int fd = accept4(g->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0)
            return;
        if (g->heads + g->conns.used < g->options->max + GATEWAY_EXTRA)
            (void)lws_adopt_socket_vhost(g->vhost, fd);
        else
            (void)close(fd);
    }
}

/* ---- out and back ------------------------------------------------------------- */

int
door_take(struct gateway *g, struct lws *wsi)
{
    int old = lws_get_socket_fd(wsi);
    int fd = fcntl(old, F_DUPFD_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    /* What libwebsockets now shuts down and closes is a socket that leads nowhere. */
    if (dup3(g->spare_fd, old, O_CLOEXEC) < 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static void
put_back_stream(struct gateway *g, struct conn *c, int fd)
{
    lws_adopt_desc_t adopt = { .vh = g->vhost,
                               .type = LWS_ADOPT_SOCKET,
                               .fd.sockfd = fd,
                               .vh_prot_name = GATEWAY_PROTOCOL,
                               .opaque = c };

    (void)lws_adopt_descriptor_vhost_via_info(&adopt);
}

/* The handshake once more; what matters of it was checked before. */
static void
put_back_websocket(struct gateway *g, struct conn *c, int fd)
{
    struct buf text;

    buf_init(&text, g->scratch, REPLY_MAX);
    buf_printf(&text,
               "GET / HTTP/1.1\r\nHost: offstage\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
               c->visit.ws_key);
    /* This function of libwebsockets reports its progress as errors. */
    gateway_log(false);
    (void)lws_adopt_socket_vhost_readbuf(g->vhost, fd, text.data, text.len);
    gateway_log(true);
}

void
door_put_back(struct conn *c)
{
    struct gateway *g = c->gateway;
    int fd = c->fd;

    /* Whatever becomes of it, libwebsockets closes the descriptor. */
    c->fd = -1;
    g->adopting = c;
    if (c->visit.websocket)
        put_back_websocket(g, c, fd);
    else
        put_back_stream(g, c, fd);
    /* Some failures it does not tell of. */
    if (g->adopting == c)
        conn_gone(c);
}

void
door_answer(int fd, const struct buf *text)
{
    /* A fresh socket takes this in one piece; a client that does not read has itself to blame. */
    ssize_t sent = send(fd, text->data, text->len, MSG_NOSIGNAL | MSG_DONTWAIT);

    (void)sent;
    (void)close(fd);
}

/* ---- the head of a request ------------------------------------------------------ */

static const char *
header(struct lws *wsi, struct arena *a, enum lws_token_indexes token)
{
    int len = lws_hdr_total_length(wsi, token);
    char *text;

    if (len <= 0)
        return NULL;
    text = arena_alloc(a, (size_t)len + 1);
    return lws_hdr_copy(wsi, text, len + 1, token) > 0 ? text : NULL;
}

/* One that libwebsockets has no token for; the name is in lower case and ends with ':'. */
static const char *
other_header(struct lws *wsi, struct arena *a, const char *name)
{
    int name_len = (int)strlen(name);
    int len = lws_hdr_custom_length(wsi, name, name_len);
    char *text;

    if (len <= 0)
        return NULL;
    text = arena_alloc(a, (size_t)len + 1);
    return lws_hdr_custom_copy(wsi, text, len + 1, name, name_len) > 0 ? text : NULL;
}

static void
read_query(struct lws *wsi, struct arena *a, struct visit_text *out)
{
    const char **query = arena_array(a, QUERY_MAX, sizeof(*query));
    char value[VALUE_MAX];

    out->query = query;
    for (int i = 0; i < QUERY_MAX; i++) {
        int len = lws_hdr_copy_fragment(wsi, value, sizeof(value), WSI_TOKEN_HTTP_URI_ARGS, i);

        if (len < 0)
            return;
        query[out->query_count++] = arena_strndup(a, value, (size_t)len);
    }
}

void
door_read(struct lws *wsi, struct arena *a, bool upgrade, struct visit_text *out)
{
    char *path = NULL;
    int len = 0;
    int method = lws_http_get_uri_and_method(wsi, &path, &len);

    *out = (struct visit_text){
        .method = method == LWSHUMETH_GET ? "GET" : "",
        .path = method < 0 ? "" : arena_strndup(a, path, (size_t)len),
        .host = header(wsi, a, WSI_TOKEN_HOST),
        .origin = header(wsi, a, WSI_TOKEN_ORIGIN),
        .cookie = header(wsi, a, WSI_TOKEN_HTTP_COOKIE),
        .authorization = header(wsi, a, WSI_TOKEN_HTTP_AUTHORIZATION),
        .scheme = other_header(wsi, a, "x-forwarded-proto:"),
        .fetch_site = other_header(wsi, a, "sec-fetch-site:"),
        .last_event_id = other_header(wsi, a, "last-event-id:"),
        .request_id = other_header(wsi, a, "x-request-id:"),
        .peer = other_header(wsi, a, "x-offstage-peer:"),
        .forwarded_email = other_header(wsi, a, "x-forwarded-email:"),
        .upgrade = upgrade,
    };
    if (upgrade) {
        out->ws_key = header(wsi, a, WSI_TOKEN_KEY);
        out->ws_version = header(wsi, a, WSI_TOKEN_VERSION);
    }
    read_query(wsi, a, out);
}
