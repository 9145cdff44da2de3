/* Measure: how much text, in links, in paragraphs, there is below each node. */
#ifndef WORKER_EXTRACT_MEASURE_H
#define WORKER_EXTRACT_MEASURE_H

#include <stddef.h>
#include <stdint.h>

struct dom_node;

/* A paragraph has at least so many characters. */
#define MEASURE_PARAGRAPH 40

/* Fill in the measures of `top` and all below it; what is gone counts as nothing. */
void measure(struct dom_node *top);

/* Characters outside of links. */
uint32_t measure_plain(const struct dom_node *n);

#endif
