#include "app/limits.h"

#include "app/request.h"
#include "lib/arena.h"
#include "lib/clock.h"

#include <inttypes.h>

#define HEADER_MAX ((size_t)1000) /* bytes */
#define MINUTE_S   60
#define DAY_S      INT64_C(86400)

struct headers {
    struct buf policy, left;
};

/* One limit: of `quota` in `window_s`, `left` until it is whole again after `reset_s`. */
static void
add(struct headers *h, const char *holder, const char *what, int64_t quota, int64_t window_s,
    int64_t left, int64_t reset_s)
{
    const char *comma = h->policy.len > 0 ? ", " : "";

    if (quota == 0)
        return;
    buf_printf(&h->policy, "%s\"%s-%s\";q=%" PRId64 ";w=%" PRId64, comma, holder, what, quota,
               window_s);
    buf_printf(&h->left, "%s\"%s-%s\";r=%" PRId64 ";t=%" PRId64, comma, holder, what, left,
               reset_s);
}

static void
add_holder(struct headers *h, const char *holder, const struct quota_left *q)
{
    add(h, holder, "requests", q->limits.requests_per_minute, MINUTE_S, q->requests,
        q->requests_reset_s);
    add(h, holder, "tokens", q->limits.tokens_per_day, DAY_S, q->tokens,
        DAY_S - clock_wall_ms() / 1000 % DAY_S);
}

void
limits_headers(const struct request *rq, struct reply *rp)
{
    const struct quota_limits *user = &rq->quota.user.limits, *key = &rq->quota.key.limits;
    struct headers h;

    if (!(user->requests_per_minute | user->tokens_per_day | key->requests_per_minute |
          key->tokens_per_day))
        return;
    buf_init(&h.policy, rq->arena, HEADER_MAX);
    buf_init(&h.left, rq->arena, HEADER_MAX);
    add_holder(&h, "user", &rq->quota.user);
    add_holder(&h, "key", &rq->quota.key);
    reply_header(rp, "RateLimit-Policy", h.policy.data);
    reply_header(rp, "RateLimit", h.left.data);
}
