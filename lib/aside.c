#include "lib/aside.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

#define STEP 10 /* of nice(2): a tenth of the weight of those who stay */
#define LAST 19

struct task {
    void (*work)(void *arg);
    void *arg;
};

/* Linux keeps a priority for each thread; nobody without privileges could raise it again. */
static void *
run(void *arg)
{
    const struct task *task = arg;
    int wanted = getpriority(PRIO_PROCESS, 0) + STEP;

    (void)setpriority(PRIO_PROCESS, 0, wanted < LAST ? wanted : LAST);
    task->work(task->arg);
    return NULL;
}

void
aside_run(void (*work)(void *arg), void *arg)
{
    struct task task = { work, arg };
    sigset_t all, before;
    pthread_t thread;
    bool started;

    /* Signals are for whoever waits here: they end what it does. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(&thread, NULL, run, &task) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        (void)pthread_join(thread, NULL);
    else
        work(arg);
}
