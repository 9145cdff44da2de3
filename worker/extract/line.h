/*
 * Line: what a reader sees as one: the text between two line breaks, be it a paragraph, an
 * item of a list or what stands between two <br>.
 */
#ifndef WORKER_EXTRACT_LINE_H
#define WORKER_EXTRACT_LINE_H

#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dom_node;

/* The nodes from `first` to before `end`, all children of `parent`; none of them has parts. */
struct line {
    struct dom_node *parent, *first, *end;
};

/*
 * Call `visit` for every line below `top` that has text, in order; code is passed over. It may
 * mark lines as gone, this one or any before.
 */
void line_each(struct dom_node *top, void (*visit)(void *context, const struct line *line),
               void *context);

/*
 * The letters, digits and colons of a line in small letters, and one space for what is between
 * them; ended by NUL. Gives the bytes written, `size` at most (NUL included): what is beyond is
 * left out.
 */
size_t line_words(const struct line *line, char *out, size_t size);

/* Likewise of any text. */
size_t line_words_of(struct str text, char *out, size_t size);

/* Whether words begin with one of `count` texts, of which none is empty. */
bool line_begins(const char *words, const char *const *list, size_t count);

/* Whether all of its text is in links. */
bool line_is_link(const struct line *line);

bool line_holds_link(const struct line *line);

void line_drop(const struct line *line);

#endif
