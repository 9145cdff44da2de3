/*
 * Citation: which passages an answer names by number, for its readers. Pure.
 */
#ifndef WORKER_CITATION_H
#define WORKER_CITATION_H

#include <stddef.h>

struct arena;
struct passage;

struct citation {
    size_t n; /* its number in the text */
    const struct passage *passage;
};

/* The passages, numbered from 1, whose "[n]" stands in the text, by number. Returns how many. */
size_t citation_find(struct arena *a, const char *text, const struct passage *passages,
                     size_t count, struct citation **out);

/* An annotation in the vocabulary of the Responses API. */
const char *citation_annotation(struct arena *a, const struct citation *c);

/* For messages.sources: JSON array of {n, url, title, heading, anchor, snippet, score, source_id}.
 */
const char *citation_sources(struct arena *a, const struct citation *list, size_t count);

#endif
