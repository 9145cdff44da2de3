/*
 * Request and reply: what a handler sees. A handler reads what came, calls
 * db/, writes its reply and returns OK; or returns an error, which the router
 * turns into problem+json after undoing the transaction.
 *
 * Everything lives in the request's arena.
 */
#ifndef APP_REQUEST_H
#define APP_REQUEST_H

#include "app/params.h"
#include "db/auth.h"
#include "db/db.h"
#include "db/page.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/id.h"
#include "lib/json_reader.h"
#include "lib/json_writer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;
struct arena;
struct route;

#define REQUEST_BODY_MAX      ((size_t)1024 * 1024)      /* bytes */
#define REQUEST_BIG_BODY_MAX  ((size_t)10 * 1024 * 1024) /* bytes, of routes that say so */
#define REQUEST_FILE_BODY_MAX ((size_t)32 * 1024 * 1024)
#define REQUEST_PAGE_MAX      100 /* rows of a list */
#define REQUEST_PAGE_USUAL    20
#define REQUEST_ID_MAX        64 /* characters of X-Request-Id */

enum method { METHOD_GET, METHOD_POST, METHOD_PATCH, METHOD_DELETE, METHOD_COUNT };
extern const char *const method_names[METHOD_COUNT];

/* As the client sent it; a header that is absent is NULL. */
struct wire {
    const char *method, *uri; /* uri: path and query, as in the request line */
    const char *content_type, *authorization, *cookie, *origin, *fetch_site, *host, *user_agent;
    const char *idempotency_key, *request_id, *traceparent;
    const char *forwarded_email; /* who a proxy says it is: for those that are trusted */
    const char *address;         /* of the client */
    const char *peer;            /* of whoever spoke to nginx: the client, or a proxy before it */
    bool https;
    /* Read the body, at most `max` bytes, into `arena`: terminated. ERR_TOO_LARGE, ERR_MALFORMED.
     */
    struct err (*read_body)(void *transport, struct arena *a, size_t max, struct buf *out);
    void *transport;
};

struct request {
    struct wire wire;
    struct arena *arena;
    const struct app *app;
    struct db *db;
    const struct route *route; /* NULL when none fits */
    const char *path;          /* without the query, still encoded */
    const char *request_id;
    const char *allow; /* methods of the path, when it lacks the one asked for */
    struct params params;
    struct id id;        /* {id} of the path; unset when it is no UUID */
    const char *id_text; /* the same, decoded, whatever it is */
    const char *name;    /* {name} of the path, decoded */
    struct auth_caller caller;
    bool has_caller;
    enum tx tx;         /* of the transaction that is open */
    bool reply_is_kept; /* under an Idempotency-Key, in the same transaction */
    struct buf body;
    struct json_reader json;
    struct err err;         /* what the reply tells */
    int64_t retry_after_s;  /* for ERR_RATE_LIMITED; 0: a second */
    struct quota_use quota; /* for the reply's headers */
    int64_t began_ns, db_ns;
};

struct reply {
    struct arena *arena;
    int status;
    const char *content_type;
    const char *location; /* NULL for none */
    struct buf headers;   /* lines "Name: value\r\n" beside Status, Content-Type, Location */
    struct buf body;
    struct json_writer json;
    /* of a list */
    int rows_left;
    const char *last_at, *next_cursor;
    struct id last_id;
};

/* ---- reading ------------------------------------------------------------ */

/* The body's members; an empty body reads as {} where the route takes none or an optional one. */
struct json_reader *request_json(struct request *rq);

/*
 * The parameters limit and cursor of a list; the page has room for one row
 * more, see reply_row(). Whatever is wrong is noted in rq->params, and the router
 * refuses the request.
 */
struct page request_page(struct request *rq);

/* Is the member there, and null? */
bool request_is_null(struct json_reader *in, const char *key);
bool request_is_absent(struct json_reader *in, const char *key); /* or null */

/* Note a problem for each of these that is. The list ends with NULL. */
void request_refuse_nulls(struct json_reader *in, const char *const *keys);

/* True for RFC 3339 with an offset or Z and at most microseconds. */
bool request_is_time(const char *text);

/* An optional time of a body, or of the URL; notes a problem when it is none. */
const char *request_opt_time(struct json_reader *in, const char *key);
const char *request_time_param(struct request *rq, const char *name);

/* The W3C trace context that the request came with; NULL when it is none of version 00. */
const char *request_traceparent(const struct request *rq);

/* ---- transactions ------------------------------------------------------- */

/*
 * The router opens and commits a transaction as the route says. A handler that
 * has to wait for the effect of its own writes commits them and goes on in
 * another transaction of the same caller. Refuses unknown parameters first.
 */
struct err request_next(struct request *rq, enum tx mode) CHECKED;

/*
 * What the handler asks next is one query of the caller's own rows, and the last thing that it
 * does: the commit may travel with it. Refuses unknown parameters first.
 */
struct err request_last(struct request *rq) CHECKED;

/* Where the route lets admins see everybody's rows: for the rest of the transaction. */
void request_be_admin(struct request *rq);

/* ---- replying ----------------------------------------------------------- */

/* Forget all that was put into a reply. */
void reply_reset(struct reply *rp);

/* Start a JSON reply: write one value to what is returned. */
struct json_writer *reply_json(struct reply *rp, int status);

/* 201 with a Location made by printf(). */
struct json_writer *reply_created(struct reply *rp, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* 204. */
void reply_empty(struct reply *rp);

/* Add a header. Text of a client's must not be in it. */
void reply_header(struct reply *rp, const char *name, const char *value);

/*
 * A list: between the two, each row is announced by reply_row() and then
 * written. False when the page is full: the row is the first of the next one,
 * for which request_page() had one more read than was asked for.
 */
struct json_writer *reply_list(struct reply *rp, const struct page *page);
bool reply_row(struct reply *rp, const char *at, struct id id);
void reply_list_end(struct reply *rp);

#endif
