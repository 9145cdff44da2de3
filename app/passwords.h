/*
 * Passwords: hashing them costs 64 MiB and a third of a second of a core, so few
 * processes do it at once; the rest wait for their turn, or are told to come
 * again.
 */
#ifndef APP_PASSWORDS_H
#define APP_PASSWORDS_H

#include "lib/err.h"

struct request;

/* ERR_RATE_LIMITED when too many hash; ERR_INVALID for a password that is too short or long. */
struct err password_hash(struct request *rq, const char *password, const char **out) CHECKED;

/* ERR_UNAUTHENTICATED when it is wrong. A NULL `stored` costs the same work and is wrong. */
struct err password_check(struct request *rq, const char *stored, const char *password) CHECKED;

/* The caller's own, asked again before a great change. ERR_FORBIDDEN when it is wrong. */
struct err password_confirm(struct request *rq, const char *current) CHECKED;

#endif
