/* What markdown.c and markdown_table.c share. */
#ifndef WORKER_EXTRACT_MARKDOWN_PRIVATE_H
#define WORKER_EXTRACT_MARKDOWN_PRIVATE_H

#include "worker/extract/dom.h"
#include "worker/extract/markdown.h"

#define MARKDOWN_INDENT 64 /* bytes that may stand before each line */

struct writer {
    struct arena *arena;
    struct markdown *out;
    struct buf *text;
    int breaks;  /* line breaks due before the next character */
    bool space;  /* a space is due */
    bool marked; /* a list's mark was just written */
    bool pre;    /* white space counts */
    bool flat;   /* all on one line, as in a cell of a table */
    char indent[MARKDOWN_INDENT];
    size_t indent_len;
};

void markdown_node(struct writer *w, const struct dom_node *n);
void markdown_children(struct writer *w, const struct dom_node *n);
void markdown_text(struct writer *w, struct str text);

/* At least so many line breaks before what comes next. */
void markdown_break(struct writer *w, int breaks);

/* Write a table as one; false when it is there for the layout, and nothing was written. */
bool markdown_table(struct writer *w, const struct dom_node *n);

#endif
