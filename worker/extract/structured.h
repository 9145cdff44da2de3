/*
 * Structured: what a page says in JSON-LD (schema.org) of the article, product, discussion or
 * questions that it shows. Pages that scripts make often have their whole text there.
 */
#ifndef WORKER_EXTRACT_STRUCTURED_H
#define WORKER_EXTRACT_STRUCTURED_H

#include "lib/str.h"

struct arena;
struct buf;
struct dom;

/* The text of all scripts of data, in paragraphs; nothing when there is none to be read. */
void structured_write(struct arena *a, const struct dom *dom, struct buf *out);

/* The longest articleBody of them, without markup; empty when there is none. */
struct str structured_body(struct arena *a, const struct dom *dom);

#endif
