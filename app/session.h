/* Session: the cookie by which a browser is known. Its reader is app/credentials.h. */
#ifndef APP_SESSION_H
#define APP_SESSION_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdint.h>

struct reply;
struct request;

/* In a writing transaction of that user: a new session, and the cookie in the reply. */
struct err session_start(struct request *rq, struct reply *rp, struct id user_id) CHECKED;

/* Who signs in ends the session that the browser shows. In a writing transaction. */
struct err session_end_shown(struct request *rq) CHECKED;

/* The cookie of a session; a maximal age of 0 takes it away. */
void session_cookie(struct request *rq, struct reply *rp, const char *token, int64_t max_age_s);

#endif
