/*
 * Sitemap: the addresses that a sitemap lists: XML of the sitemaps.org protocol,
 * an index of such, or a text with one address a line. Pure, one pass, no
 * recursion, no entities but XML's own five and numbers.
 */
#ifndef WORKER_CRAWL_SITEMAP_H
#define WORKER_CRAWL_SITEMAP_H

#include "lib/err.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define SITEMAP_BYTES_MAX   ((size_t)50 * 1024 * 1024) /* unpacked */
#define SITEMAP_ENTRIES_MAX 50000
#define SITEMAP_NESTING_MAX 3 /* indexes in indexes */

struct sitemap {
    bool is_index; /* its addresses are those of sitemaps */
    bool cut;      /* there were more than SITEMAP_ENTRIES_MAX */
    struct str *addresses;
    size_t count;
};

/* Never fails: what is no sitemap lists nothing. `text` is best UTF-8. */
void sitemap_parse(struct arena *a, struct str text, struct sitemap *out);

bool sitemap_is_gzip(struct str bytes);

/* Unpack. ERR_TOO_LARGE over SITEMAP_BYTES_MAX, ERR_MALFORMED when it is broken at its start. */
struct err sitemap_unpack(struct arena *a, struct str bytes, struct str *out) CHECKED;

#endif
