#include "lib/clock.h"
#include "lib/daemon.h"
#include "tests/harness/harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_MS 20000 /* for what must happen; a slow machine only makes the test slower */

/* What a child tells the test, in one write() each. */
struct report {
    enum { STARTED, STOPPED, DIED } what;
    int slot;
    pid_t pid;
    int status; /* of the one that DIED, as waitpid() tells it */
    int64_t at_ms;
};

/* A master in a process of its own, whose children report through a pipe. */
struct family {
    struct daemon_options options;
    int read_fd, write_fd;
    pid_t master;
    int starts_fd; /* a pipe that holds one byte for each start that is to last */
};

static void
report(const struct family *f, struct report r)
{
    r.at_ms = clock_mono_ms();
    if (write(f->write_fd, &r, sizeof(r)) != sizeof(r))
        abort();
}

static void
wait_readable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };

    while (poll(&p, 1, -1) < 0 && errno == EINTR)
        ;
}

static void
died(int slot, pid_t pid, int status, void *arg)
{
    report(arg, (struct report){ .what = DIED, .slot = slot, .pid = pid, .status = status });
}

/* Works until it is told to stop. */
static int
obedient(int slot, void *arg)
{
    int stop = daemon_stop_fd();

    report(arg, (struct report){ .what = STARTED, .slot = slot, .pid = getpid() });
    wait_readable(stop);
    report(arg, (struct report){ .what = STOPPED, .slot = slot, .pid = getpid() });
    return 0;
}

/* Never reads its signals. */
static int
stubborn(int slot, void *arg)
{
    (void)daemon_stop_fd();
    report(arg, (struct report){ .what = STARTED, .slot = slot, .pid = getpid() });
    for (;;)
        (void)pause();
    return 0;
}

static int
short_lived(int slot, void *arg)
{
    report(arg, (struct report){ .what = STARTED, .slot = slot, .pid = getpid() });
    return 3;
}

/* Like obedient(), while there are bytes to take; ends at once when there are none. */
static int
obedient_while_starts_last(int slot, void *arg)
{
    const struct family *f = arg;
    char byte;

    return read(f->starts_fd, &byte, 1) == 1 ? obedient(slot, arg) : short_lived(slot, arg);
}

static struct family *
family_new(struct arena *a, int processes, int64_t drain_s, int (*child)(int slot, void *arg))
{
    struct family *f = ARENA_NEW(a, struct family);
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    f->read_fd = ends[0];
    f->write_fd = ends[1];
    f->options = (struct daemon_options){
        .processes = processes,
        .drain_s = drain_s,
        .child = child,
        .died = died,
        .arg = f,
    };
    return f;
}

static struct family *
start(struct family *f)
{
    (void)fflush(NULL);
    f->master = fork();
    assert_true(f->master >= 0);
    if (f->master == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that failed leaves nothing behind */
        exit(daemon_run(&f->options));
    }
    return f;
}

static struct report
next_report(const struct family *f)
{
    struct pollfd p = { .fd = f->read_fd, .events = POLLIN };
    struct report r;

    assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
    assert_int_equal(read(f->read_fd, &r, sizeof(r)), sizeof(r));
    return r;
}

/* The next report, which must be of this kind. */
static struct report
expect(const struct family *f, int what)
{
    struct report r = next_report(f);

    assert_int_equal(r.what, what);
    return r;
}

static void
tell(const struct family *f, int signal)
{
    assert_int_equal(kill(f->master, signal), 0);
}

/* The master has ended by itself, with status 0, and no child is left. */
static void
expect_end(const struct family *f)
{
    struct report r;
    int status;

    assert_int_equal(waitpid(f->master, &status, 0), f->master);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    (void)close(f->write_fd);
    assert_int_equal(read(f->read_fd, &r, sizeof(r)), 0); /* every writer is gone */
    (void)close(f->read_fd);
}

static void
each_child_has_a_slot_of_its_own(void **state)
{
    struct family *f = start(family_new(*state, 3, 10, obedient));
    int seen[3] = { 0 };

    for (int i = 0; i < 3; i++)
        seen[expect(f, STARTED).slot]++;
    for (int i = 0; i < 3; i++)
        assert_int_equal(seen[i], 1);

    tell(f, SIGTERM);
    for (int i = 0; i < 3; i++)
        (void)expect(f, STOPPED);
    expect_end(f);
}

static void
a_child_that_is_killed_is_replaced_at_once(void **state)
{
    struct family *f = start(family_new(*state, 1, 10, obedient));
    struct report first = expect(f, STARTED), death, second;

    assert_int_equal(kill(first.pid, SIGKILL), 0);
    death = expect(f, DIED);
    second = expect(f, STARTED);

    assert_int_equal(death.pid, first.pid);
    assert_int_equal(WTERMSIG(death.status), SIGKILL);
    assert_int_equal(second.slot, 0);
    assert_in_range(second.at_ms - death.at_ms, 0, 1000);

    tell(f, SIGINT);
    (void)expect(f, STOPPED);
    expect_end(f);
}

static void
children_that_die_young_are_replaced_ever_more_slowly(void **state)
{
    static const int64_t waits_ms[] = { 0, 100, 200, 400, 800 };
    struct family *f = start(family_new(*state, 1, 10, short_lived));

    (void)expect(f, STARTED);
    for (size_t i = 0; i < TEST_COUNT(waits_ms); i++) {
        struct report death = expect(f, DIED), next = expect(f, STARTED);

        assert_int_equal(WEXITSTATUS(death.status), 3);
        assert_true(next.at_ms - death.at_ms >= waits_ms[i] - 1);
    }

    (void)expect(f, DIED);
    tell(f, SIGTERM);
    expect_end(f);
}

static void
a_child_that_does_not_stop_is_killed_after_the_drain_time(void **state)
{
    struct family *f = start(family_new(*state, 2, 1, stubborn));
    int64_t start_ms;

    (void)expect(f, STARTED);
    (void)expect(f, STARTED);
    start_ms = clock_mono_ms();
    tell(f, SIGTERM);
    expect_end(f);

    assert_true(clock_mono_ms() - start_ms >= 1000);
}

static void
a_hang_up_replaces_the_children_one_at_a_time(void **state)
{
    struct family *f = start(family_new(*state, 2, 10, obedient));
    struct report old[2], new[2] = { 0 }, stop[2] = { 0 };

    for (int i = 0; i < 2; i++) {
        struct report r = expect(f, STARTED);

        old[r.slot] = r;
    }
    tell(f, SIGHUP);
    for (int i = 0; i < 4; i++) {
        struct report r = next_report(f);

        assert_int_not_equal(r.what, DIED);
        *(r.what == STARTED ? &new[r.slot] : &stop[r.slot]) = r;
    }
    for (int slot = 0; slot < 2; slot++) {
        assert_int_not_equal(new[slot].pid, 0);
        assert_int_not_equal(new[slot].pid, old[slot].pid);
        assert_int_equal(stop[slot].pid, old[slot].pid);
        assert_true(stop[slot].at_ms > new[slot].at_ms);
    }
    assert_true(new[1].at_ms > new[0].at_ms);
    assert_true(stop[1].at_ms > stop[0].at_ms);

    tell(f, SIGTERM);
    (void)expect(f, STOPPED);
    (void)expect(f, STOPPED);
    expect_end(f);
}

static void
when_a_new_child_does_not_run_the_old_ones_stay(void **state)
{
    struct family *f;
    struct report first, second, broken;
    int starts[2];

    assert_int_equal(pipe2(starts, O_CLOEXEC | O_NONBLOCK), 0);
    assert_int_equal(write(starts[1], "xx", 2), 2);
    f = family_new(*state, 2, 10, obedient_while_starts_last);
    f->starts_fd = starts[0];
    (void)start(f);
    first = expect(f, STARTED);
    second = expect(f, STARTED);

    tell(f, SIGHUP);
    broken = expect(f, STARTED);
    assert_int_equal(expect(f, DIED).pid, broken.pid);

    tell(f, SIGTERM);
    for (int i = 0; i < 2; i++) {
        struct report stop = expect(f, STOPPED);

        assert_true(stop.pid == first.pid || stop.pid == second.pid);
    }
    expect_end(f);
}

static void
children_stop_when_their_master_dies(void **state)
{
    struct family *f = start(family_new(*state, 2, 10, obedient));
    int status;

    (void)expect(f, STARTED);
    (void)expect(f, STARTED);
    tell(f, SIGKILL);
    assert_int_equal(waitpid(f->master, &status, 0), f->master);

    (void)expect(f, STOPPED);
    (void)expect(f, STOPPED);
    (void)close(f->write_fd);
    (void)close(f->read_fd);
}

/* A socket as systemd's, named in the environment. */
static int
listen_as_systemd(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t size = sizeof(address);
    char name[sizeof(address.sun_path) + 1] = "";
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    /* The kernel chooses a name in the abstract namespace. */
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(sa_family_t)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    memcpy(name, address.sun_path, size - sizeof(sa_family_t));
    name[0] = '@';
    assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
    return fd;
}

static void
expect_message(int fd, const char *message)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    char got[64] = "";

    assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
    assert_true(recv(fd, got, sizeof(got) - 1, 0) > 0);
    assert_string_equal(got, message);
}

static void
systemd_hears_of_start_life_and_stop(void **state)
{
    int fd = listen_as_systemd();
    struct family *f;

    assert_int_equal(setenv("WATCHDOG_USEC", "100000000", 1), 0);
    f = start(family_new(*state, 1, 10, obedient));
    (void)unsetenv("WATCHDOG_USEC");
    (void)expect(f, STARTED);
    expect_message(fd, "WATCHDOG=1");
    expect_message(fd, "READY=1");
    tell(f, SIGTERM);
    expect_message(fd, "STOPPING=1");
    (void)expect(f, STOPPED);
    expect_end(f);

    assert_int_equal(setenv("WATCHDOG_USEC", "20000", 1), 0);
    f = start(family_new(*state, 1, 10, obedient));
    (void)unsetenv("WATCHDOG_USEC");
    for (int i = 0; i < 5; i++)
        expect_message(fd, "WATCHDOG=1");
    tell(f, SIGTERM);
    (void)expect(f, STARTED);
    (void)expect(f, STOPPED);
    expect_end(f);
    (void)close(fd);
    (void)unsetenv("NOTIFY_SOCKET");
}

static void
notifying_nobody_is_no_error(void **state)
{
    (void)state;
    (void)unsetenv("NOTIFY_SOCKET");
    daemon_notify("READY=1");
    assert_int_equal(setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1), 0);
    daemon_notify("READY=1");
    assert_int_equal(setenv("NOTIFY_SOCKET", "vsock:1:2", 1), 0);
    daemon_notify("READY=1");
    (void)unsetenv("NOTIFY_SOCKET");
}

static void
wait_for_a_stop(void *arg)
{
    struct pollfd p = { .fd = daemon_stop_fd(), .events = POLLIN };
    int signal = *(const int *)arg;

    if (poll(&p, 1, 0) != 0)
        exit(1); /* readable too early */
    (void)raise(signal);
    if (poll(&p, 1, 0) != 1)
        exit(2);
}

static void
the_stop_descriptor_tells_of_both_signals_and_nobody_dies(void **state)
{
    static const int signals[] = { SIGTERM, SIGINT };

    for (size_t i = 0; i < TEST_COUNT(signals); i++) {
        int signal = signals[i];
        struct outcome o = harness_run(*state, wait_for_a_stop, &signal);

        assert_int_equal(o.signal, 0);
        assert_int_equal(o.status, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(each_child_has_a_slot_of_its_own),
        UNIT_TEST(a_child_that_is_killed_is_replaced_at_once),
        UNIT_TEST(children_that_die_young_are_replaced_ever_more_slowly),
        UNIT_TEST(a_child_that_does_not_stop_is_killed_after_the_drain_time),
        UNIT_TEST(a_hang_up_replaces_the_children_one_at_a_time),
        UNIT_TEST(when_a_new_child_does_not_run_the_old_ones_stay),
        UNIT_TEST(children_stop_when_their_master_dies),
        UNIT_TEST(systemd_hears_of_start_life_and_stop),
        UNIT_TEST(notifying_nobody_is_no_error),
        UNIT_TEST(the_stop_descriptor_tells_of_both_signals_and_nobody_dies),
    };

    return cmocka_run_group_tests_name("daemon", tests, NULL, NULL);
}
