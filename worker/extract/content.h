/*
 * Content: find the main content of a page. What is around it is marked as gone,
 * and the smallest element that holds the rest is given back.
 */
#ifndef WORKER_EXTRACT_CONTENT_H
#define WORKER_EXTRACT_CONTENT_H

struct arena;
struct dom;
struct dom_node;

/* Never NULL: the body, when nothing in it stands out. */
struct dom_node *content_find(struct arena *scratch, struct dom *dom);

#endif
