/*
 * Markdown: write what is left of a tree as Markdown-like text: headings, lists,
 * tables, fenced code, quotes. Links are their text; their targets would only be in
 * the way of search and of prompts.
 */
#ifndef WORKER_EXTRACT_MARKDOWN_H
#define WORKER_EXTRACT_MARKDOWN_H

#include "lib/buf.h"
#include "worker/extract/extract.h"

struct dom_node;

#define MARKDOWN_HEADINGS 2000 /* of a page that are kept with anchors */

struct markdown {
    struct buf text;
    struct extract_heading *headings;
    size_t heading_count;
};

void markdown_write(struct arena *a, const struct dom_node *root, struct markdown *out);

#endif
