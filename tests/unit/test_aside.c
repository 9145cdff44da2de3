#include "lib/aside.h"
#include "tests/harness/harness.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

struct seen {
    int nice;
    sigset_t blocked;
};

static void
look(void *arg)
{
    struct seen *s = arg;

    s->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    (void)pthread_sigmask(SIG_SETMASK, NULL, &s->blocked);
}

static void
work_comes_after_others_and_whoever_asked_keeps_its_place(void **state)
{
    int before = getpriority(PRIO_PROCESS, 0);
    struct seen seen = { .nice = before };

    (void)state;
    aside_run(look, &seen);
    assert_int_equal(seen.nice, before + 10 < 19 ? before + 10 : 19);
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)gettid()), before);
}

static void
signals_are_left_to_whoever_waits(void **state)
{
    struct seen seen;
    sigset_t now;

    (void)state;
    aside_run(look, &seen);
    assert_int_equal(sigismember(&seen.blocked, SIGTERM), 1);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &now);
    assert_int_equal(sigismember(&now, SIGTERM), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(work_comes_after_others_and_whoever_asked_keeps_its_place),
        UNIT_TEST(signals_are_left_to_whoever_waits),
    };

    return cmocka_run_group_tests_name("aside", tests, NULL, NULL);
}
