/*
 * Daemon: a master that keeps n child processes alive (prefork).
 *
 * The master holds no state but the children's ids. A child that dies is
 * replaced at once, and with growing delay (up to 5 s) when it dies young.
 * SIGTERM or SIGINT: children get SIGTERM, finish what they hold and exit;
 * what is left after drain_s gets SIGKILL. SIGHUP: children are replaced one
 * at a time by new ones, each of which must run for half a second before its
 * old one is asked to end; when it does not, the old ones stay. Children get
 * SIGTERM when the master dies. systemd is told when all children run
 * (READY=1), of the stop, and that the master lives (WATCHDOG=1).
 */
#ifndef LIB_DAEMON_H
#define LIB_DAEMON_H

#include <stdint.h>
#include <sys/types.h>

struct daemon_options {
    int processes;
    int64_t drain_s;
    /*
     * The child's whole life; its return value is the exit status. `slot` is
     * 0..processes-1. SIGTERM and SIGINT are blocked when it begins, so that
     * daemon_stop_fd() misses neither.
     */
    int (*child)(int slot, void *arg);
    /* In the master, for each child that ended without being asked to, with
     * its status as waitpid(2) tells it. May be NULL. */
    void (*died)(int slot, pid_t pid, int status, void *arg);
    void *arg;
};

/* Run until told to stop. Returns the exit status of the program. */
int daemon_run(const struct daemon_options *options);

/*
 * In any process: a descriptor that becomes readable when SIGTERM or SIGINT
 * came. The signals are blocked in all threads from then on.
 */
int daemon_stop_fd(void);

/* Tell systemd, when it listens (sd_notify(3)): "READY=1", "STOPPING=1", "WATCHDOG=1". */
void daemon_notify(const char *state);

#endif
