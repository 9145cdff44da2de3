/*
 * Problem: an error as the client sees it, RFC 9457 with the members of
 * older clients: "error" is a sentence under /api, OpenAI's object under /v1.
 */
#ifndef APP_PROBLEM_H
#define APP_PROBLEM_H

#include "lib/err.h"

struct request;
struct reply;

/* Replaces whatever the reply held. */
void problem_reply(struct request *rq, struct reply *rp, struct err e);

#endif
