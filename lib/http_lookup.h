/*
 * Http_lookup: how many transfers may look up a name at once. A part of
 * lib/http, which alone includes it.
 *
 * libcurl starts a thread for each look-up and does not notice that another
 * one asks for the same name; a thousand transfers to one server would be a
 * thousand threads. So few ask for one name at a time, and those that wait find
 * the answer in libcurl's cache. A name server that hangs on some names leaves
 * room for others.
 */
#ifndef LIB_HTTP_LOOKUP_H
#define LIB_HTTP_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>

#define LOOKUP_MAX      192 /* at once */
#define LOOKUP_SAME_MAX 8   /* of one name */

struct http_lookups {
    const char *names[LOOKUP_MAX];
    size_t count;
};

/* Note a look-up that begins; false when it has to wait. `name` is not copied. */
bool http_lookup_begin(struct http_lookups *l, const char *name);

/* The one begun with this pointer has ended. */
void http_lookup_end(struct http_lookups *l, const char *name);

#endif
