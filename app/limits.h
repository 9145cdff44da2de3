/* Limits: what is left of a caller's limits, as headers (draft-ietf-httpapi-ratelimit-headers-10).
 */
#ifndef APP_LIMITS_H
#define APP_LIMITS_H

struct reply;
struct request;

/* RateLimit and RateLimit-Policy, where the request was held against limits. */
void limits_headers(const struct request *rq, struct reply *rp);

#endif
