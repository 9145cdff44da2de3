/*
 * Assessment: what a user thinks of an answer, as MLflow keeps it on a trace (MLflow 3's
 * REST API). Ours is known again by the message that is named in its metadata, so
 * that it is changed, and not made twice when an answer was lost.
 *
 * Pure.
 */
#ifndef WORKER_ASSESSMENT_H
#define WORKER_ASSESSMENT_H

#include "lib/err.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define ASSESSMENT_BODY_MAX ((size_t)4 * 1024 * 1024) /* bytes of what a server says of a trace */
#define ASSESSMENT_ID_MAX   100
#define ASSESSMENT_CHANGED  "feedback,rationale" /* what a change names */

struct assessment {
    const char *id;       /* NULL: it is new */
    const char *trace_id; /* the server's: "tr-...", trace:/LOCATION/ID */
    const char *message_id, *user_id;
    bool good;
    const char *comment;                 /* NULL for none */
    const char *created_at, *updated_at; /* RFC 3339 */
};

/*
 * The body of POST .../assessments and PATCH .../assessments/ID. In Unity Catalog the
 * body is the assessment itself, and ASSESSMENT_CHANGED stands in the query.
 */
const char *assessment_json(struct arena *a, const struct assessment *as);

/*
 * The id of the message's assessment in what a server says of a trace; NULL when there
 * is none. `text` is changed. ERR_UPSTREAM when it is no trace.
 */
struct err assessment_find(struct arena *a, char *text, size_t len, const char *message_id,
                           const char **id) CHECKED;

#endif
