/* What the files of the database thread, reader*.c, share. */
#ifndef STREAM_READER_PRIVATE_H
#define STREAM_READER_PRIVATE_H

#include "db/db.h"
#include "stream/ask.h"
#include "stream/follow.h"
#include "stream/reader.h"

#include <pthread.h>
#include <stdatomic.h>

struct reader {
    struct reader_options options;
    struct arena *life;    /* of the database thread: arenas are not shared */
    struct arena *scratch; /* emptied after each use */
    struct db *db;
    struct follows requests, visitors, feeds, crawls; /* visitors: requests as they see them */
    int64_t connect_ms;   /* when to try again; monotonic, as all times here */
    int64_t poll_ms;      /* when to look at everything */
    int64_t read_ms;      /* not before this */
    int64_t gone_ms;      /* when to look for requests that were deleted */
    int64_t watch_ms;     /* when to have feeds watched (again) */
    struct letter *todo;  /* asks taken from `in` and not answered yet */
    struct letter *later; /* those of open streams that failed */
    int64_t later_ms;     /* when to try them again */

    pthread_t thread;
    int wake_fd;
    struct mailbox in, out;
    struct bundle ready; /* to be put into `out` */
    atomic_bool stop, revoked, connected, listening;
    atomic_llong connects, reads, topics;
};

/*
 * Begin to use the connection, if there is one. Only reader.c makes it, since
 * there is more to that than db_begin() knows of.
 */
struct err reader_begin(struct reader *r, enum tx mode) CHECKED;

/* Answer one ask, but for its way back. */
void reader_answer(struct reader *r, struct ask *ask);

/* Read what is dirty and pass it on. */
void reader_read_news(struct reader *r);

/*
 * End the topics whose requests were deleted. Nothing is written to their logs
 * any more, not even an end.
 */
void reader_end_gone(struct reader *r);

/*
 * Have the feeds that are followed, or tell of a crawl that is, notified: the
 * new ones, and those whose time is nearly over. Soon: when one has joined.
 */
void reader_watch_feeds(struct reader *r);
void reader_watch_soon(struct reader *r);

/*
 * To the service thread, with the next reader_post(). Letters go in bundles: to
 * be woken costs the service thread the more, the more connections it has.
 */
void reader_send(struct reader *r, struct letter *letter);
void reader_post(struct reader *r);

/* Log an error that is not the database's absence, which is logged once by reader.c. */
void reader_complain(const char *event, struct err e);

#endif
