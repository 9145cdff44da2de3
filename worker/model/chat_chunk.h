/*
 * Chat_chunk: what a server of /chat/completions answers, in chunks or whole, in
 * the dialects that servers speak: `content` as text or as parts; reasoning under
 * three names; calls in pieces, several under one index, with no id; usage in a
 * chunk without choices; finish_reason absent, late, or with the text.
 *
 * Pure; what it cannot read it passes over. See worker/model/reply.h.
 */
#ifndef WORKER_CHAT_CHUNK_H
#define WORKER_CHAT_CHUNK_H

#include <stddef.h>

#define CHAT_EVENT_MAX ((size_t)1024 * 1024) /* bytes of one event */

struct arena;

/* For struct dialect; the listener is one of worker/model/reply.h. */
void *chat_chunk_listen(struct arena *a, const char *content_type);

#endif
