#include "stream/gateway.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "stream/gateway_private.h"

#include <strings.h>
#include <sys/resource.h>

#define HEAD_MAX    (64 * 1024) /* bytes of a request's head */
#define HEAD_S      15          /* that a client is given to send it */
#define HEADS_MS    1000        /* that it is waited for at the end */
#define SPARE_FILES 64          /* descriptors beside those of clients */
#define RX_BYTES    256         /* that a WebSocket reads at once: clients have nothing to say */
#define TX_BYTES    65536       /* written at once */

/* On the database thread. */
static void
wake(void *arg)
{
    struct gateway *g = arg;

    lws_cancel_service(g->context);
}

/* ---- the end ------------------------------------------------------------------------ */

/*
 * Nothing new comes in. Streams end without a terminal event, by which clients
 * know to connect again; held statuses are answered as they are.
 */
static void
stop(struct gateway *g)
{
    if (g->stopping)
        return;
    g->stopping = true;
    g->heads_ms = clock_mono_ms() + HEADS_MS;
    g->stop_ms = clock_mono_ms() + g->options->drain_s * 1000;
    daemon_notify("STOPPING=1");
    log_info("gateway_stopping", LOG_I("n", (int64_t)g->conns.used));
    LIST_EACH(it, after, &g->waiting)
    {
        conn_turn_away(LIST_OF(it, struct conn, link));
    }
    LIST_EACH(it, after, &g->open)
    {
        conn_close(LIST_OF(it, struct conn, link), WHY_STOPPED, WS_RESTART);
    }
    LIST_EACH(it, after, &g->held)
    {
        conn_let_go(LIST_OF(it, struct conn, link));
    }
    gateway_start_clock(g);
}

/* Whoever is about to send a request is told no; who only might is not waited for. */
static bool
is_done(const struct gateway *g)
{
    int64_t now = clock_mono_ms();

    if (!g->stopping)
        return false;
    return now >= g->stop_ms || (g->conns.used == 0 && (g->heads == 0 || now >= g->heads_ms));
}

/* ---- libwebsockets -------------------------------------------------------------------- */

static void
log_lws(int level, const char *line)
{
    char text[300];

    snprintf(text, sizeof(text), "%.*s", (int)strcspn(line, "\n"), line);
    /* Clients provoke most of what it calls an error. */
    if (level & LLL_ERR)
        log_warn("libwebsockets", LOG_S("msg", text));
    else
        log_debug("libwebsockets", LOG_S("msg", text));
}

void
gateway_log(bool on)
{
    lws_set_log_level(on ? LLL_ERR | LLL_WARN : 0, log_lws);
}

/* A client has come: either to send a request, or back with its handshake. */
static void
welcome(struct gateway *g, struct lws *wsi)
{
    if (g->adopting) {
        lws_set_opaque_user_data(wsi, g->adopting);
        return;
    }
    g->heads++;
    lws_set_opaque_user_data(wsi, &g->heads);
}

/* NULL for what has sent no request yet, and for what is no client's. */
static struct conn *
conn_of(const struct gateway *g, void *opaque)
{
    return opaque == &g->heads || opaque == &g->listen_fd ? NULL : opaque;
}

static void
forget(struct gateway *g, void *opaque)
{
    struct conn *c = conn_of(g, opaque);

    if (c)
        conn_gone(c);
    else if (opaque == &g->heads)
        g->heads--;
}

/* Also called when libwebsockets gives up on a request that is no HTTP: that is closed. */
static int
opened(struct gateway *g, struct lws *wsi, void *opaque)
{
    struct conn *c = conn_of(g, opaque);

    if (!c)
        return -1;
    /* Of an event stream nothing is read: that its client has gone is seen by its hanging up. */
    if (!c->visit.websocket)
        (void)lws_rx_flow_control(wsi, 0);
    conn_opened(c, wsi);
    return 0;
}

static int
readable_file(struct gateway *g, const void *opaque)
{
    if (opaque == &g->listen_fd) {
        if (g->stopping)
            return -1;
        door_accept(g);
        return 0;
    }
    stop(g);
    return -1;
}

static int
callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    struct gateway *g = lws_context_user(lws_get_context(wsi));
    void *opaque = lws_get_opaque_user_data(wsi);

    (void)user;
    (void)len;
    /* Only what concerns us: there are some eighty others. */
    switch ((int)reason) {
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        gateway_take_letters(g);
        return 0;
    case LWS_CALLBACK_RAW_RX_FILE:
        return readable_file(g, opaque);
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        welcome(g, wsi);
        return 0;
    case LWS_CALLBACK_HTTP:
        return conn_visit(g, wsi, false);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return conn_of(g, opaque) ? 0 : conn_visit(g, wsi, strcasecmp(in, "websocket") == 0);
    case LWS_CALLBACK_RAW_ADOPT:
    case LWS_CALLBACK_ESTABLISHED:
        return opened(g, wsi, opaque);
    case LWS_CALLBACK_RAW_WRITEABLE:
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return conn_write(opaque);
    case LWS_CALLBACK_WSI_DESTROY:
        forget(g, opaque);
        return 0;
    default:
        return 0;
    }
}

static const struct lws_protocols protocols[] = {
    { .name = GATEWAY_PROTOCOL,
      .callback = callback,
      .rx_buffer_size = RX_BYTES,
      .tx_packet_size = TX_BYTES },
    { .name = NULL },
};

/* ---- the start ------------------------------------------------------------------------ */

/* libwebsockets sizes its tables by the limit of descriptors, so it is set to what is needed. */
static struct err
allow_files(size_t max)
{
    struct rlimit limit;
    rlim_t need = max + GATEWAY_EXTRA + SPARE_FILES;
    bool enough;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return ERR(ERR_INTERNAL, "cannot read the limit of open files");
    enough = limit.rlim_cur >= need;
    limit.rlim_cur = need;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 && !enough)
        return ERR(ERR_INTERNAL, "OFFSTAGE_STREAM_MAX is above the limit of open files");
    return OK;
}

static struct err
make_context(struct gateway *g)
{
    static const lws_retry_bo_t no_validity_checks = { 0 };
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN_SERVER,
        .protocols = protocols,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
        .gid = -1,
        .uid = -1,
        .user = g,
        .max_http_header_data = 0,
        .max_http_header_data2 = HEAD_MAX,
        .timeout_secs = HEAD_S,
        .retry_and_idle_policy = &no_validity_checks,
    };

    gateway_log(true);
    g->context = lws_create_context(&info);
    if (!g->context)
        return ERR(ERR_INTERNAL, "cannot start libwebsockets");
    g->vhost = lws_create_vhost(g->context, &info);
    return g->vhost ? OK : ERR(ERR_INTERNAL, "cannot start libwebsockets");
}

static struct err
watch_stop(struct gateway *g)
{
    lws_adopt_desc_t adopt = { .vh = g->vhost,
                               .type = LWS_ADOPT_RAW_FILE_DESC,
                               .fd.filefd = g->options->stop_fd,
                               .vh_prot_name = GATEWAY_PROTOCOL };

    return lws_adopt_descriptor_vhost_via_info(&adopt)
               ? OK
               : ERR(ERR_INTERNAL, "cannot watch for signals");
}

static struct err
start(struct gateway *g)
{
    const struct gateway_options *options = g->options;
    struct reader_options reader = { .conninfo = options->conninfo,
                                     .role = options->role,
                                     .listen = options->listen,
                                     .expected = options->max,
                                     .wake = wake,
                                     .arg = g };

    hub_init(&g->hub, g->life, options->max, options->buffer);
    credentials_init(&g->credentials, g->life, options->max);
    pool_init(&g->conns, g->life, sizeof(struct conn));
    pool_init(&g->asks, g->life, sizeof(struct ask));
    list_init(&g->waiting);
    list_init(&g->open);
    list_init(&g->held);
    TRY(allow_files(options->max));
    TRY(make_context(g));
    TRY(reader_start(g->life, &reader, &g->reader));
    TRY(watch_stop(g));
    return door_open(g, options->socket);
}

struct err
gateway_run(const struct gateway_options *options)
{
    struct arena *life = arena_new();
    struct gateway *g = ARENA_NEW(life, struct gateway);

    *g = (struct gateway){ .life = life, .scratch = arena_new(), .options = options };
    TRY(start(g));
    log_info("gateway_started", LOG_S("path", options->socket));
    daemon_notify("READY=1");
    gateway_start_watchdog(g);
    while (!is_done(g) && lws_service(g->context, 0) >= 0)
        continue;
    log_info("gateway_stopped", LOG_I("n", (int64_t)g->conns.used));
    /* A database that does not answer holds nobody up: what waits for it goes with the process. */
    if (!reader_stop(g->reader, g->stop_ms - clock_mono_ms()))
        return OK;
    gateway_drop_letters(g);
    lws_context_destroy(g->context);
    door_close(g);
    arena_free(g->scratch);
    arena_free(life);
    return OK;
}
