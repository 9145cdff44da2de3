/* Article: pages that say that they are one, and what such a page shows besides its text. */
#ifndef WORKER_EXTRACT_ARTICLE_H
#define WORKER_EXTRACT_ARTICLE_H

#include <stdbool.h>

struct arena;
struct dom;
struct dom_node;

/* Whether its metadata (Open Graph, JSON-LD, an articleBody) names it an article. */
bool article_declared(const struct dom *dom);

/*
 * Mark as gone the lines below `root` that are not in the articleBody which the page gives as
 * its text, when that holds most of them.
 */
void article_keep_body(struct arena *scratch, const struct dom *dom, struct dom_node *root);

/*
 * Mark as gone the heading below `root` that repeats the page's title, which is known
 * without it, and lines of an article that only date it.
 */
void article_trim(const struct dom *dom, struct dom_node *root);

#endif
