/* What happens because time passes: pings, statuses held long enough, checks, the watchdog. */
#include "lib/clock.h"
#include "lib/daemon.h"
#include "lib/str.h"
#include "stream/gateway_private.h"

#define CHECK_MS     20000 /* between two checks of all credentials */
#define TICK_MS      1000
#define TICK_FAST_MS 100 /* while statuses are held, or while it ends */
#define US_PER_MS    1000L

static void
ping_silent(struct gateway *g, int64_t now)
{
    int64_t silent_ms = g->options->ping_s * 1000;

    LIST_EACH(it, after, &g->open)
    {
        struct conn *c = LIST_OF(it, struct conn, link);

        if (now - c->wrote_ms < silent_ms)
            return;
        c->ping = true;
        c->wrote_ms = now;
        list_move(&g->open, &c->link);
        lws_callback_on_writable(c->wsi);
    }
}

static void
let_statuses_go(struct gateway *g, int64_t now)
{
    LIST_EACH(it, after, &g->held)
    {
        struct conn *c = LIST_OF(it, struct conn, link);

        if (now >= c->until_ms)
            conn_let_go(c);
    }
}

static void
tick(lws_sorted_usec_list_t *sul)
{
    struct gateway *g = LIST_OF(sul, struct gateway, tick);
    int64_t now = clock_mono_ms();

    g->ticking = false;
    ping_silent(g, now);
    let_statuses_go(g, now);
    if (now - g->check_ms >= CHECK_MS)
        gateway_check(g);
    if (g->conns.used || g->stopping)
        gateway_start_clock(g);
}

void
gateway_start_clock(struct gateway *g)
{
    bool fast = g->stopping || !list_is_empty(&g->held);

    if (g->ticking && !fast)
        return;
    g->ticking = true;
    lws_sul_schedule(g->context, 0, &g->tick, tick, (fast ? TICK_FAST_MS : TICK_MS) * US_PER_MS);
}

static void
feed_watchdog(lws_sorted_usec_list_t *sul)
{
    struct gateway *g = LIST_OF(sul, struct gateway, watchdog);

    daemon_notify("WATCHDOG=1");
    lws_sul_schedule(g->context, 0, &g->watchdog, feed_watchdog, g->watchdog_us);
}

void
gateway_start_watchdog(struct gateway *g)
{
    int64_t us;

    if (!str_int(str_from(getenv("WATCHDOG_USEC")), 2, INT64_MAX, &us))
        return;
    g->watchdog_us = us / 2;
    feed_watchdog(&g->watchdog);
}
