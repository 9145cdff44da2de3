/*
 * Robots: robots.txt by RFC 9309: which paths of a host may be fetched. Pure.
 *
 * Rules of all groups that name us count together; else those of "*"; else
 * everything is allowed. The longest matching rule decides, allow at a tie.
 * Crawl-delay and Sitemap, which the RFC leaves to extensions, are read too.
 */
#ifndef WORKER_CRAWL_ROBOTS_H
#define WORKER_CRAWL_ROBOTS_H

#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct robots;

#define ROBOTS_MAX         ((size_t)500 * 1024) /* bytes that are read; the rest is ignored */
#define ROBOTS_RULES_MAX   10000
#define ROBOTS_RULE_MAX    2048 /* bytes; longer rules are ignored */
#define ROBOTS_SITEMAP_MAX 100
#define ROBOTS_DELAY_MAX   10000 /* milliseconds that a Crawl-delay may ask for */

/* Any bytes; `product` is our name, such as "offstage". */
struct robots *robots_parse(struct arena *a, struct str text, const char *product);

/* `path` is path and query as in the request line; /robots.txt is always allowed. */
bool robots_allows(const struct robots *r, struct str path);

/* Milliseconds between two requests; -1 when it says nothing. */
int64_t robots_delay_ms(const struct robots *r);

/* Addresses as they stand there. */
size_t robots_sitemaps(const struct robots *r, const struct str **out);

#endif
