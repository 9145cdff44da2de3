/* What is fetched when: the loop's half of a crawl. */
#include "lib/arena.h"
#include "lib/clock.h"
#include "worker/attempt.h"
#include "worker/crawl/crawl.h"

#include <string.h>

#define LOOK_AGAIN_MS 1000 /* when nothing tells earlier that there is something to do */

/* ---- lists of items ------------------------------------------------------------- */

void
items_add(struct items *list, struct item *it)
{
    it->next = NULL;
    it->prev = list->last;
    if (list->last)
        list->last->next = it;
    else
        list->first = it;
    list->last = it;
    list->count++;
}

void
items_remove(struct items *list, struct item *it)
{
    if (it->prev)
        it->prev->next = it->next;
    else
        list->first = it->next;
    if (it->next)
        it->next->prev = it->prev;
    else
        list->last = it->prev;
    list->count--;
}

static void
free_arena(void *arg)
{
    arena_free(arg);
}

struct item *
crawl_item(struct crawler *c)
{
    struct item *it = c->spare.first;
    struct arena *arena;

    if (it) {
        items_remove(&c->spare, it);
    } else {
        it = ARENA_NEW(c->arena, struct item);
        it->arena = arena_new();
        arena_defer(c->arena, free_arena, it->arena);
    }
    arena = it->arena;
    *it = (struct item){ .arena = arena, .crawl = c };
    return it;
}

void
crawl_item_done(struct crawler *c, struct item *it)
{
    arena_reset(it->arena);
    items_add(&c->spare, it);
}

void
crawl_drop_all(struct crawler *c)
{
    c->over = true;
    for (struct item *it = c->flying.first; it; it = it->next) {
        fetch_cancel(&it->fetch);
        host_drop(it->site->host);
    }
    c->flying = (struct items){ 0 };
}

/* ---- one address --------------------------------------------------------------------- */

/* It is not fetched, for a reason; the thread writes that down. */
static void
refuse(struct crawler *c, struct item *it, const char *reason, const char *detail)
{
    it->reason = reason;
    it->detail = detail;
    it->fetched = false;
    items_remove(&c->window, it);
    items_add(&c->landed, it);
}

static const char *
path_of(struct item *it)
{
    const char *host = strstr(it->url.url, "://") + 3, *slash = strchr(host, '/');

    return slash ? slash : "/";
}

/* max_pages holds even if all that is under way is stored. */
static bool
has_room(const struct crawler *c, const struct item *it)
{
    return (int64_t)c->in_hand < c->run_room && (it->known || (int64_t)c->unknown < c->room);
}

/* Fetch it, refuse it, or leave it where it is: *wait_ms is lowered to when that may change. */
static void
consider(struct crawler *c, struct item *it, int64_t now, int64_t *wait_ms)
{
    struct site *site = it->site;
    int64_t wait;

    if (!site || site->state == SITE_CLOSED) {
        refuse(c, it, site ? site->closed : "too_many", site ? site->detail : NULL);
        return;
    }
    if (site->state != SITE_READY) {
        crawl_ask_robots(c, site, now);
        wait = site->again_ms > now ? site->again_ms - now : LOOK_AGAIN_MS;
    } else if (!robots_allows(site->robots, str_from(path_of(it)))) {
        refuse(c, it, "robots", NULL);
        return;
    } else if (host_is_down(site->host)) {
        refuse(c, it, "host_down", NULL);
        return;
    } else {
        wait = host_wait_ms(site->host, now, site->least_ms);
        if (wait == 0 && has_room(c, it)) {
            items_remove(&c->window, it);
            c->in_hand++;
            c->unknown += !it->known;
            crawl_ask_page(c, it, now);
            return;
        }
    }
    if (wait > 0 && wait < *wait_ms)
        *wait_ms = wait;
}

/* Bytes that were fetched and are not read. */
static size_t
held_bytes(const struct crawler *c)
{
    size_t bytes = 0;

    for (const struct item *it = c->landed.first; it; it = it->next)
        bytes += it->fetch.body.len;
    return bytes;
}

static void
fill(struct crawler *c, int64_t now, int64_t *wait_ms)
{
    struct item *next;

    if (held_bytes(c) >= CRAWL_HELD_BYTES)
        return;
    for (struct item *it = c->window.first; it; it = next) {
        next = it->next;
        if (c->flying.count >= CRAWL_AT_ONCE || c->landed.count >= CRAWL_HELD_MAX)
            return;
        consider(c, it, now, wait_ms);
    }
}

/* ---- turns ------------------------------------------------------------------------------ */

static bool
is_at_work(struct crawler *c)
{
    return c->storing || attempt_is_computing(c->at) || crawl_read_turn(c);
}

/* Nothing is under way, and nothing is left, or nothing that there is room for. */
static bool
is_done(struct crawler *c, bool sitemaps_left)
{
    if (c->flying.count + c->landed.count > 0 || is_at_work(c))
        return false;
    if (c->window.count == 0)
        return !c->more && !c->more_later && !sitemaps_left && c->had_robots;
    if (c->more_later)
        return false;
    for (struct item *it = c->window.first; it; it = it->next)
        if (has_room(c, it))
            return false;
    return true;
}

static void
read_landed(struct crawler *c)
{
    size_t bytes = 0;
    struct turn *t;

    if (c->landed.count == 0 || attempt_is_computing(c->at))
        return;
    t = crawl_free_turn(c);
    if (!t)
        return;
    while (c->landed.first && t->batch.count < CRAWL_BATCH && bytes < CRAWL_BATCH_BYTES) {
        struct item *it = c->landed.first;

        bytes += it->fetch.body.len;
        items_remove(&c->landed, it);
        items_add(&t->batch, it);
    }
    crawl_read_on(c, t);
}

/* What was read; or nothing but a question for more addresses. */
static void
store_read(struct crawler *c)
{
    struct turn *t = crawl_read_turn(c);

    if (c->storing)
        return;
    if (t)
        crawl_store_on(c, t);
    else if (!attempt_is_computing(c->at) && c->more && c->window.count < CRAWL_WINDOW_LOW)
        crawl_store_on(c, crawl_free_turn(c));
}

static void
wake(struct attempt *at)
{
    crawl_go_on(at->state);
}

void
crawl_go_on(struct crawler *c)
{
    int64_t now = clock_mono_ms(), wait_ms = LOOK_AGAIN_MS;
    bool sitemaps_left;

    if (c->over || attempt_is_cancelled(c->at) || attempt_is_returning(c->at))
        return;
    sitemaps_left = c->flying.count < CRAWL_AT_ONCE && crawl_ask_sitemap(c, now);
    fill(c, now, &wait_ms);
    if (c->more_later && now >= c->due_ms) {
        c->more_later = false;
        c->more = true;
    }
    if (is_done(c, sitemaps_left)) {
        c->finish = true;
        c->close_reason = c->window.count > 0 ? "max_pages" : NULL;
        crawl_store_on(c, crawl_free_turn(c));
        return;
    }
    read_landed(c);
    store_read(c);
    if (!is_at_work(c) && c->more_later && c->due_ms - now < wait_ms)
        wait_ms = c->due_ms > now ? c->due_ms - now : 1;
    attempt_wait(c->at, wait_ms, wake);
}
