/* Sites: robots.txt and sitemaps, before pages are asked for. */
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/url.h"
#include "worker/attempt.h"
#include "worker/crawl/crawl.h"

#include <string.h>

#define SITEMAP_WIRE_MAX ((int64_t)10 * 1024 * 1024)
#define SITEMAP_BODY_MAX ((int64_t)50 * 1024 * 1024)

/* ---- sites ------------------------------------------------------------------------ */

struct site *
crawl_site(struct crawler *c, const struct weburl *url)
{
    struct weburl origin = { .https = url->https,
                             .username = "",
                             .password = "",
                             .host = url->host,
                             .port = url->port,
                             .path = "" };
    struct arena *scratch = c->at->services->scratch;
    const char *name = weburl_text(scratch, &origin);
    struct site *site;

    for (size_t i = 0; i < c->site_count; i++)
        if (strcmp(c->sites[i].origin, name) == 0)
            return &c->sites[i];
    if (c->site_count == CRAWL_SITES)
        return NULL;
    site = &c->sites[c->site_count++];
    *site = (struct site){ .origin = arena_strdup(c->arena, name) };
    site->host = hosts_get(
        c->at->services->hosts, arena_printf(c->arena, "%s:%d", url->host, weburl_port(url)),
        url_allowed_host(config_str(SET_ALLOW_PRIVATE), url->host, weburl_port(url)));
    site->least_ms = c->task.settings.delay_ms > 0 ? c->task.settings.delay_ms : 0;
    return site;
}

/* ---- robots.txt ------------------------------------------------------------------------ */

static void
landed(struct fetch *f)
{
    struct item *it = f->arg;
    struct crawler *c = it->crawl;
    int64_t now = clock_mono_ms();
    bool failed = f->status == 0 || f->status >= 500 || f->status == 429;

    items_remove(&c->flying, it);
    if (it->kind == ITEM_PAGE)
        c->pages_flying--;
    host_end(it->site->host, now, f->took_ms, failed, f->retry_after_ms);
    it->fetched = true;
    if (it->kind == ITEM_ROBOTS)
        crawl_had_robots(c, it);
    else
        items_add(&c->landed, it);
    crawl_go_on(c);
}

static void
ask(struct crawler *c, struct item *it, const char *url, int64_t now_ms, int64_t wire_max,
    int64_t body_max)
{
    it->fetch = (struct fetch){ .arena = it->arena,
                                .url = arena_strdup(it->arena, url),
                                .etag = it->etag,
                                .last_modified = it->last_modified,
                                .body_max = body_max,
                                .wire_max = wire_max,
                                .cut = it->kind == ITEM_ROBOTS,
                                .done = landed,
                                .arg = it };
    host_begin(it->site->host, now_ms, it->site->least_ms);
    items_add(&c->flying, it);
    fetch_start(c->at->services->http, &it->fetch);
}

static void
ask_for(struct crawler *c, struct site *site, const char *url, int64_t now_ms)
{
    struct item *it = crawl_item(c);

    it->kind = ITEM_ROBOTS;
    it->site = site;
    site->state = SITE_ASKED;
    ask(c, it, url, now_ms, 0, (int64_t)ROBOTS_MAX);
}

void
crawl_ask_robots(struct crawler *c, struct site *site, int64_t now_ms)
{
    if (site->state == SITE_NEW && now_ms >= site->again_ms &&
        host_wait_ms(site->host, now_ms, site->least_ms) == 0)
        ask_for(c, site, arena_printf(c->arena, "%s/robots.txt", site->origin), now_ms);
}

static void
open_site(struct crawler *c, struct site *site, struct str text)
{
    const struct str *sitemaps;
    int64_t delay;
    size_t n;

    site->robots = robots_parse(c->arena, text, FETCH_PRODUCT);
    site->state = SITE_READY;
    delay = robots_delay_ms(site->robots);
    if (delay > site->least_ms)
        site->least_ms = delay;
    n = robots_sitemaps(site->robots, &sitemaps);
    for (size_t i = 0; i < n; i++)
        crawl_add_sitemap(c, str_dup(c->arena, sitemaps[i]), 0);
    if (n == 0)
        crawl_add_sitemap(c, arena_printf(c->arena, "%s/sitemap.xml", site->origin), 0);
    c->had_robots = true;
}

static void
close_site(struct crawler *c, struct site *site, const char *reason, const char *detail)
{
    site->state = SITE_CLOSED;
    site->closed = reason;
    site->detail = detail ? arena_strdup(c->arena, detail) : NULL;
    c->had_robots = true;
}

/* RFC 9309, 2.3.1: without an answer of the site's own nothing may be fetched. */
static void
no_robots(struct crawler *c, struct site *site, const struct fetch *f)
{
    const char *detail =
        f->err.code ? f->err.msg : arena_printf(c->arena, "robots.txt: HTTP %d", f->status);
    int64_t delay = CRAWL_RETRY_MS << site->tries;

    if (f->err.code == ERR_FORBIDDEN) {
        close_site(c, site, "private_address", f->err.msg);
    } else if (f->err.code == ERR_INVALID || ++site->tries > CRAWL_TRIES) {
        close_site(c, site, "robots_unreachable", detail);
    } else {
        site->state = SITE_NEW;
        site->again_ms = clock_mono_ms() + (f->retry_after_ms > delay ? f->retry_after_ms : delay);
    }
}

void
crawl_had_robots(struct crawler *c, struct item *it)
{
    const struct fetch *f = &it->fetch;
    struct site *site = it->site;
    struct weburl base, to;

    if (!f->err.code && f->status / 100 == 3 && f->location && site->hops++ < CRAWL_HOPS &&
        !weburl_parse(it->arena, str_from(f->url), NULL, &base).code &&
        !weburl_parse(it->arena, str_from(f->location), &base, &to).code) {
        ask_for(c, site, weburl_text(c->arena, &to), clock_mono_ms());
    } else if (!f->err.code && f->status / 100 == 2) {
        open_site(c, site, (struct str){ f->body.data, f->body.len });
    } else if (!f->err.code && f->status < 500 && f->status != 429) {
        open_site(c, site, (struct str){ "", 0 });
    } else {
        no_robots(c, site, f);
    }
    crawl_item_done(c, it);
}

/* ---- sitemaps ------------------------------------------------------------------------------ */

void
crawl_add_sitemap(struct crawler *c, const char *url, int nesting)
{
    if (!c->task.settings.use_sitemap || c->scope.kind == SCOPE_PAGE ||
        c->sitemap_count == CRAWL_SITEMAPS)
        return;
    for (size_t i = 0; i < c->sitemap_count; i++)
        if (strcmp(c->sitemaps[i], url) == 0)
            return;
    c->sitemaps[c->sitemap_count] = url;
    c->sitemap_nesting[c->sitemap_count++] = nesting;
}

static bool
ask_sitemap(struct crawler *c, int64_t now_ms)
{
    struct arena *scratch = c->at->services->scratch;
    struct weburl url;
    struct site *site;
    struct item *it;

    while (c->sitemap_next < c->sitemap_count) {
        const char *text = c->sitemaps[c->sitemap_next];

        /* One on another host must be allowed by that host's robots.txt, as a page must. */
        site = address_read(scratch, str_from(text), NULL, &url) == ADDRESS_OK ? crawl_site(c, &url)
                                                                               : NULL;
        if (!site || site->state == SITE_CLOSED) {
            c->sitemap_next++;
            continue;
        }
        if (site->state != SITE_READY) {
            crawl_ask_robots(c, site, now_ms);
            return true;
        }
        if (host_wait_ms(site->host, now_ms, site->least_ms) != 0)
            return true;
        it = crawl_item(c);
        it->kind = ITEM_SITEMAP;
        it->site = site;
        it->nesting = c->sitemap_nesting[c->sitemap_next++];
        it->url.url = arena_strdup(it->arena, text);
        ask(c, it, text, now_ms, SITEMAP_WIRE_MAX, SITEMAP_BODY_MAX);
        return true;
    }
    return false;
}

bool
crawl_ask_sitemap(struct crawler *c, int64_t now_ms)
{
    bool left = ask_sitemap(c, now_ms);

    arena_reset(c->at->services->scratch);
    return left;
}

/* ---- pages -------------------------------------------------------------------------------- */

void
crawl_ask_page(struct crawler *c, struct item *it, int64_t now_ms)
{
    it->kind = ITEM_PAGE;
    c->pages_flying++;
    ask(c, it, it->url.url, now_ms, FETCH_WIRE_MAX, FETCH_BODY_MAX);
}
