/*
 * Plain: the start of a Markdown text as one line without its marks, for titles
 * and previews. Pure; nothing is drawn from it but what people read.
 */
#ifndef LIB_PLAIN_H
#define LIB_PLAIN_H

#include <stddef.h>

struct arena;

/*
 * At most `max` bytes in whole code points, and an ellipsis when there is more.
 * White space becomes one space each. Left out are the marks that lines begin
 * with (headings, quotes, lists, fences), those of tables, bold text and code, and
 * the addresses of links. A text of nothing but marks stays as it is. `text` is
 * valid UTF-8; of a long one no more than its start is looked at.
 */
const char *plain_start(struct arena *a, const char *text, size_t max);

#endif
