/* How the database thread follows topics. */
#include "db/crawl.h"
#include "db/db.h"
#include "db/event.h"
#include "db/feed.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "stream/reader_private.h"

#define AT_ONCE   256 /* topics of one query */
#define EACH      100 /* events of one topic in it */
#define GATHER_MS 8   /* between two looks: what comes meanwhile is read together */
#define ERROR_MS  1000
#define GONE_MS   10000 /* between two looks for requests that were deleted */

static void
pass_on(struct reader *r, struct batch *b, struct follow *one, size_t n)
{
    b->noted_ns = one->noted_ns;
    one->after = batch_last(b);
    one->more = n == EACH;
    one->ended = b->ends;
    reader_send(r, &b->letter);
}

static struct err
read_logs(struct reader *r, enum topic_kind kind, struct follow **taken, size_t n)
{
    bool visitors = kind == TOPIC_VISITOR;
    struct follows *follows = visitors ? &r->visitors : &r->requests;
    struct event_cursor cursors[AT_ONCE];
    struct event_row *rows;
    size_t count, end;

    for (size_t i = 0; i < n; i++)
        cursors[i] = (struct event_cursor){ taken[i]->entry.id, taken[i]->after };
    TRY(event_read(r->db, r->scratch, visitors ? EVENT_VIEW_VISITOR : EVENT_VIEW_ALL, cursors, n,
                   EACH, &rows, &count));
    for (size_t i = 0; i < count; i = end) {
        struct id id = rows[i].e.request_id;

        for (end = i + 1; end < count && id_eq(rows[end].e.request_id, id); end++)
            continue;
        pass_on(r, batch_of_events(kind, rows + i, end - i), follow_find(follows, id), end - i);
    }
    return OK;
}

static struct err
read_requests(struct reader *r, struct follow **taken, size_t n)
{
    return read_logs(r, TOPIC_REQUEST, taken, n);
}

static struct err
read_visitors(struct reader *r, struct follow **taken, size_t n)
{
    return read_logs(r, TOPIC_VISITOR, taken, n);
}

static struct err
read_feeds(struct reader *r, struct follow **taken, size_t n)
{
    struct feed_cursor cursors[AT_ONCE];
    struct feed_event *rows;
    size_t count, end;

    for (size_t i = 0; i < n; i++)
        cursors[i] = (struct feed_cursor){ taken[i]->entry.id, taken[i]->after };
    TRY(feed_read(r->db, r->scratch, cursors, n, EACH, &rows, &count));
    for (size_t i = 0; i < count; i = end) {
        struct id id = rows[i].user_id;

        for (end = i + 1; end < count && id_eq(rows[end].user_id, id); end++)
            continue;
        pass_on(r, batch_of_feed(rows + i, end - i), follow_find(&r->feeds, id), end - i);
    }
    return OK;
}

static struct err
end_crawls(struct reader *r, const struct crawl_watch *watched, size_t n)
{
    struct id *gone;
    size_t count;

    TRY(crawl_gone(r->db, r->scratch, watched, n, &gone, &count));
    for (size_t i = 0; i < count; i++) {
        struct follow *one = follow_find(&r->crawls, gone[i]);

        pass_on(r, batch_of_crawl_gone(gone[i], one->about, one->after + 1), one, 1);
    }
    return OK;
}

/* How each stands now; what says nothing new may have been deleted. */
static struct err
read_crawls(struct reader *r, struct follow **taken, size_t n)
{
    struct crawl_watch watched[AT_ONCE];
    struct crawl *rows;
    size_t count;

    for (size_t i = 0; i < n; i++)
        watched[i] = (struct crawl_watch){ taken[i]->entry.id, taken[i]->after };
    TRY(crawl_news(r->db, r->scratch, watched, n, &rows, &count));
    for (size_t i = 0; i < count; i++)
        pass_on(r, batch_of_crawl(&rows[i]), follow_find(&r->crawls, rows[i].id), 1);
    return count < n ? end_crawls(r, watched, n) : OK;
}

/* Read up to AT_ONCE dirty topics of one kind. False when there may be no more, or on an error. */
static bool
read_some(struct reader *r, struct follows *follows,
          struct err (*read)(struct reader *, struct follow **, size_t))
{
    struct follow *taken[AT_ONCE];
    size_t n = follow_take(follows, taken, AT_ONCE);
    struct err e;

    if (n == 0)
        return false;
    e = reader_begin(r, TX_NONE);
    if (!e.code)
        e = read(r, taken, n);
    for (size_t i = 0; e.code && i < n; i++)
        taken[i]->more = true;
    follow_give_back(follows, taken, n);
    reader_post(r);
    reader_complain("read_failed", e);
    if (e.code)
        r->read_ms = clock_mono_ms() + ERROR_MS;
    arena_reset(r->scratch);
    return !e.code && n == AT_ONCE;
}

void
reader_read_news(struct reader *r)
{
    r->read_ms = clock_mono_ms() + GATHER_MS;
    atomic_fetch_add(&r->reads, 1);
    while (read_some(r, &r->requests, read_requests))
        continue;
    while (read_some(r, &r->visitors, read_visitors))
        continue;
    while (read_some(r, &r->feeds, read_feeds))
        continue;
    while (read_some(r, &r->crawls, read_crawls))
        continue;
}

static struct err
find_gone(struct reader *r, struct follows *follows, enum topic_kind kind)
{
    struct id *ids = follow_ids(follows, r->scratch), *gone;
    size_t count;

    if (follows->table.count == 0)
        return OK;
    TRY(reader_begin(r, TX_NONE));
    TRY(request_gone(r->db, r->scratch, ids, follows->table.count, &gone, &count));
    for (size_t i = 0; i < count; i++) {
        struct batch *b = batch_of_end(kind, gone[i]);

        b->noted_ns = clock_mono_ns();
        follow_end(follows, gone[i]);
        reader_send(r, &b->letter);
    }
    return OK;
}

void
reader_end_gone(struct reader *r)
{
    r->gone_ms = clock_mono_ms() + GONE_MS;
    reader_complain("read_failed", find_gone(r, &r->requests, TOPIC_REQUEST));
    reader_complain("read_failed", find_gone(r, &r->visitors, TOPIC_VISITOR));
    reader_post(r);
    arena_reset(r->scratch);
}
