/* Article: pages that say that they are one, and what such a page shows besides its text. */
#ifndef WORKER_EXTRACT_ARTICLE_H
#define WORKER_EXTRACT_ARTICLE_H

#include <stdbool.h>

struct dom;
struct dom_node;

/* Whether its metadata (Open Graph, JSON-LD, an articleBody) names it an article. */
bool article_declared(const struct dom *dom);

/*
 * Mark as gone the heading below `root` that repeats the page's title, which is known
 * without it, and lines of an article that only date it.
 */
void article_trim(const struct dom *dom, struct dom_node *root);

#endif
