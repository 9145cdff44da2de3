/* Proxy: callers whom a trusted reverse proxy names. */
#ifndef APP_PROXY_H
#define APP_PROXY_H

#include "lib/err.h"

struct request;

/*
 * The proxy lets somebody in who has no account here yet: make one, without a
 * password, in a transaction of its own. ERR_FORBIDDEN where registration is
 * closed; ERR_UNAUTHENTICATED when there is one that is disabled.
 */
struct err proxy_make_account(struct request *rq, const char *email) CHECKED;

#endif
