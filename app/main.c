/* offstage-app: the HTTP API, as FastCGI processes behind nginx. */
#include "app/app.h"
#include "app/callers.h"
#include "app/fcgi.h"
#include "app/listen.h"
#include "app/routes.h"
#include "app/stats.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/daemon.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/url.h"

#include <malloc.h>
#include <string.h>
#include <sys/wait.h>

#define STATEMENT_TIMEOUT_MS 5000
#define MMAP_THRESHOLD       (256 * 1024) /* bytes; what is larger goes back to the system at once */

static const char usage[] =
    "Serves FastCGI at OFFSTAGE_APP_SOCKET, or at the socket that systemd passes on.\n"
    "SIGHUP replaces the processes one by one; SIGTERM lets them finish.\n"
    "\n"
    "  --routes           print the table of routes, one JSON object a line\n"
    "  --help-config      print the settings\n";

struct master {
    struct app app;
    struct listen listen;
    struct db_options db;
};

static bool
set_log_level(void)
{
    enum log_level level;

    if (!log_level_parse(config_str(SET_LOG_LEVEL), &level)) {
        fprintf(stderr, "OFFSTAGE_LOG_LEVEL: must be debug, info, warn or error\n");
        return false;
    }
    log_init("offstage-app", level);
    return true;
}

static bool
check_registration(void)
{
    static const char *const words[] = { "open", "invitation", "closed" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(config_str(SET_REGISTRATION), words[i]) == 0)
            return true;
    fprintf(stderr, "OFFSTAGE_REGISTRATION: must be open, invitation or closed\n");
    return false;
}

/* The origin of OFFSTAGE_PUBLIC_URL as browsers spell it: without a default port. */
static bool
set_origin(struct app *app, struct arena *life)
{
    struct url url;
    struct err e;

    if (!config_str(SET_PUBLIC_URL)[0])
        return true;
    e = url_parse(life, config_str(SET_PUBLIC_URL), &url);
    if (e.code) {
        fprintf(stderr, "OFFSTAGE_PUBLIC_URL: %s\n", e.msg);
        return false;
    }
    app->own_https = url.https;
    app->own_origin = arena_printf(life, "http%s://%s", url.https ? "s" : "", url.host);
    if (url.port != (url.https ? 443 : 80))
        app->own_origin = arena_printf(life, "%s:%d", app->own_origin, url.port);
    return true;
}

static bool
set_database(struct db_options *db)
{
    const char *role = config_str(SET_DATABASE_ROLE);

    *db = (struct db_options){ .conninfo = config_str(SET_DATABASE_URL),
                               .role = role[0] ? role : "offstage_app",
                               .application = "offstage-app",
                               .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
                               .recent_bytes = (size_t)config_int(SET_SEARCH_MEMORY_MIB) << 20 };
    if (db->conninfo[0])
        return true;
    fprintf(stderr, "OFFSTAGE_DATABASE_URL: is needed\n");
    return false;
}

static int
run_child(int slot, void *arg)
{
    struct master *m = arg;
    struct arena *life = arena_new();
    int status = 1;
    struct err e;

    m->app.slot = slot;
    stats_busy(m->app.stats, slot, false);
    m->app.db = db_new(life, &m->db);
    m->app.callers = callers_new(life);
    /* A query that does not fit the schema stops the start; a server that is away does not. */
    e = db_connect(m->app.db);
    if (e.code)
        log_error("connect_failed", LOG_S("code", err_name(e.code)), LOG_S("msg", e.msg));
    if (!e.code || e.code == ERR_UNAVAILABLE)
        status = fcgi_serve(m->listen.fd, &m->app);
    arena_free(life);
    return status;
}

static void
tell_death(int slot, pid_t pid, int status, void *arg)
{
    (void)slot;
    (void)arg;
    log_error("process_died", LOG_I("worker", pid),
              LOG_I("status", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)));
}

static int
run(struct master *m)
{
    int processes = (int)config_int(SET_APP_PROCESSES);
    struct daemon_options options = { .processes = processes,
                                      .drain_s = config_int(SET_DRAIN_S),
                                      .child = run_child,
                                      .died = tell_death,
                                      .arg = m };
    int status;

    m->app.stats = stats_new(processes);
    if (!m->app.stats || !slots_init(&m->app.slots, processes)) {
        log_error("start_failed", LOG_S("msg", "no shared memory to be had"));
        return 1;
    }
    if (!listen_open(&m->listen, config_str(SET_APP_SOCKET), (int)config_int(SET_APP_BACKLOG)))
        return 1;
    log_info("app_started", LOG_I("n", processes), LOG_S("path", config_str(SET_APP_SOCKET)));
    status = daemon_run(&options);
    listen_close(&m->listen);
    log_info("app_stopped", LOG_I("status", status));
    return status;
}

int
main(int argc, char **argv)
{
    struct arena *life = arena_new();
    struct master m = { 0 };
    int status = 2;
    bool ok;

    if (argc == 2 && strcmp(argv[1], "--routes") == 0) {
        routes_print(stdout);
        arena_free(life);
        return 0;
    }
    config_arguments(argc, argv, "offstage-app", 'A', "the HTTP API, as FastCGI", usage);
    (void)mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
    secret_init();
    /* All mistakes are told at once. */
    ok = config_load('A');
    ok = set_log_level() && ok;
    ok = check_registration() && ok;
    ok = set_origin(&m.app, life) && ok;
    ok = set_database(&m.db) && ok;
    if (ok)
        status = run(&m);
    arena_free(life);
    return status;
}
