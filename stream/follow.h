/*
 * Follow: the topics of one kind that somebody watches, and how far each has
 * been read. The database thread's; pure. A topic is dirty when it may have
 * events that were not read yet.
 */
#ifndef STREAM_FOLLOW_H
#define STREAM_FOLLOW_H

#include "stream/list.h"
#include "stream/pool.h"
#include "stream/table.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct follow {
    struct table_entry entry;
    struct link link; /* among the clean ones or the dirty ones */
    int64_t after;    /* the last event that was read */
    size_t watchers;
    struct id about;  /* of a crawl: its source */
    struct id owner;  /* of a feed or a crawl: whose feed tells of news */
    int64_t watch_ms; /* when that feed is to be watched (again); monotonic, 0: at once */
    int64_t noted_ns; /* when it became dirty; 0 while clean */
    bool more;        /* there are more events than were read: it stays dirty */
    bool ended;       /* its last event was read: nobody follows it any more */
};

struct follows {
    struct table table;
    struct pool pool;
    struct link clean, dirty;
};

void follow_init(struct follows *f, struct arena *a, size_t expected);

/*
 * One more watcher, who knows all events up to `after`. A topic that is
 * followed already keeps its own place. The topic, whose other members are
 * zero when it is new, is the caller's until it is left.
 */
struct follow *follow_add(struct follows *f, struct id id, int64_t after);

/* One watcher less. No-op for a topic that is not followed (any more). */
void follow_leave(struct follows *f, struct id id);

/* The topic of that id, NULL when it is not followed. */
struct follow *follow_find(const struct follows *f, struct id id);

/* There may be news of those that a payload of NOTIFY names ("" means all), or of all. */
void follow_mark_named(struct follows *f, const char *payload, int64_t now_ns);
void follow_mark_all(struct follows *f, int64_t now_ns);

/* There may be news of one. */
void follow_mark(struct follows *f, struct follow *one, int64_t now_ns);

/* Those whose feed is to be watched by now, at most `max`; returns how many. */
size_t follow_unwatched(struct follows *f, int64_t now_ms, struct follow **out, size_t max);

/* When the next feed is to be watched, or `latest` if that is earlier. */
int64_t follow_next_watch(struct follows *f, int64_t latest);

/* The ids of all, in an array of the arena; their number is that of the table. */
struct id *follow_ids(struct follows *f, struct arena *a);

/* The topic is not there any more: nobody follows it from now on. */
void follow_end(struct follows *f, struct id id);

bool follow_is_dirty(const struct follows *f);

/*
 * Take dirty topics, longest dirty first, at most `max`; returns how many. Who
 * takes them reads their events, sets `after`, `more` and `ended` of each, and
 * gives all of them back before anything else is done with the set.
 */
size_t follow_take(struct follows *f, struct follow **out, size_t max);
void follow_give_back(struct follows *f, struct follow **taken, size_t n);

#endif
