/*
 * Routes: the table of everything that the app answers. The router, the
 * metrics' labels, `offstage-app --routes` and the tests of access and of
 * openapi.json all read it.
 */
#ifndef APP_ROUTES_H
#define APP_ROUTES_H

#include "app/request.h"
#include "db/auth.h"
#include "db/db.h"
#include "lib/err.h"

#include <stddef.h>
#include <stdio.h>

typedef struct err (*handler_fn)(struct request *rq, struct reply *rp);

enum auth {
    AUTH_NONE,    /* anybody */
    AUTH_VISITOR, /* anybody; who shows a credential is known by it */
    AUTH_USER,    /* a user, by session or key */
    AUTH_ADMIN    /* a user whose role is admin */
};

enum route_flag {
    ROUTE_CREATES = 1,         /* honours Idempotency-Key */
    ROUTE_SHOWS_SECRET = 2,    /* its reply must not be stored in the clear */
    ROUTE_BIG_BODY = 4,        /* up to REQUEST_BIG_BODY_MAX */
    ROUTE_BODY_OPTIONAL = 8,   /* no body means {} */
    ROUTE_SIGNS_IN = 16,       /* sets a cookie: not for other origins */
    ROUTE_ADMIN_SEES_ALL = 32, /* for admins, everybody's rows */
    ROUTE_TAKES_FORM = 64,     /* also multipart/form-data; the handler reads it */
    ROUTE_FILE_BODY = 128,     /* up to REQUEST_FILE_BODY_MAX */
    ROUTE_FOREIGN_ID = 256,    /* {id} may be another server's, no UUID */
    ROUTE_UNDOABLE = 512       /* a write that does nothing but what its transaction undoes */
};

struct route {
    enum method method;
    const char *pattern; /* {id} is a UUID, {name} any segment */
    enum auth auth;
    enum auth_scope scope; /* that a key needs */
    enum tx tx;            /* TX_NONE: the handler's own, by request_next() */
    unsigned flags;        /* of enum route_flag */
    handler_fn handler;
    const char *operation_id, *summary;
    const char *input, *output; /* schemas of openapi.json; NULL for none */
};

extern const struct route routes[];
extern const size_t route_count;

/*
 * The route for rq->path and a method; a HEAD is a GET. Sets rq->route, id and
 * name. ERR_NOT_FOUND; ERR_METHOD, with rq->allow set; ERR_MALFORMED for a broken
 * escape.
 */
struct err route_find(struct request *rq, const char *method) CHECKED;

/* The table as lines of JSON. */
void routes_print(FILE *to);

#endif
