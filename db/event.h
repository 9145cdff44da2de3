/*
 * Event: the log of a response, in the vocabulary of the OpenAI Responses API's
 * streaming events. One row is one event; `seq` counts from 0 without gaps.
 *
 * Rows are compact: text that the log already holds in deltas is not stored
 * again. event_read() joins it back for the events that repeat it (…done), and
 * takes the whole output of a terminal event from the request. So whoever
 * writes passes `text` with deltas only. db/event_json.h turns what was read
 * into JSON.
 */
#ifndef DB_EVENT_H
#define DB_EVENT_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

/* Stored in response_events.type: never renumber. */
enum event_type {
    EVENT_CREATED = 0, /* data: members of the response that vary, see event_response_members() */
    EVENT_QUEUED = 1,  /* likewise */
    EVENT_IN_PROGRESS = 2, /* likewise; again at each attempt */
    EVENT_COMPLETED = 3,   /* terminal; output, usage and error come from the request */
    EVENT_FAILED = 4,
    EVENT_INCOMPLETE = 5,  /* also ends a cancelled response: its status tells */
    EVENT_ITEM_ADDED = 10, /* data: the item, any type */
    EVENT_ITEM_DONE = 11,
    EVENT_MESSAGE_ADDED = 20,
    EVENT_TEXT_PART_ADDED = 21,
    EVENT_TEXT_DELTA = 22,       /* text */
    EVENT_ANNOTATION_ADDED = 23, /* data: members "annotation_index":n,"annotation":{…} */
    EVENT_TEXT_DONE = 24,
    EVENT_TEXT_PART_DONE = 25, /* data: array of annotations, NULL for none */
    EVENT_MESSAGE_DONE = 26,   /* likewise */
    EVENT_MESSAGE_CLOSED = 27, /* likewise: done, but incomplete: cut, cancelled or restarted */
    EVENT_REASONING_ADDED = 30,
    EVENT_REASONING_PART_ADDED = 31,
    EVENT_REASONING_DELTA = 32, /* text */
    EVENT_REASONING_TEXT_DONE = 33,
    EVENT_REASONING_PART_DONE = 34,
    EVENT_REASONING_DONE = 35,
    EVENT_REASONING_CLOSED = 36,
    EVENT_CALL_DELTA = 40, /* function_call_arguments.delta: text */
    EVENT_CALL_DONE = 41   /* data: members "name":…,"arguments":… */
};

bool event_is_terminal(enum event_type type);

struct event {
    struct id request_id, user_id;
    int64_t seq;
    int attempt;
    enum event_type type;
    int item;         /* output_index */
    const char *text; /* NULL for none */
    const char *data; /* NULL for none */
};

/* An event as it is shown: with the texts and results that the log leaves out. */
struct event_row {
    struct event e;
    const char *status, *output, *usage,
        *error; /* of a terminal event: JSON but status; may be NULL */
    const char *finish_reason;
    int64_t created_s; /* Unix seconds of the request, for terminal events */
    const char *model;
};

/*
 * Append events, one statement whatever the number, and queue the
 * notification of their requests' watchers. The worker calls job_fence()
 * first. Queued. At most EVENT_ADD_MAX at once.
 */
#define EVENT_ADD_MAX 20000
struct err event_add(struct db *db, struct arena *a, const struct event *events, size_t n) CHECKED;

/* Visitors are shown what is said to them, but neither reasoning nor what is called and returned.
 */
enum event_view { EVENT_VIEW_ALL, EVENT_VIEW_VISITOR };

/* What one watcher has. */
struct event_cursor {
    struct id request_id;
    int64_t after; /* the last sequence number it has; -1 for none */
};

/*
 * The events after each cursor, in order, grouped by request, at most `each`
 * per request. With one cursor (a watcher that joins): when the request has
 * ended and its log has been dropped by age, its replay is made from the
 * result: response.created and the terminal event.
 */
struct err event_read(struct db *db, struct arena *a, enum event_view view,
                      const struct event_cursor *cursors, size_t n, int each,
                      struct event_row **out, size_t *count) CHECKED;

/* The highest sequence number of a request; -1 when it has none. */
struct err event_last(struct db *db, struct arena *a, struct id request_id, int64_t *out) CHECKED;

/* Make the partitions to come and drop those older than keep_days. */
struct err event_sweep(struct db *db, struct arena *a, int64_t keep_days) CHECKED;

#endif
