/* What runs before this one, and this one, have stored. */
#include "lib/arena.h"
#include "worker/crawl/crawl.h"
#include "worker/crawl/simhash.h"

#include <string.h>

struct crawl_known *
known_find(const struct known *k, const char *url)
{
    int64_t *at = seen_find(&k->by_url, str_from(url));

    return at ? &k->list[*at] : NULL;
}

void
known_changed(struct known *k, const struct crawl_known *page)
{
    size_t i = (size_t)(page - k->list);

    k->prints[i] = page->indexed ? page->simhash : 0;
    if (page->indexed && id_is_set(page->content_hash))
        *seen_at(&k->by_content, str_from(page->content_hash.s)) = (int64_t)i;
}

void
known_add(struct crawler *c, const struct crawl_known *page)
{
    struct known *k = &c->known;
    size_t cap = k->cap;

    k->prints = arena_grow(c->store, k->prints, k->count, &cap, sizeof(*k->prints));
    k->list = arena_grow(c->store, k->list, k->count, &k->cap, sizeof(*k->list));
    k->list[k->count] = *page;
    *seen_at(&k->by_url, str_from(page->url)) = (int64_t)k->count;
    known_changed(k, &k->list[k->count++]);
}

const struct crawl_known *
known_twin(const struct known *k, const char *url, struct id hash, uint64_t print, bool *near)
{
    const int64_t *at = seen_find(&k->by_content, str_from(hash.s));

    *near = false;
    if (at && k->list[*at].indexed && id_eq(k->list[*at].content_hash, hash) &&
        strcmp(k->list[*at].url, url) != 0)
        return &k->list[*at];
    *near = true;
    for (size_t i = 0; print && i < k->count; i++)
        if (simhash_is_near(k->prints[i], print) && strcmp(k->list[i].url, url) != 0)
            return &k->list[i];
    return NULL;
}
