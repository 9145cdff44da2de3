/*
 * Open tags: which elements are open in the document that the guard writes, so that it
 * never gets deeper than OPEN_TAGS_MAX. An element counts as ended only where every
 * parser ends it (HTML standard, 13.2.6); else the tree would go deeper than the count.
 */
#ifndef WORKER_EXTRACT_OPEN_TAGS_H
#define WORKER_EXTRACT_OPEN_TAGS_H

#include "worker/extract/tag.h"

#include <stdbool.h>
#include <stdint.h>

struct buf;

#define OPEN_TAGS_MAX 256

struct open_tag {
    enum tag tag;
    uint32_t hash; /* of the name of those without a tag of their own */
};

struct open_tags {
    size_t depth;
    struct open_tag stack[OPEN_TAGS_MAX];
};

/*
 * The name under which an element goes on. Some stand for others, which the parser treats in
 * complicated ways: var for a, samp for code, center for form, data for what has no text to
 * read, span for what says how text looks. dom_parse.c turns them back.
 */
const char *open_tags_written(enum tag tag);

/* End what a start of `tag` ends, with end tags to `html` where the parser needs them; false
 * when the start has no place: a cell without a table. */
bool open_tags_make_room(struct open_tags *s, enum tag tag, struct buf *html);

/* Needs depth < OPEN_TAGS_MAX. */
void open_tags_push(struct open_tags *s, enum tag tag, uint32_t hash);

/* An end tag: to `html` when it ends something, else left out. */
void open_tags_end(struct open_tags *s, enum tag tag, uint32_t hash, struct buf *html);

#endif
