/*
 * Stand-ins: a parser takes each character of a text through all of its states, and none
 * of them changes a thing behind the first. So one character of Unicode's private
 * planes goes through it in place of a text, and the text is put back into the tree.
 * Pure.
 */
#ifndef WORKER_EXTRACT_STAND_INS_H
#define WORKER_EXTRACT_STAND_INS_H

#include "lib/buf.h"
#include "lib/str.h"

#include <stdbool.h>

struct arena;

#define STAND_INS_MAX   ((size_t)130000) /* texts; those after are written as they are */
#define STAND_INS_LEAST ((size_t)8)      /* bytes; a shorter one is written as it is */

struct stand_ins {
    struct arena *arena;
    struct str *texts; /* slices of the document */
    size_t count, cap;
    size_t spared; /* bytes that were not written */
    bool off;      /* the document has such characters itself */
};

void stand_ins_init(struct stand_ins *s, struct arena *a, struct str document);

/* Write a text of the document, or what stands for it. It is no white space at its start. */
void stand_ins_write(struct stand_ins *s, struct buf *out, struct str text);

/* A text of the parser's with all of it put back: a slice of the document where it can be. */
struct str stand_ins_read(const struct stand_ins *s, struct arena *a, struct str text);

#endif
