/* Prune: mark what is not content as gone, step by step. Measures are kept right. */
#ifndef WORKER_EXTRACT_PRUNE_H
#define WORKER_EXTRACT_PRUNE_H

#include <stdbool.h>

struct arena;
struct dom_node;

/*
 * What is not to be seen, by an element's own attributes: hidden, aria-hidden, display: none,
 * moved out of the window, of no size, in the colour of its background. Not opacity: 0, by
 * which pages that fade in begin.
 */
void prune_hidden(struct dom_node *body);

/*
 * What is around the content by its element or role, and by its names with `words`; of an
 * article also who wrote it and when.
 */
void prune_frame(struct dom_node *body, bool words, bool article);

/* Comments below a text that stands without them: an article soon does, a discussion keeps them. */
void prune_comments(struct dom_node *body, bool article);

/* Lists and boxes that are made of links; below an `article` also long ones. */
void prune_links(struct dom_node *body, bool article);

/* Forms, and the names of their fields. */
void prune_forms(struct dom_node *body);

/* Boxes and sections whose heading says what they are: "Related articles", "Share this". */
void prune_headed(struct arena *scratch, struct dom_node *body);

/*
 * Boxes of an article that lead to others: headings that are links, with a few words each.
 * A page without much text in paragraphs keeps them, whatever it calls itself.
 */
void prune_teasers(struct dom_node *body);

/* Lines that only lead elsewhere or say whose picture it is: "Read more", "Photo: ...". */
void prune_lines(struct dom_node *body);

/* Quotes of what the page says above them. */
void prune_quotes(struct arena *scratch, struct dom_node *body);

/* Paragraphs that are there twice, in two places: for narrow screens and for wide ones. */
void prune_repeats(struct arena *scratch, struct dom_node *root);

#endif
