/*
 * offstage-stream: live events over HTTP, for browsers and programs.
 *
 * Two threads. One serves all connections by a libwebsockets loop that waits for
 * sockets only (gateway.h). db/ on the other hand waits for the server's answers,
 * as the app and the jobs of the worker want it to; so here everything about the
 * database has a thread of its own (reader.h), and the two exchange letters. One
 * such thread is enough: it reads the news of all streams in one query, and costs
 * a fraction of what the sockets do.
 */
#include "lib/config.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "stream/gateway.h"

#include <signal.h>

#define KIB 1024

static const char usage[] =
    "Serves GET /api/requests/{id}/stream and GET /api/events as event streams or\n"
    "WebSockets, and holds GET /api/requests/{id}?wait=N, behind nginx on a local\n"
    "socket. Runs in the foreground; SIGTERM ends it.\n";

int
main(int argc, char **argv)
{
    struct gateway_options options;
    enum log_level level;
    struct err e;

    config_arguments(argc, argv, "offstage-stream", 'S', "the live gateway of Offstage", usage);
    if (!config_load('S'))
        return 2;
    if (!log_level_parse(config_str(SET_LOG_LEVEL), &level)) {
        fprintf(stderr, "OFFSTAGE_LOG_LEVEL: must be debug, info, warn or error\n");
        return 2;
    }
    log_init("offstage-stream", level);
    (void)signal(SIGPIPE, SIG_IGN);
    options = (struct gateway_options){
        .socket = config_str(SET_STREAM_SOCKET),
        .public_url = config_str(SET_PUBLIC_URL),
        .identity_proxies = config_str(SET_IDENTITY_PROXIES),
        .conninfo = config_str(SET_DATABASE_URL),
        .role = *config_str(SET_DATABASE_ROLE) ? config_str(SET_DATABASE_ROLE) : "offstage_stream",
        .listen = config_bool(SET_NOTIFY),
        .max = (size_t)config_int(SET_STREAM_MAX),
        .buffer = (size_t)config_int(SET_STREAM_BUFFER_KIB) * KIB,
        .ping_s = config_int(SET_STREAM_PING_S),
        .drain_s = config_int(SET_DRAIN_S),
        .stop_fd = daemon_stop_fd(),
    };
    e = gateway_run(&options);
    if (!e.code)
        return 0;
    log_error("start_failed", LOG_S("code", err_name(e.code)), LOG_S("msg", e.msg));
    return 1;
}
