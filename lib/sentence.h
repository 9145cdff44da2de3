/*
 * Sentence: cut running text, plain or Markdown, into sentences.
 *
 * A sentence ends at its full stop, at a blank line, and before a line that
 * begins something of its own: a list item, a heading, a table row, a fence.
 * It is a slice of the text, trimmed and never empty. Pure.
 */
#ifndef LIB_SENTENCE_H
#define LIB_SENTENCE_H

#include "lib/str.h"

#include <stdbool.h>

/* The next sentence of *rest, which then begins behind it. False at the end. */
bool sentence_next(struct str *rest, struct str *out);

/* Code with the fences around it, when *rest begins with it, and its end is there. */
bool sentence_code(struct str *rest, struct str *out);

/*
 * The first row of a table with the line below it that makes it the head ("| --- | --- |"), when
 * *rest begins with them.
 */
bool sentence_table_head(struct str *rest, struct str *out);

#endif
