/*
 * Json_check: one pass over the bytes of a JSON text (RFC 8259) before any
 * parser sees it. json-c alone lets through overlong UTF-8, raw control
 * characters, NaN, duplicate members and keys cut at U+0000.
 *
 * Pure: no recursion, and no memory but 16 bytes from the arena for each
 * member of the objects that are open at one place, once they are over 64.
 * Linear but for the duplicate test, which is quadratic in the members of one
 * object and bounded by JSON_MEMBERS_MAX.
 */
#ifndef LIB_JSON_CHECK_H
#define LIB_JSON_CHECK_H

#include "lib/err.h"

#include <stddef.h>

struct arena;

#define JSON_DEPTH_MAX   32   /* arrays and objects inside each other */
#define JSON_MEMBERS_MAX 1000 /* members of one object */
#define JSON_NUMBER_MAX  1000 /* characters of one number */

/*
 * OK when the bytes are exactly one JSON value: strict UTF-8, no U+0000 in any
 * spelling, no unpaired surrogate escapes, no control characters in strings,
 * no duplicate members, integers of 64 bits, other numbers that fit a double.
 * ERR_MALFORMED else, with a message that names the place as a byte offset
 * and, inside the document, the JSON pointer (RFC 6901) of the innermost value.
 */
struct err json_check(struct arena *a, const char *text, size_t len) CHECKED;

/* The same with another limit of members than JSON_MEMBERS_MAX. */
struct err json_check_members(struct arena *a, const char *text, size_t len,
                              size_t members_max) CHECKED;

#endif
