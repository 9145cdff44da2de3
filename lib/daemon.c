#include "lib/daemon.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/str.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SETTLE_MS   500   /* a child that lived so long runs */
#define YOUNG_MS    10000 /* one that dies before was ill from the start */
#define BACKOFF_MS  100   /* wait after its first early death; doubles */
#define BACKOFF_MAX 5000  /* milliseconds */
#define NEVER       INT64_MAX

struct process {
    pid_t pid; /* 0: none */
    int64_t since_ms;
    int64_t kill_ms; /* when it is killed; NEVER until it is asked to end */
};

struct slot {
    struct process now;
    struct process old; /* while it is replaced, and until it ended */
    int64_t start_ms;   /* when `now` is started, if there is none */
    int64_t backoff_ms;
};

struct master {
    const struct daemon_options *options;
    struct slot *slots;
    pid_t pid;
    sigset_t signals; /* that the master waits for */
    sigset_t before;
    bool ready, stopping;
    int rolling;   /* the slot that is replaced; `processes` while none is */
    bool settling; /* its new child has been started */
    bool roll_again;
    int64_t watchdog_ms, ping_ms;
};

void
daemon_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    size_t len = path ? strlen(path) : 0;
    int fd;

    if (len < 2 || len >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(to.sun_path, path, len);
    if (path[0] == '@')
        to.sun_path[0] = '\0'; /* the abstract namespace */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
                 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
    (void)close(fd);
}

int
daemon_stop_fd(void)
{
    sigset_t stop;
    int fd;

    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTERM);
    (void)sigaddset(&stop, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &stop, NULL);
    fd = signalfd(-1, &stop, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        abort(); /* no descriptors at the start of a process: nothing else will work either */
    return fd;
}

static _Noreturn void
be_child(struct master *m, int slot)
{
    sigset_t mask = m->before;

    (void)sigaddset(&mask, SIGTERM);
    (void)sigaddset(&mask, SIGINT);
    (void)signal(SIGHUP, SIG_IGN); /* a hang-up of the terminal reaches the whole group */
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != m->pid)
        exit(1); /* the master died before the line above */
    exit(m->options->child(slot, m->options->arg));
}

/* The wait before the next start grows while children die young. */
static void
start_later(struct slot *s, bool young)
{
    if (!young)
        s->backoff_ms = 0;
    s->start_ms = clock_mono_ms() + s->backoff_ms;
    if (young) {
        s->backoff_ms = s->backoff_ms ? s->backoff_ms * 2 : BACKOFF_MS;
        if (s->backoff_ms > BACKOFF_MAX)
            s->backoff_ms = BACKOFF_MAX;
    }
}

static void
start(struct master *m, int slot)
{
    struct slot *s = &m->slots[slot];
    pid_t pid;

    (void)fflush(NULL); /* else what is buffered would be written by both */
    pid = fork();
    if (pid == 0)
        be_child(m, slot);
    if (pid < 0)
        start_later(s, true);
    else
        s->now = (struct process){ .pid = pid, .since_ms = clock_mono_ms(), .kill_ms = NEVER };
}

static void
ask_to_end(const struct master *m, struct process *p)
{
    if (p->pid == 0 || p->kill_ms != NEVER)
        return;
    (void)kill(p->pid, SIGTERM);
    p->kill_ms = clock_mono_ms() + m->options->drain_s * 1000;
}

static void
ended(struct master *m, int slot, struct process *p, int status)
{
    struct slot *s = &m->slots[slot];
    bool asked = p->kill_ms != NEVER, young = clock_mono_ms() - p->since_ms < YOUNG_MS;

    if (!asked && m->options->died)
        m->options->died(slot, p->pid, status, m->options->arg);
    *p = (struct process){ 0 };
    if (p != &s->now || m->stopping)
        return;
    if (m->settling && m->rolling == slot && s->old.pid) {
        /* The new child does not run: the old ones go on. */
        s->now = s->old;
        s->old = (struct process){ 0 };
        m->settling = false;
        m->rolling = m->options->processes;
        return;
    }
    start_later(s, young);
}

static void
reap(struct master *m)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (int i = 0; i < m->options->processes; i++) {
            if (m->slots[i].now.pid == pid)
                ended(m, i, &m->slots[i].now, status);
            else if (m->slots[i].old.pid == pid)
                ended(m, i, &m->slots[i].old, status);
        }
    }
}

static bool
settled(const struct process *p)
{
    return p->pid && clock_mono_ms() - p->since_ms >= SETTLE_MS;
}

/* Ask the old child of the slot to end once the new one runs; start the new one before. */
static bool
roll_slot(struct master *m, struct slot *s)
{
    if (m->settling) {
        if (!settled(&s->now))
            return false;
        ask_to_end(m, &s->old);
        m->settling = false;
        return true;
    }
    if (!s->now.pid)
        return true; /* whatever starts there is new */
    if (s->old.pid)
        return false; /* of the time before; it ends within drain_s */
    s->old = s->now;
    s->now = (struct process){ 0 };
    start(m, m->rolling);
    m->settling = s->now.pid != 0;
    if (!m->settling) {
        s->now = s->old;
        s->old = (struct process){ 0 };
    }
    return !m->settling;
}

/* Go on with replacing the children, if they are being replaced. */
static void
roll(struct master *m)
{
    if (m->rolling == m->options->processes && m->roll_again) {
        m->roll_again = false;
        m->rolling = 0;
    }
    while (m->rolling < m->options->processes && roll_slot(m, &m->slots[m->rolling]))
        m->rolling++;
}

static void
say_ready(struct master *m)
{
    for (int i = 0; i < m->options->processes; i++)
        if (!settled(&m->slots[i].now))
            return;
    m->ready = true;
    daemon_notify("READY=1");
}

static void
stop(struct master *m)
{
    if (m->stopping)
        return;
    m->stopping = true;
    daemon_notify("STOPPING=1");
    for (int i = 0; i < m->options->processes; i++) {
        ask_to_end(m, &m->slots[i].now);
        ask_to_end(m, &m->slots[i].old);
    }
}

static void
kill_overdue(struct process *p)
{
    if (p->pid && p->kill_ms <= clock_mono_ms())
        (void)kill(p->pid, SIGKILL);
}

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When the master has to look at a process again, and not only when it ends. */
static int64_t
process_due(const struct master *m, const struct process *p, int64_t now)
{
    bool waited_for = p->pid && now < p->since_ms + SETTLE_MS && (m->settling || !m->ready);

    if (!p->pid)
        return NEVER;
    /* After a SIGKILL only the death is waited for. */
    return earlier(waited_for ? p->since_ms + SETTLE_MS : NEVER,
                   p->kill_ms > now ? p->kill_ms : NEVER);
}

static int64_t
next_due(const struct master *m)
{
    int64_t due = m->watchdog_ms ? m->ping_ms : NEVER, now = clock_mono_ms();

    for (int i = 0; i < m->options->processes; i++) {
        const struct slot *s = &m->slots[i];

        if (!s->now.pid && !m->stopping)
            due = earlier(due, s->start_ms);
        due = earlier(due, process_due(m, &s->now, now));
        due = earlier(due, process_due(m, &s->old, now));
    }
    return due;
}

/* Sleep until a signal comes or something is due; the signal, or -1. */
static int
wait_for_signal(const struct master *m)
{
    int64_t due = next_due(m), wait_ms = due - clock_mono_ms();
    struct timespec wait;

    if (due == NEVER)
        return sigwaitinfo(&m->signals, NULL);
    if (wait_ms < 0)
        wait_ms = 0;
    wait.tv_sec = wait_ms / 1000;
    wait.tv_nsec = wait_ms % 1000 * 1000000;
    return sigtimedwait(&m->signals, NULL, &wait);
}

/* Everything that is due. True while there are children or will be. */
static bool
tend(struct master *m)
{
    bool alive = false;

    reap(m);
    if (m->watchdog_ms && m->ping_ms <= clock_mono_ms()) {
        daemon_notify("WATCHDOG=1");
        m->ping_ms = clock_mono_ms() + m->watchdog_ms / 2;
    }
    for (int i = 0; i < m->options->processes; i++) {
        struct slot *s = &m->slots[i];

        if (!s->now.pid && !m->stopping && s->start_ms <= clock_mono_ms())
            start(m, i);
        kill_overdue(&s->now);
        kill_overdue(&s->old);
        alive = alive || s->now.pid || s->old.pid;
    }
    if (m->stopping)
        return alive;
    roll(m);
    if (!m->ready)
        say_ready(m);
    return true;
}

static void
begin(struct master *m, struct arena *a, const struct daemon_options *options)
{
    const char *watchdog = getenv("WATCHDOG_USEC");
    int64_t watchdog_us;

    *m = (struct master){ .options = options, .pid = getpid(), .rolling = options->processes };
    m->slots = arena_array(a, (size_t)options->processes, sizeof(*m->slots));
    if (str_int(str_from(watchdog), 2000, INT64_MAX, &watchdog_us))
        m->watchdog_ms = watchdog_us / 1000;
    (void)sigemptyset(&m->signals);
    (void)sigaddset(&m->signals, SIGTERM);
    (void)sigaddset(&m->signals, SIGINT);
    (void)sigaddset(&m->signals, SIGHUP);
    (void)sigaddset(&m->signals, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &m->signals, &m->before);
    (void)signal(SIGCHLD, SIG_DFL); /* an inherited SIG_IGN would hide the deaths */
}

int
daemon_run(const struct daemon_options *options)
{
    struct arena *a = arena_new();
    struct master m;

    begin(&m, a, options);
    while (tend(&m)) {
        int came = wait_for_signal(&m);

        if (came == SIGTERM || came == SIGINT)
            stop(&m);
        else if (came == SIGHUP)
            m.roll_again = true;
    }
    (void)sigprocmask(SIG_SETMASK, &m.before, NULL);
    arena_free(a);
    return 0;
}
