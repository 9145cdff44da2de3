/* Cursor: where a list goes on, as one opaque word. Pure. */
#ifndef APP_CURSOR_H
#define APP_CURSOR_H

#include "lib/id.h"

#include <stdbool.h>

struct arena;

/*
 * 47 hexadecimal digits of time and id, the first at most 3, and each such word
 * is a place. `at` is a time as lists show it: in UTC with microseconds.
 */
const char *cursor_make(struct arena *a, const char *at, struct id id);

/* False when it is no such word. */
bool cursor_read(struct arena *a, const char *cursor, const char **at, struct id *id);

#endif
