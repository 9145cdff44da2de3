/*
 * Upstream: what a model server's failures mean, in words for users.
 *
 * Pure. The code of an error says whether another attempt may go well (see
 * worker/model/dialect.h), its message is a whole sentence.
 */
#ifndef WORKER_UPSTREAM_H
#define WORKER_UPSTREAM_H

#include "lib/err.h"
#include "lib/str.h"

#include <stddef.h>

struct arena;
struct http_reply;

#define UPSTREAM_BODY_MAX ((size_t)16 * 1024) /* bytes of a refusal that are looked at */

/* A status other than 2xx. `body` is what came with it, cut at UPSTREAM_BODY_MAX. */
struct err upstream_refused(struct arena *a, int status, const char *body, size_t len) CHECKED;

/* A transfer that did not come to its end; `reply->err` is not OK. */
struct err upstream_broken(struct arena *a, const struct http_reply *reply) CHECKED;

/*
 * The error that a checked JSON object tells of in one of the shapes that servers
 * use, else OK: {"error": text or {message, code, type}}, {"object": "error", ...},
 * {"detail": ...}, {"error_code", "message"}.
 */
struct err upstream_told(struct arena *a, struct str root) CHECKED;

/* The error that a value tells of which is known to be one: a text, or {message, code, type}. */
struct err upstream_error(struct arena *a, struct str error) CHECKED;

/* The stable name of an error for programs: "upstream_rate_limited". */
const char *upstream_error_name(struct err err);

#endif
