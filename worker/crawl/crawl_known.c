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

struct crawl_known *
known_add(struct crawler *c, const struct crawl_known *page)
{
    struct known *k = &c->known;
    struct crawl_known *grown;

    if (k->count == k->cap) {
        k->cap = k->cap ? k->cap * 2 : 256;
        grown = arena_array(c->store, k->cap, sizeof(*grown));
        if (k->count > 0)
            memcpy(grown, k->list, k->count * sizeof(*grown));
        k->list = grown;
    }
    k->list[k->count] = *page;
    *seen_at(&k->by_url, str_from(page->url)) = (int64_t)k->count;
    if (page->indexed && id_is_set(page->content_hash))
        *seen_at(&k->by_content, str_from(page->content_hash.s)) = (int64_t)k->count;
    return &k->list[k->count++];
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
        if (k->list[i].indexed && simhash_is_near(k->list[i].simhash, print) &&
            strcmp(k->list[i].url, url) != 0)
            return &k->list[i];
    return NULL;
}
