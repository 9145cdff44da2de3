/*
 * Reply: answers of the gateway as HTTP/1.1 text. Pure. Every connection
 * carries one answer and is closed after it: nginx is the only client, on a
 * local socket, and a stream has no length to end it by.
 */
#ifndef STREAM_REPLY_H
#define STREAM_REPLY_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdint.h>

struct visit;
struct visit_fault;

/* What every answer tells of itself: the X-Request-Id, and how long it took. */
struct reply_mark {
    const char *name;
    int64_t db_ns, all_ns; /* waiting for the database; since the request came */
};

#define REPLY_MAX ((size_t)64 * 1024) /* bytes of an answer, but for the events of a stream */

/* problem+json (RFC 9457), as the app writes it; `fault` says more of an ERR_INVALID. */
void reply_problem(struct buf *out, struct err e, const struct visit_fault *fault,
                   const struct reply_mark *mark);

/* 204: a response that has ended, and its reader has all of it. */
void reply_nothing(struct buf *out, const struct reply_mark *mark);

/* 200 with a body. */
void reply_text(struct buf *out, const char *type, const char *text, const struct reply_mark *mark);

/* nginx lets the app answer a status that was held. */
void reply_pass_on(struct buf *out, const struct visit *v, const struct reply_mark *mark);

/*
 * The head of an event stream, and its first block: how soon to reconnect, and,
 * unless `seq` is negative, where to go on even if no event comes before a cut.
 */
void reply_stream(struct buf *out, int64_t seq, const struct reply_mark *mark);

#endif
