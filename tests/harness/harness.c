#include "tests/harness/harness.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int
harness_setup(void **state)
{
    *state = arena_new();
    return 0;
}

int
harness_teardown(void **state)
{
    arena_free(*state);
    return 0;
}

void
harness_expect(enum err_code code, struct err got, const char *call, const char *file, int line)
{
    if (got.code == code)
        return;
    print_error("%s: %s (%s), not %s\n", call, err_name(got.code), got.msg ? got.msg : "",
                err_name(code));
    _fail(file, line);
}

void
harness_contains(const char *text, const char *part, const char *file, int line)
{
    if (text && strstr(text, part))
        return;
    print_error("\"%s\" is not in \"%s\"\n", part, text ? text : "(null)");
    _fail(file, line);
}

static int
sink(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static const char *
drain(struct arena *a, int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text;

    assert_true(size >= 0);
    text = arena_alloc(a, (size_t)size + 1);
    assert_int_equal(pread(fd, text, (size_t)size, 0), size);
    (void)close(fd);
    return text;
}

struct outcome
harness_run(struct arena *a, void (*fn)(void *arg), void *arg)
{
    int out = sink("stdout"), err = sink("stderr"), status;
    struct outcome o = { .status = -1 };
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(out, STDOUT_FILENO);
        (void)dup2(err, STDERR_FILENO);
        fn(arg);
        exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status))
        o.status = WEXITSTATUS(status);
    else
        o.signal = WTERMSIG(status);
    o.out = drain(a, out);
    o.err = drain(a, err);
    return o;
}
