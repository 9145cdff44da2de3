/* Cursor: where a list goes on, as one opaque word. Pure. */
#ifndef APP_CURSOR_H
#define APP_CURSOR_H

#include "lib/id.h"

#include <stdbool.h>

struct arena;

/* base64url of "time,id". */
const char *cursor_make(struct arena *a, const char *at, struct id id);

/* False when it was not made by cursor_make(). */
bool cursor_read(struct arena *a, const char *cursor, const char **at, struct id *id);

#endif
