/*
 * Transcript: what one attempt at an answer has said, as the items of a
 * response: messages, reasoning, function calls. It turns what is heard into
 * the events of the log, in the order that the OpenAI SDKs accept, and makes the
 * response's `output` of it in the end.
 *
 * One message or reasoning item is open at a time, and is done when another
 * kind begins. Calls stay open to the end, since their pieces may come mixed.
 * Items of earlier attempts are kept only to be shown when this one says
 * nothing: an answer that was begun anew does not repeat its false start.
 */
#ifndef WORKER_TRANSCRIPT_H
#define WORKER_TRANSCRIPT_H

#include "db/event_json.h"
#include "lib/err.h"
#include "lib/id.h"
#include "lib/str.h"
#include "worker/model/dialect.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct buf;
struct stream;

#define TRANSCRIPT_TEXT_MAX  ((size_t)4 * 1024 * 1024) /* bytes of all texts together */
#define TRANSCRIPT_ITEMS_MAX 200

struct transcript_item;

struct transcript {
    struct arena *arena;
    struct stream *stream;
    struct id request_id;
    int next_item;              /* output index */
    struct event_item *earlier; /* of earlier attempts, all of them done */
    size_t earlier_count;
    struct transcript_item *items; /* of this one */
    size_t count, cap;
    int open;     /* the message or reasoning item that is being written; -1: none */
    size_t bytes; /* of all texts */
};

/* Items are numbered from `next_item` on. `stream` gets the events. */
void transcript_begin(struct transcript *t, struct arena *a, struct stream *stream,
                      struct id request_id, int next_item);

/*
 * Add what was heard. ERR_TOO_LARGE when the texts would pass the limit; what
 * fits has been added then.
 */
struct err transcript_text(struct transcript *t, struct str text) CHECKED;
struct err transcript_reasoning(struct transcript *t, struct str text) CHECKED;
struct err transcript_call(struct transcript *t, int call, const char *call_id,
                           const char *name) CHECKED;
struct err transcript_arguments(struct transcript *t, int call, struct str text) CHECKED;

/* The message that is open is over: what text follows is another one. */
void transcript_message_end(struct transcript *t);

/* What a call came to, as an item of its own; the call is done then. */
struct err transcript_output_of(struct transcript *t, const char *call_id,
                                struct str output) CHECKED;

/*
 * The calls among the items from `first` on that have no result yet; how many. Their
 * output is NULL.
 */
size_t transcript_open_calls(const struct transcript *t, size_t first, struct arena *a,
                             struct dialect_call **out);

/* An annotation of the message that is open; none when there is none. JSON object. */
void transcript_annotate(struct transcript *t, const char *annotation);

/* The end of every open item: done, or closed as incomplete. */
void transcript_end(struct transcript *t, bool complete);

/*
 * The text of all messages. Of an answer that did not come to its end, and has
 * no message in this attempt, that of the last message before.
 */
const char *transcript_content(const struct transcript *t, bool complete);

/*
 * Append the text of the messages among the items from `first` up to `end` of
 * this attempt, as much as `out` may hold. True when some was left out.
 */
bool transcript_said(const struct transcript *t, size_t first, size_t end, struct buf *out);

/* The arguments, and the call_id, of an item that is a call. */
struct str transcript_call_text(const struct transcript *t, size_t item, const char **call_id);

/* JSON array of the items, for request_end. Not cheap for long answers: call it on a thread. */
const char *transcript_output(const struct transcript *t, struct arena *a);

#endif
