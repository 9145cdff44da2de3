#include "stream/reader.h"

#include "db/db.h"
#include "db/notify.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "stream/reader_private.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STATEMENT_MS    5000
#define RECONNECT_MS    250  /* between two attempts */
#define REFUSED_MS      5000 /* after one at which the database did not fit */
#define RETRY_MS        500  /* before an ask that failed is tried again */
#define POLL_MS         1000 /* while LISTEN works */
#define POLL_FAST_MS    200  /* while it does not */
#define POLL_JITTER_PCT 20   /* so that many gateways do not look all at once */
#define ANSWER_MS       10   /* that answers take before the news get their turn */
#define NEVER           INT64_MAX

void
reader_send(struct reader *r, struct letter *letter)
{
    bundle_add(&r->ready, letter);
}

void
reader_post(struct reader *r)
{
    if (mailbox_put(&r->out, &r->ready))
        r->options.wake(r->options.arg);
}

void
reader_complain(const char *event, struct err e)
{
    if (e.code >= ERR_INTERNAL && e.code != ERR_UNAVAILABLE)
        log_error(event, LOG_S("code", err_name(e.code)), LOG_S("msg", e.msg));
}

/* ---- the connection ------------------------------------------------------- */

static struct err
listen_all(struct reader *r)
{
    TRY(db_listen(r->db, NOTIFY_EVENT));
    TRY(db_listen(r->db, NOTIFY_FEED));
    return db_listen(r->db, NOTIFY_SESSION);
}

/* After LISTEN everything is looked at: what was told before then was not heard. */
static struct err
connect_now(struct reader *r)
{
    struct err e = db_connect(r->db);

    if (!e.code && r->options.listen)
        e = listen_all(r);
    if (e.code) {
        db_disconnect(r->db);
        return e;
    }
    atomic_store(&r->connected, true);
    atomic_store(&r->listening, r->options.listen);
    atomic_fetch_add(&r->connects, 1);
    follow_mark_all(&r->requests, clock_mono_ns());
    follow_mark_all(&r->visitors, clock_mono_ns());
    follow_mark_all(&r->feeds, clock_mono_ns());
    follow_mark_all(&r->crawls, clock_mono_ns());
    r->read_ms = 0;
    atomic_store(&r->revoked, true);
    log_info("database_connected", LOG_I("n", atomic_load(&r->connects)));
    return OK;
}

struct err
reader_begin(struct reader *r, enum tx mode)
{
    if (!db_is_connected(r->db))
        return ERR(ERR_UNAVAILABLE, "not connected to the database");
    return db_begin(r->db, mode, ID_NONE);
}

static void
keep_connected(struct reader *r)
{
    struct err e;

    if (db_is_connected(r->db))
        return;
    if (atomic_exchange(&r->connected, false)) {
        atomic_store(&r->listening, false);
        log_warn("database_lost", LOG_S("msg", "streams stay open and go on when it is back"));
    }
    if (clock_mono_ms() < r->connect_ms)
        return;
    e = connect_now(r);
    reader_complain("database_refused", e);
    r->connect_ms = clock_mono_ms() + (e.code == ERR_INTERNAL ? REFUSED_MS : RECONNECT_MS);
}

/* ---- notifications and polls ---------------------------------------------- */

/* The steps of a crawl stand in its user's feed too, so that they are heard of together. */
static void
hear_of_feeds(struct reader *r, const char *payload)
{
    follow_mark_named(&r->feeds, payload, clock_mono_ns());
    follow_mark_all(&r->crawls, clock_mono_ns());
}

static void
hear_of_events(struct reader *r, const char *payload)
{
    follow_mark_named(&r->requests, payload, clock_mono_ns());
    follow_mark_named(&r->visitors, payload, clock_mono_ns());
}

static void
hear(void *arg, const char *channel, const char *payload)
{
    struct reader *r = arg;

    if (strcmp(channel, NOTIFY_EVENT) == 0)
        hear_of_events(r, payload);
    else if (strcmp(channel, NOTIFY_FEED) == 0)
        hear_of_feeds(r, payload);
    else if (strcmp(channel, NOTIFY_SESSION) == 0 && !atomic_exchange(&r->revoked, true))
        r->options.wake(r->options.arg);
}

static size_t
count_topics(const struct reader *r)
{
    return r->requests.table.count + r->visitors.table.count + r->feeds.table.count +
           r->crawls.table.count;
}

static bool
is_following(const struct reader *r)
{
    return count_topics(r) > 0;
}

/* Whether news of feeds and crawls can be heard of before the next poll. */
static bool
is_told(const struct reader *r)
{
    return atomic_load(&r->listening) && r->feeds.table.count + r->crawls.table.count > 0;
}

static void
poll_all(struct reader *r)
{
    int64_t now = clock_mono_ms();
    int64_t every = atomic_load(&r->listening) ? POLL_MS : POLL_FAST_MS;
    uint32_t jitter = (uint32_t)(every * POLL_JITTER_PCT / 100);

    if (now < r->poll_ms)
        return;
    r->poll_ms = now + every - arc4random_uniform(jitter);
    follow_mark_all(&r->requests, clock_mono_ns());
    follow_mark_all(&r->visitors, clock_mono_ns());
    follow_mark_all(&r->feeds, clock_mono_ns());
    follow_mark_all(&r->crawls, clock_mono_ns());
}

static bool
is_dirty(const struct reader *r)
{
    return follow_is_dirty(&r->requests) || follow_is_dirty(&r->visitors) ||
           follow_is_dirty(&r->feeds) || follow_is_dirty(&r->crawls);
}

static void
look_for_news(struct reader *r)
{
    struct err e;

    if (!db_is_connected(r->db))
        return;
    e = db_notifications(r->db, hear, r);
    if (e.code || !is_following(r))
        return;
    poll_all(r);
    if (is_told(r) && clock_mono_ms() >= r->watch_ms)
        reader_watch_feeds(r);
    if (is_dirty(r) && clock_mono_ms() >= r->read_ms)
        reader_read_news(r);
    if (clock_mono_ms() >= r->gone_ms)
        reader_end_gone(r);
}

/* ---- asks ----------------------------------------------------------------- */

/* The next one; those that failed get their turn when everything else is done. */
static struct ask *
next_ask(struct reader *r)
{
    struct letter *next;

    if (!r->todo)
        r->todo = mailbox_take(&r->in);
    if (!r->todo && r->later && clock_mono_ms() >= r->later_ms) {
        r->todo = r->later;
        r->later = NULL;
    }
    next = r->todo;
    if (next)
        r->todo = next->next;
    return (struct ask *)next;
}

/* A stream that is open waits for the database, where a new one is refused. */
static void
put_off(struct reader *r, struct ask *ask)
{
    ask->letter.next = r->later;
    r->later = &ask->letter;
    r->later_ms = clock_mono_ms() + RETRY_MS;
}

static void
answer_some(struct reader *r)
{
    int64_t until = clock_mono_ms() + ANSWER_MS;
    struct ask *ask;

    while (clock_mono_ms() < until && (ask = next_ask(r))) {
        reader_answer(r, ask);
        if (ask->kind == ASK_MORE && ask->err.code)
            put_off(r, ask);
        else
            reader_send(r, &ask->letter);
    }
    /* The wake-up for what came meanwhile may have been read: never wait beside a full box. */
    if (!r->todo)
        r->todo = mailbox_take(&r->in);
}

/* ---- the loop ------------------------------------------------------------- */

static int64_t
min_ms(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Until when there is nothing to do, unless somebody calls. */
static int64_t
next_ms(const struct reader *r)
{
    int64_t next = r->later ? r->later_ms : NEVER;

    if (r->todo)
        return 0;
    if (!db_is_connected(r->db))
        return r->connect_ms;
    if (is_following(r))
        next = min_ms(next, r->poll_ms);
    if (is_told(r))
        next = min_ms(next, r->watch_ms);
    return is_dirty(r) ? min_ms(next, r->read_ms) : next;
}

static void
wait_for_work(struct reader *r)
{
    struct pollfd fds[] = { { .fd = r->wake_fd, .events = POLLIN },
                            { .fd = db_fd(r->db), .events = POLLIN } };
    int64_t next = next_ms(r);
    int64_t wait = next == NEVER ? -1 : next - clock_mono_ms();
    uint64_t count;

    if (next != NEVER && wait < 0)
        wait = 0;
    if (poll(fds, 2, (int)min_ms(wait, INT32_MAX)) > 0 && fds[0].revents &&
        read(r->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        abort();
}

/* Asks that come too late go back as they are. */
static void
give_back(struct reader *r)
{
    struct letter *lists[] = { r->todo, r->later, mailbox_take(&r->in) };

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct letter *next;

        for (struct letter *letter = lists[i]; letter; letter = next) {
            next = letter->next;
            reader_send(r, letter);
        }
    }
    reader_post(r);
}

static void *
run(void *arg)
{
    struct reader *r = arg;

    while (!atomic_load(&r->stop)) {
        keep_connected(r);
        answer_some(r);
        reader_post(r);
        look_for_news(r);
        atomic_store(&r->topics, (long long)count_topics(r));
        wait_for_work(r);
    }
    db_disconnect(r->db);
    give_back(r);
    return NULL;
}

/* ---- the service thread's side -------------------------------------------- */

struct err
reader_start(struct arena *a, const struct reader_options *options, struct reader **out)
{
    struct reader *r = ARENA_NEW(a, struct reader);
    struct db_options db = { .conninfo = options->conninfo,
                             .role = options->role,
                             .application = "offstage-stream",
                             .statement_timeout_ms = STATEMENT_MS };
    struct err e;

    r->options = *options;
    r->life = arena_new();
    r->scratch = arena_new();
    r->db = db_new(r->life, &db);
    follow_init(&r->requests, r->life, options->expected);
    follow_init(&r->visitors, r->life, options->expected);
    follow_init(&r->feeds, r->life, options->expected);
    follow_init(&r->crawls, r->life, options->expected);
    mailbox_init(&r->in);
    mailbox_init(&r->out);
    r->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r->wake_fd < 0)
        return ERR(ERR_INTERNAL, "cannot make an eventfd");
    e = connect_now(r);
    if (e.code && e.code != ERR_UNAVAILABLE)
        return e;
    if (pthread_create(&r->thread, NULL, run, r) != 0)
        return ERR(ERR_INTERNAL, "cannot start the database thread");
    *out = r;
    return OK;
}

static void
wake_reader(struct reader *r)
{
    const uint64_t one = 1;

    if (write(r->wake_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
        abort();
}

void
reader_ask(struct reader *r, struct ask *ask)
{
    struct bundle bundle = { NULL, NULL };

    ask->letter.kind = LETTER_ASK;
    bundle_add(&bundle, &ask->letter);
    if (mailbox_put(&r->in, &bundle))
        wake_reader(r);
}

struct letter *
reader_take(struct reader *r)
{
    return mailbox_take(&r->out);
}

bool
reader_take_revoked(struct reader *r)
{
    return atomic_exchange(&r->revoked, false);
}

void
reader_figures(struct reader *r, struct reader_figures *out)
{
    *out = (struct reader_figures){ .connected = atomic_load(&r->connected),
                                    .listening = atomic_load(&r->listening),
                                    .connects = atomic_load(&r->connects),
                                    .reads = atomic_load(&r->reads),
                                    .topics = atomic_load(&r->topics) };
}

bool
reader_stop(struct reader *r, int64_t wait_ms)
{
    int64_t until = clock_wall_ms() + wait_ms;
    struct timespec deadline = { .tv_sec = (time_t)(until / 1000),
                                 .tv_nsec = (long)(until % 1000) * 1000000 };

    atomic_store(&r->stop, true);
    wake_reader(r);
    if (pthread_timedjoin_np(r->thread, NULL, &deadline) != 0)
        return false;
    arena_free(r->scratch);
    arena_free(r->life);
    return true;
}
