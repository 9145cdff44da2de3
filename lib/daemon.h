/*
 * Daemon: a master that keeps n child processes alive (prefork).
 *
 * The master holds no state but the children's ids. A child that dies is
 * replaced at once, and with growing delay (up to 5 s) when it dies young.
 * SIGTERM or SIGINT: children get SIGTERM, finish what they hold and exit;
 * what is left after drain_s gets SIGKILL. SIGHUP: children are replaced one
 * at a time by new ones, each of which must run before the next old one is
 * asked to end. Children end when the master dies.
 */
#ifndef LIB_DAEMON_H
#define LIB_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

struct daemon_options {
    int processes;
    int64_t drain_s;
    /* The child's whole life; its return value is the exit status. `slot` is 0..processes-1. */
    int (*child)(int slot, void *arg);
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
