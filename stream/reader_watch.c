/* How the database thread has feeds told of: nobody is notified of what no gateway watches. */
#include "db/db.h"
#include "db/feed.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "stream/reader_private.h"

#define AT_ONCE   256  /* users of one query */
#define GATHER_MS 20   /* between two looks: those who come meanwhile are taken together */
#define AGAIN_MS  50   /* before those whose counter was locked are tried again */
#define ERROR_MS  1000 /* after a failure */
#define RENEW_MS  (FEED_WATCH_S * 1000 / 3)

static bool
has(const struct id *ids, size_t n, struct id id)
{
    for (size_t i = 0; i < n; i++)
        if (id_eq(ids[i], id))
            return true;
    return false;
}

/* Up to AT_ONCE topics of one kind; *tried tells how many. What happened before a feed was watched
   was not told: it is looked at once. */
static struct err
watch_some(struct reader *r, struct follows *follows, size_t *tried)
{
    struct follow *unwatched[AT_ONCE];
    struct id owners[AT_ONCE], *watched;
    size_t n = *tried = follow_unwatched(follows, clock_mono_ms(), unwatched, AT_ONCE), count;

    if (n == 0)
        return OK;
    for (size_t i = 0; i < n; i++)
        owners[i] = unwatched[i]->owner;
    TRY(reader_begin(r, TX_NONE));
    TRY(feed_watch(r->db, r->scratch, owners, n, &watched, &count));
    for (size_t i = 0; i < n; i++) {
        bool done = has(watched, count, owners[i]);

        unwatched[i]->watch_ms = clock_mono_ms() + (done ? RENEW_MS : AGAIN_MS);
        if (done)
            follow_mark(follows, unwatched[i], clock_mono_ns());
    }
    return OK;
}

static struct err
watch_all(struct reader *r, struct follows *follows)
{
    size_t tried = AT_ONCE;

    while (tried == AT_ONCE)
        TRY(watch_some(r, follows, &tried));
    return OK;
}

void
reader_watch_feeds(struct reader *r)
{
    struct err e = watch_all(r, &r->feeds);

    if (!e.code)
        e = watch_all(r, &r->crawls);
    reader_complain("watch_failed", e);
    r->watch_ms = e.code ? clock_mono_ms() + ERROR_MS
                         : follow_next_watch(&r->crawls, follow_next_watch(&r->feeds, INT64_MAX));
    arena_reset(r->scratch);
}

void
reader_watch_soon(struct reader *r)
{
    int64_t soon = clock_mono_ms() + GATHER_MS;

    if (soon < r->watch_ms)
        r->watch_ms = soon;
}
