/* Meta: what a page says of itself in its head, and the links in it. */
#ifndef WORKER_EXTRACT_META_H
#define WORKER_EXTRACT_META_H

#include "worker/extract/dom.h"
#include "worker/extract/extract.h"

/* Title, description, canonical, base, robots, date, language as declared, refresh. */
void meta_read(struct arena *a, const struct dom *dom, struct extract_page *out);

/* The links of the whole page. */
void meta_links(struct arena *a, const struct dom *dom, struct extract_page *out);

#endif
