#include "app/listen.h"

#include "lib/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_PASSED_FD 3    /* SD_LISTEN_FDS_START */
#define SOCKET_UMASK    0117 /* leaves 0660 */

static bool
make_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* True when systemd has passed a socket to this very process. */
static bool
was_passed(void)
{
    int64_t pid, count;

    return str_int(str_from(getenv("LISTEN_PID")), 1, INT32_MAX, &pid) && pid == getpid() &&
           str_int(str_from(getenv("LISTEN_FDS")), 1, 100, &count);
}

static bool
failed(const char *what, const char *path)
{
    fprintf(stderr, "OFFSTAGE_APP_SOCKET: %s \"%s\": %s\n", what, path, strerror(errno));
    return false;
}

/* A socket that nobody listens at is left from a process that was killed. */
static bool
remove_stale(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), e;

    if (fd < 0)
        return false;
    e = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ? EADDRINUSE : errno;
    (void)close(fd);
    if (e == ENOENT)
        return true;
    if (e == ECONNREFUSED)
        return unlink(address->sun_path) == 0;
    errno = e;
    return false;
}

bool
listen_open(struct listen *l, const char *path, int backlog)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    mode_t before;
    int bound;

    *l = (struct listen){ .fd = FIRST_PASSED_FD };
    if (was_passed())
        return make_nonblocking(l->fd) || failed("cannot use what systemd passed instead of", path);
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return failed("cannot bind", path);
    }
    memcpy(address.sun_path, path, strlen(path));
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0 || !remove_stale(&address))
        return failed("cannot bind", path);
    before = umask(SOCKET_UMASK);
    bound = bind(l->fd, (const struct sockaddr *)&address, sizeof(address));
    (void)umask(before);
    if (bound != 0)
        return failed("cannot bind", path);
    l->path = path;
    return listen(l->fd, backlog) == 0 || failed("cannot listen at", path);
}

void
listen_close(struct listen *l)
{
    if (l->path)
        (void)unlink(l->path);
    (void)close(l->fd);
}
