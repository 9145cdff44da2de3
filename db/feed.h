/*
 * Feed: what happens to a user's things, in order, for /api/events. `seq`
 * counts per user without gaps; a reader that names the last one it has gets
 * what followed. Entries are kept for FEED_KEEP_H hours.
 */
#ifndef DB_FEED_H
#define DB_FEED_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define FEED_KEEP_H  72
#define FEED_WATCH_S 300

struct feed_event {
    struct id user_id;
    int64_t seq;
    const char *type, *data; /* request, chat, job, crawl-progress; JSON object */
};

/*
 * Add an entry, and notify if the feed is watched. Queued. Call it last in a
 * transaction: the user's counter stays locked until its end.
 */
struct err feed_add(struct db *db, struct id user_id, const char *type, const char *data) CHECKED;

/*
 * These users' feeds are watched for FEED_WATCH_S seconds from now. Gives those
 * of them of whom that is true now; the others (whose counter is locked just
 * now, or who are gone) are to be asked for again. What was added to a feed
 * before was not notified: read it after this.
 */
struct err feed_watch(struct db *db, struct arena *a, const struct id *users, size_t n,
                      struct id **watched, size_t *count) CHECKED;

struct feed_cursor {
    struct id user_id;
    int64_t after; /* -1: nothing, start with what comes */
};

/*
 * Entries after each cursor, in order, grouped by user, at most `each` a user.
 * A cursor of -1 gives none; take feed_last() for it first.
 */
struct err feed_read(struct db *db, struct arena *a, const struct feed_cursor *cursors, size_t n,
                     int each, struct feed_event **out, size_t *count) CHECKED;

/*
 * The newest seq of a user, 0 when there is none, and the oldest that is still
 * kept (newest + 1 when none is): a reader further behind has to load anew.
 */
struct err feed_last(struct db *db, struct arena *a, struct id user_id, int64_t *newest,
                     int64_t *oldest) CHECKED;

/* Remove old entries, at most `most`; *removed tells how many. */
struct err feed_sweep(struct db *db, struct arena *a, int64_t most, int64_t *removed) CHECKED;

#endif
