/*
 * Json_key: the name of a member as it stands, escapes and all, in a JSON text
 * whose string has been checked. A part of lib/json_check; the reader and
 * json_slice take json_hex4() from it.
 *
 * A key is given by its first byte after the opening quote and ends at the
 * closing one. Two spellings are the same key when they decode to the same.
 */
#ifndef LIB_JSON_KEY_H
#define LIB_JSON_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* The four hex digits that `p` begins with, within `len` bytes; -1 when they are not. */
int json_hex4(const char *p, size_t len);

bool json_key_same(const char *a, const char *b);
uint32_t json_key_hash(const char *key);

/* Append the key as a part of a JSON pointer (RFC 6901), without the slash before it. */
void json_key_point(const char *key, struct buf *out);

#endif
