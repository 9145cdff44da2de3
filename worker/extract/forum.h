/* Forum: what the software of forums writes around and beside posts. */
#ifndef WORKER_EXTRACT_FORUM_H
#define WORKER_EXTRACT_FORUM_H

#include <stdbool.h>
#include <stddef.h>

struct line;

/*
 * Whether a line, of which line_words() made `words`, is no post: "Joined: May 2019", "Users
 * browsing this forum: ...", "Ann and Bob like this". Also in cells: the frame of a forum often is
 * a table.
 */
bool forum_says(const struct line *line, const char *words, size_t len);

#endif
