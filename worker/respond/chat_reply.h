/*
 * Chat_reply: the reply of a /chat/completions server as it arrives.
 *
 * Servers differ, and all of this is taken: an event stream with LF or CRLF,
 * comments, a last event that no blank line closed; lines of bare JSON instead
 * of events, or among them; one JSON object although a stream was asked for;
 * `content` as text or as parts; reasoning under three names; calls in pieces,
 * several under one index, with no id; usage in a chunk without choices;
 * finish_reason absent, late, or with the text; errors in mid-stream as object,
 * text or a chunk of their own; anything after [DONE]. Bytes that are not UTF-8,
 * U+0000 and unpaired surrogates are read as U+FFFD.
 *
 * Pure: the same bytes cut anywhere say the same. The functions are those of
 * struct dialect.
 */
#ifndef WORKER_CHAT_REPLY_H
#define WORKER_CHAT_REPLY_H

#include "worker/respond/dialect.h"

#define CHAT_EVENT_MAX ((size_t)1024 * 1024)     /* bytes of one event */
#define CHAT_BODY_MAX  ((size_t)2 * 1024 * 1024) /* bytes of a reply that is no stream */
#define CHAT_CALLS_MAX 128

void *chat_reply_new(struct arena *a, const char *content_type);
struct err chat_reply_hear(void *reply, struct arena *scratch, const char *bytes, size_t len,
                           struct dialect_heard **out, size_t *count) CHECKED;
struct err chat_reply_end(void *reply, struct arena *scratch, struct dialect_heard **out,
                          size_t *count) CHECKED;
const struct dialect_reply *chat_reply_known(const void *reply);

#endif
