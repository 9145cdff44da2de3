/* Where pages lead: which addresses are taken, and why others are not. */
#include "lib/arena.h"
#include "worker/crawl/crawl.h"

#include <string.h>

#define REPEATS_MAX 20 /* pages of one making in a row that brought nothing new */

static void
append(struct crawler *c, struct reading *r, const struct crawl_url *url)
{
    r->links = arena_grow(c->read->work, r->links, r->link_count, &r->link_cap, sizeof(*r->links));
    r->links[r->link_count++] = *url;
}

static int64_t
alike_max(const struct crawler *c)
{
    int64_t share = c->task.settings.max_pages / 5;

    return share > 50 ? share : 50;
}

/* Why an address in its normal form is not taken; NULL when it is. *late: after all others. */
static const char *
judge(struct crawler *c, const struct weburl *url, int64_t depth, int flags, bool *late)
{
    bool is_start = flags & CRAWL_URL_START;
    enum address_no no = scope_check(&c->scope, c->read->work, url, is_start);
    struct str making;
    int64_t *repeats;

    if (no)
        return address_reason(no);
    if (c->task.settings.max_depth >= 0 && depth > c->task.settings.max_depth && !is_start)
        return "depth";
    making = str_from(address_template(c->read->work, url));
    repeats = seen_find(&c->repeats, making);
    if (repeats && *repeats >= REPEATS_MAX && !is_start)
        return "alike";
    *late |= ++*seen_at(&c->templates, making) > alike_max(c);
    return NULL;
}

void
crawl_add_link(struct crawler *c, struct reading *r, const struct crawl_url *from, struct str link,
               const struct weburl *base, int64_t depth, int flags)
{
    struct crawl_url new = { .depth = depth, .flags = flags, .via = from ? from->url : NULL };
    struct weburl url;
    enum address_no no = address_read(c->read->work, link, base, &url);
    int64_t *met;

    /* What is no address of the web need not be accounted for. */
    if (no == ADDRESS_SCHEME || no == ADDRESS_BROKEN || no == ADDRESS_LONG)
        return;
    new.url = weburl_text(c->read->work, &url);
    met = seen_at(&c->met, str_from(new.url));
    if (*met && !(flags & (CRAWL_URL_START | CRAWL_URL_CANONICAL)))
        return;
    *met = 1;
    new.late = c->is_again && !known_find(&c->known, new.url);
    new.reason = no ? address_reason(no) : judge(c, &url, depth, flags, &new.late);
    new.hops = flags &CRAWL_URL_CANONICAL || !from ? 0 : from->hops;
    if (c->met.count > (size_t)(20 * c->task.settings.max_pages + 20000) && !flags) {
        r->dropped++;
        return;
    }
    new.id = id_new();
    append(c, r, &new);
}
