/* Tag: the elements of HTML that anything here tells apart, and what they are like. */
#ifndef WORKER_EXTRACT_TAG_H
#define WORKER_EXTRACT_TAG_H

#include "lib/str.h"

enum tag {
    TAG_OTHER, /* an element that makes no difference */
    TAG_STRING /* not an element: a piece of text */,
#define TAG(name, traits) TAG_##name,
#include "worker/extract/tags.def"
#undef TAG
    TAG_COUNT
};

enum tag_traits {
    TAG_BLOCK = 1,   /* begins and ends a line */
    TAG_VOID = 2,    /* has no content and no end tag */
    TAG_SKIP = 4,    /* holds nothing to read */
    TAG_OPEN = 8,    /* its end tag may be left out */
    TAG_INLINE = 16, /* says how text looks */
    TAG_RAW = 32,    /* its content is no markup, or is taken for none */
};

/* By name, whatever its case; TAG_OTHER for names that are not in the table. */
enum tag tag_find(struct str name);

unsigned tag_traits(enum tag tag);

static inline int
tag_heading_level(enum tag tag)
{
    return tag >= TAG_H1 && tag <= TAG_H6 ? (int)(tag - TAG_H1) + 1 : 0;
}

#endif
