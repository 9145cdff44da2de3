/* What came of addresses: pure work, before the transaction. */
#include "lib/arena.h"
#include "worker/attempt.h"
#include "worker/crawl/crawl.h"
#include "worker/crawl/simhash.h"
#include "worker/crawl/sitemap.h"
#include "worker/extract/extract.h"
#include "worker/index/page_index.h"

#include <string.h>

/* ---- how it ended --------------------------------------------------------------------- */

static void
end(struct reading *r, const char *state, const char *reason, const char *detail)
{
    r->outcome.state = state;
    r->outcome.reason = reason;
    r->outcome.detail = detail;
}

static void
try_again(const struct item *it, struct reading *r, const char *reason, const char *detail)
{
    struct crawl_outcome *o = &r->outcome;

    o->tries++;
    if (o->tries > CRAWL_TRIES) {
        end(r, "failed", reason, detail);
        return;
    }
    o->state = "queued";
    o->delay_ms = (int64_t)CRAWL_RETRY_MS << (o->tries - 1);
    if (it->fetch.retry_after_ms > o->delay_ms)
        o->delay_ms = it->fetch.retry_after_ms;
}

static void
read_failure(const struct item *it, struct reading *r)
{
    const struct err e = it->fetch.err;

    if (e.code == ERR_FORBIDDEN)
        end(r, "failed", "private_address", NULL);
    else if (e.code == ERR_TOO_LARGE)
        end(r, "skipped", "too_large", e.msg);
    else if (e.code == ERR_INVALID)
        end(r, "failed", "bad_address", e.msg);
    else if (e.code == ERR_TIMEOUT)
        try_again(it, r, "timeout", e.msg);
    else
        try_again(it, r, strstr(e.msg, "looked up") ? "dns" : "connection", e.msg);
}

static void
read_refusal(struct crawler *c, const struct item *it, struct reading *r)
{
    int status = it->fetch.status;
    const char *detail = arena_printf(c->read->work, "The site answered with HTTP %d.", status);

    if (status == 404 || status == 410) {
        end(r, "failed", "gone", detail);
        r->gone = true;
    } else if (status == 429) {
        try_again(it, r, "rate_limited", detail);
    } else if (status >= 500 || status == 408 || status == 425) {
        try_again(it, r, "server_error", detail);
    } else {
        end(r, "failed", "http_error", detail);
    }
}

/* ---- links ----------------------------------------------------------------------------------- */

static void
follow(struct crawler *c, const struct item *it, struct reading *r, struct str to,
       const struct weburl *base)
{
    struct crawl_url from = it->url;
    struct weburl url;

    if (address_read(c->read->work, to, base, &url) != ADDRESS_OK) {
        end(r, "failed", "bad_address", "It leads to an address that cannot be fetched.");
        return;
    }
    r->outcome.canonical = weburl_text(c->read->work, &url);
    if (from.hops >= CRAWL_HOPS || strcmp(r->outcome.canonical, it->url.url) == 0) {
        end(r, "failed", "redirect_loop", NULL);
        return;
    }
    end(r, "skipped", "redirect",
        arena_printf(c->read->work, "It leads to %s.", r->outcome.canonical));
    r->gone = true;
    from.hops++;
    if (it->url.flags & CRAWL_URL_START)
        scope_add(c->store, &c->scope, &url);
    crawl_add_link(c, r, &from, to, base, it->url.depth, it->url.flags & CRAWL_URL_START);
}

static void
add_links(struct crawler *c, const struct item *it, struct reading *r,
          const struct extract_page *page, const struct weburl *base)
{
    for (size_t i = 0; i < page->link_count; i++)
        crawl_add_link(c, r, &it->url, str_from(page->links[i].href), base, it->url.depth + 1, 0);
}

/* ---- pages --------------------------------------------------------------------------------------
 */

static bool
header_says(const char *header, const char *word)
{
    return header && (strcasestr(header, word) || strcasestr(header, "none"));
}

/* Another address of this site that the page names as its own; NULL for none. */
static const char *
canonical_of(struct crawler *c, const struct item *it, const struct extract_page *page,
             const struct weburl *base)
{
    struct weburl url;
    const char *text;

    if (!page->canonical[0] || it->url.flags & (CRAWL_URL_ALONE | CRAWL_URL_CANONICAL) ||
        address_read(c->read->work, str_from(page->canonical), base, &url) != ADDRESS_OK ||
        scope_check(&c->scope, c->read->work, &url, false) != ADDRESS_OK)
        return NULL;
    text = weburl_text(c->read->work, &url);
    /* A home page that every page names is a mistake of the site. */
    if (strcmp(text, it->url.url) == 0 || strcmp(url.path, "/") == 0)
        return NULL;
    return text;
}

static void
note_repeat(struct crawler *c, const struct weburl *url, bool repeats)
{
    int64_t *n = seen_at(&c->repeats, str_from(address_template(c->read->work, url)));

    *n = repeats ? *n + 1 : 0;
}

static void
store(struct crawler *c, const struct item *it, struct reading *r, const struct extract_page *page)
{
    struct crawl_known *known = known_find(&c->known, it->url.url);
    struct str title = str_utf8_prefix(str_from(page->title), 300);
    bool adds = !known || !known->indexed;

    if (adds && c->known.indexed >= c->task.settings.max_pages) {
        end(r, "skipped", "max_pages", NULL);
        return;
    }
    c->known.indexed += adds;
    end(r, "indexed", NULL, NULL);
    r->has_page = true;
    r->is_new = !known;
    r->page = (struct crawl_page){
        .id = known ? known->id : it->url.id,
        .url = it->url.url,
        .title = str_dup(c->read->work, title),
        .content = arena_strdup(c->read->work, page->text),
        .language = page->language[0] ? arena_strdup(c->read->work, page->language) : NULL,
        .content_type = it->fetch.content_type,
        .etag = it->fetch.etag,
        .last_modified = it->fetch.last_modified,
        .content_hash = r->page.content_hash,
        .simhash = r->page.simhash,
        .depth = it->url.depth,
        .http_status = it->fetch.status,
        .bytes = it->fetch.wire_bytes,
    };
}

static void
remember(struct crawler *c, const struct item *it, const struct reading *r)
{
    struct crawl_known *known = known_find(&c->known, it->url.url);
    struct crawl_known page = { .id = r->page.id,
                                .url = arena_strdup(c->store, it->url.url),
                                .indexed = true,
                                .content_hash = r->page.content_hash,
                                .simhash = r->page.simhash };

    if (known) {
        *known = page;
        known_changed(&c->known, known);
    } else {
        known_add(c, &page);
    }
}

static void
judge_text(struct crawler *c, const struct item *it, struct reading *r,
           const struct extract_page *page, const struct weburl *url)
{
    struct str text = str_from(page->text);
    struct crawl_known *known = known_find(&c->known, it->url.url);
    const struct crawl_known *twin;
    bool near;

    r->page.content_hash = content_hash(text);
    r->page.simhash = simhash(text);
    if (known && known->indexed && id_eq(known->content_hash, r->page.content_hash)) {
        end(r, "unchanged", NULL, NULL);
        return;
    }
    twin = known_twin(&c->known, it->url.url, r->page.content_hash, r->page.simhash, &near);
    note_repeat(c, url, twin != NULL);
    if (twin) {
        end(r, "skipped", near ? "near_duplicate" : "duplicate",
            arena_printf(c->read->work, "It has %s text as %s.",
                         near ? "nearly the same" : "the same", twin->url));
        r->outcome.canonical = twin->url;
        r->gone = true;
        return;
    }
    store(c, it, r, page);
    if (r->has_page)
        remember(c, it, r);
}

static void
judge_page(struct crawler *c, const struct item *it, struct reading *r,
           const struct extract_page *page, const struct weburl *url, const struct weburl *base)
{
    const char *canonical = canonical_of(c, it, page, base);

    if (page->noindex || header_says(it->fetch.robots, "noindex")) {
        end(r, "skipped", "noindex", NULL);
        r->gone = true;
    } else if (canonical) {
        end(r, "skipped", "canonical",
            arena_printf(c->read->work, "Its own address is %s.", canonical));
        r->outcome.canonical = canonical;
        r->gone = true;
        crawl_add_link(c, r, &it->url, str_from(canonical), NULL, it->url.depth,
                       CRAWL_URL_CANONICAL);
    } else if (page->needs_js) {
        end(r, "skipped", "needs_js", NULL);
    } else if (str_trim(str_from(page->text)).len == 0) {
        end(r, "skipped", "empty", NULL);
    } else {
        judge_text(c, it, r, page, url);
    }
}

static void
read_page(struct crawler *c, const struct item *it, struct reading *r)
{
    struct extract_input in = { .bytes = { it->fetch.body.data, it->fetch.body.len },
                                .content_type =
                                    it->fetch.content_type[0] ? it->fetch.content_type : NULL,
                                .url = it->url.url };
    struct weburl url, base;
    struct extract_page page;
    struct err e;

    if (extract_sniff(&in) == EXTRACT_NONE) {
        end(r, "skipped", "type",
            arena_printf(c->read->work, "It is \"%s\".", it->fetch.content_type));
        return;
    }
    e = extract_page(c->page, &in, &page);
    if (e.code || address_read(c->read->work, str_from(it->url.url), NULL, &url) != ADDRESS_OK) {
        end(r, "failed", e.code == ERR_TOO_LARGE ? "too_large" : "unreadable",
            e.code ? arena_strdup(c->read->work, e.msg) : NULL);
        return;
    }
    if (!page.base[0] || weburl_parse(c->read->work, str_from(page.base), &url, &base).code)
        base = url;
    if (page.refresh[0] && str_from(page.text).len < 1000) {
        follow(c, it, r, str_from(page.refresh), &base);
        return;
    }
    if (!page.nofollow && !header_says(it->fetch.robots, "nofollow"))
        add_links(c, it, r, &page, &base);
    judge_page(c, it, r, &page, &url, &base);
}

static void
read_answer(struct crawler *c, const struct item *it, struct reading *r)
{
    const struct fetch *f = &it->fetch;
    struct crawl_known *known = known_find(&c->known, it->url.url);
    struct weburl base;

    if (f->err.code)
        read_failure(it, r);
    else if (f->status == 304 && known && known->indexed)
        end(r, "unchanged", NULL, NULL);
    else if (f->status / 100 == 3 && f->location &&
             !weburl_parse(c->read->work, str_from(it->url.url), NULL, &base).code)
        follow(c, it, r, str_from(f->location), &base);
    else if (f->status / 100 == 2)
        read_page(c, it, r);
    else
        read_refusal(c, it, r);
}

/* What becomes of the page that was stored of it. */
static void
settle_known(struct crawler *c, struct reading *r)
{
    struct crawl_known *known = known_find(&c->known, r->outcome.url);

    if (c->task.dry_run || !known || !known->indexed)
        return;
    if (strcmp(r->outcome.state, "unchanged") == 0)
        r->unchanged = known->id;
    if (r->gone) {
        r->dropped_page = known->id;
        known->indexed = false;
        known_changed(&c->known, known);
        c->known.indexed--;
    }
    r->kept = known->indexed && strcmp(r->outcome.state, "failed") == 0;
}

static void
read_item(struct crawler *c, const struct item *it, struct reading *r)
{
    const struct fetch *f = &it->fetch;

    *r = (struct reading){ .outcome = { .id = it->url.id,
                                        .url = it->url.url,
                                        .depth = it->url.depth,
                                        .tries = it->url.tries,
                                        .delay_ms = -1,
                                        .http_status = it->fetched ? f->status : 0,
                                        .bytes = it->fetched ? f->wire_bytes : 0,
                                        .content_type = it->fetched ? f->content_type : NULL } };
    if (it->fetched)
        read_answer(c, it, r);
    else
        end(r,
            strcmp(it->reason, "robots") == 0 || strcmp(it->reason, "too_many") == 0 ? "skipped"
                                                                                     : "failed",
            it->reason, it->detail);
    arena_reset(c->page);
    if (it->url.flags & CRAWL_URL_CANONICAL && it->url.via &&
        strcmp(r->outcome.state, "failed") == 0)
        r->again = it->url.via;
    settle_known(c, r);
}

/* ---- sitemaps
 * ------------------------------------------------------------------------------------- */

static void
read_sitemap(struct crawler *c, const struct item *it, struct reading *r)
{
    struct str text = { it->fetch.body.data, it->fetch.body.len };
    struct sitemap map;

    *r = (struct reading){ .has_page = false };
    if (it->fetch.err.code || it->fetch.status / 100 != 2)
        return;
    if (sitemap_is_gzip(text) && sitemap_unpack(it->arena, text, &text).code)
        return;
    sitemap_parse(it->arena, text, &map);
    for (size_t i = 0; i < map.count && map.is_index && it->nesting < SITEMAP_NESTING_MAX; i++) {
        if (c->read->sitemap_count == CRAWL_SITEMAPS)
            return;
        c->read->nesting[c->read->sitemap_count] = it->nesting + 1;
        c->read->sitemaps[c->read->sitemap_count++] = str_dup(c->read->work, map.addresses[i]);
    }
    for (size_t i = 0; i < map.count && !map.is_index; i++)
        crawl_add_link(c, r, &it->url, map.addresses[i], NULL, 1, 0);
}

/* ---- turns --------------------------------------------------------------------------- */

/* Cut and indexed here, so that the transaction has nothing to do but write. */
static void
index_page(struct crawler *c, const struct reading *r)
{
    struct turn *t = c->read;
    struct crawl_page *page = &t->pages[t->page_count++];

    *page = r->page;
    if (!t->indexer)
        t->indexer =
            page_index_begin(t->work, c->task.user_id, c->task.agent_id, c->task.source_id);
    page->chunks =
        (int64_t)page_index_add(t->indexer, &(struct page_text){ .page_id = page->id,
                                                                 .is_new = r->is_new,
                                                                 .title = page->title,
                                                                 .url = page->url,
                                                                 .language = page->language,
                                                                 .text = page->content });
}

void
crawl_read(struct attempt *at)
{
    struct crawler *c = at->state;
    struct turn *t = c->read;

    t->list = arena_array(t->work, t->batch.count, sizeof(*t->list));
    t->pages = arena_array(t->work, t->batch.count, sizeof(*t->pages));
    for (struct item *it = t->batch.first; it; it = it->next) {
        struct reading *r = &t->list[t->count++];

        if (it->kind == ITEM_SITEMAP)
            read_sitemap(c, it, r);
        else
            read_item(c, it, r);
        if (r->has_page && !c->task.dry_run)
            index_page(c, r);
    }
    t->indexed = c->known.indexed;
}
