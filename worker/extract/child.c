#include "worker/extract/child.h"

#include "lib/arena.h"
#include "lib/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_PROGRAM 127 /* its exit status, as in a shell */

static void
close_file(void *fd)
{
    close((int)(intptr_t)fd);
}

/* A file in memory that goes away with the arena; -1 without one. */
static int
memory_file(struct arena *a, const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd >= 0)
        arena_defer(a, close_file, (void *)(intptr_t)fd); /* NOLINT(performance-no-int-to-ptr) */
    return fd;
}

static bool
write_all(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.p, bytes.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes.p += n;
        bytes.len -= (size_t)n;
    }
    return lseek(fd, 0, SEEK_SET) == 0;
}

/* ---- in the child: only calls that are safe after fork() in a process with threads ----- */

static void
limit(int what, size_t most)
{
    struct rlimit r = { most, most };

    if (setrlimit((__rlimit_resource_t)what, &r) != 0)
        _exit(NO_PROGRAM - 1);
}

static void
become(const struct child *c, int in, int out)
{
    static char *const environment[] = { NULL };
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    if (null < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
        _exit(NO_PROGRAM - 1);
    (void)close_range(3, ~0U, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)unshare(CLONE_NEWUSER | CLONE_NEWNET);
    limit(RLIMIT_CPU, c->cpu_s);
    limit(RLIMIT_AS, c->memory);
    limit(RLIMIT_FSIZE, c->output_max);
    limit(RLIMIT_NOFILE, 32);
    limit(RLIMIT_CORE, 0);
    execve(c->argv[0], (char *const *)(uintptr_t)c->argv, environment);
    _exit(NO_PROGRAM);
}

/* ---- here ---------------------------------------------------------------------------- */

/* Its wait status; false when it had to be killed. */
static bool
wait_for(pid_t pid, int64_t until_ms, int *status)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd p = { .fd = fd, .events = POLLIN };
    int64_t left = until_ms - clock_mono_ms();
    int ready = 0;

    while (fd >= 0 && left > 0) {
        ready = poll(&p, 1, (int)left);
        if (ready >= 0 || errno != EINTR)
            break;
        left = until_ms - clock_mono_ms();
    }
    if (ready <= 0)
        kill(pid, SIGKILL);
    if (fd >= 0)
        close(fd);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        continue;
    return ready > 0;
}

static struct err
judge(bool in_time, int status)
{
    if (!in_time ||
        (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)))
        return ERR(ERR_TIMEOUT, "the document takes too long to read");
    if (WIFEXITED(status) && WEXITSTATUS(status) == NO_PROGRAM)
        return ERR(ERR_INTERNAL, "the program that reads documents of this type is missing");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return ERR(ERR_MALFORMED, "the document is damaged, or protected by a password");
    return OK;
}

static struct err
read_back(struct arena *a, int fd, size_t max, struct str *out)
{
    struct stat info;
    size_t size;
    char *bytes;

    if (fstat(fd, &info) != 0)
        return ERR(ERR_UNAVAILABLE, "could not read back what a child wrote");
    size = (size_t)info.st_size < max ? (size_t)info.st_size : max;
    bytes = arena_alloc(a, size + 1);
    for (size_t done = 0; done < size;) {
        ssize_t n = pread(fd, bytes + done, size - done, (off_t)done);

        if (n <= 0)
            return ERR(ERR_UNAVAILABLE, "could not read back what a child wrote");
        done += (size_t)n;
    }
    *out = (struct str){ bytes, size };
    return OK;
}

struct err
child_run(struct arena *a, const struct child *c, struct str *out)
{
    int in = memory_file(a, "in"), written = memory_file(a, "out"), status = 0;
    int64_t until_ms = clock_mono_ms() + 2000 * (int64_t)c->cpu_s;
    bool in_time;
    pid_t pid;

    if (in < 0 || written < 0 || !write_all(in, c->input))
        return ERR(ERR_UNAVAILABLE, "could not hand a document to a child");
    pid = fork();
    if (pid < 0)
        return ERR(ERR_UNAVAILABLE, "could not start a child");
    if (pid == 0)
        become(c, in, written);
    in_time = wait_for(pid, until_ms, &status);
    TRY(judge(in_time, status));
    return read_back(a, written, c->output_max, out);
}
