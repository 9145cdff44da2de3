/*
 * Router: from what came to what goes: finds the route, identifies the caller,
 * opens the transaction, calls the handler, commits, and turns errors into
 * problem+json.
 */
#ifndef APP_ROUTER_H
#define APP_ROUTER_H

struct app;
struct request;
struct reply;

/*
 * Answer. `rq` has its wire, arena and began_ns, all else is zero; `rp` has
 * its arena. Never fails: the reply says what went wrong.
 */
void router_answer(const struct app *app, struct request *rq, struct reply *rp);

/* What can wait until the reply has been sent: the end of a reading transaction, counts, the log.
 */
void router_after(struct request *rq, const struct reply *rp);

#endif
