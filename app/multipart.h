/*
 * Multipart: a body of multipart/form-data (RFC 7578), as a form's file upload
 * sends it. Pure; nothing is copied but names.
 */
#ifndef APP_MULTIPART_H
#define APP_MULTIPART_H

#include "lib/err.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define MULTIPART_PARTS_MAX  20
#define MULTIPART_HEADER_MAX ((size_t)4096) /* bytes of one part's headers */

struct part {
    const char *name;
    const char *file_name; /* without folders; NULL for a plain field */
    const char *type;      /* Content-Type; "" for none */
    struct str body;
};

/* Is this the Content-Type of such a body? */
bool multipart_is(const char *content_type);

/* ERR_MALFORMED when it is not what it says, ERR_TOO_LARGE for more parts. */
struct err multipart_parse(struct arena *a, const char *content_type, struct str body,
                           struct part **out, size_t *count) CHECKED;

#endif
