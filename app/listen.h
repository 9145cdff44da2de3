/* Listen: the socket that all processes of the app accept from. */
#ifndef APP_LISTEN_H
#define APP_LISTEN_H

#include <stdbool.h>

struct listen {
    int fd;           /* listening, not blocking */
    const char *path; /* of our own making; NULL when systemd holds it */
};

/*
 * The socket that systemd passes on (sd_listen_fds(3)), which outlives a
 * restart so that no connection is refused; else one made at `path`, for the
 * owner and the group. False after saying why not on stderr.
 */
bool listen_open(struct listen *l, const char *path, int backlog);

/* Remove a socket of our own making. */
void listen_close(struct listen *l);

#endif
