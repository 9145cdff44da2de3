/*
 * Json_slice: reading JSON without building a tree: a value is a slice of the
 * text, and its members are looked for when they are asked for.
 *
 * A model's stream is thousands of small objects a second, of which a member or
 * two matter. The text must have passed json_check(); nothing here tests it
 * again. Asking the wrong type gives nothing: an empty slice, text or zero.
 */
#ifndef LIB_JSON_SLICE_H
#define LIB_JSON_SLICE_H

#include "lib/str.h"

#include <stdbool.h>
#include <stdint.h>

struct arena;

/*
 * Models write U+0000, and servers cut a pair of surrogates in two; no JSON
 * reader takes either. The escapes become that of U+FFFD, of the same length.
 */
void json_mend(char *text);

/* The value of a checked text: the whole of it, without white space around. */
struct str json_value(struct str text);

bool json_is_object(struct str value);
bool json_is_array(struct str value);
bool json_is_string(struct str value);

/* A member of an object; keys are compared as they are written, escapes and all. */
struct str json_member(struct str object, const char *key);

/* The members of an object in turn: *at is 0 first. The key is a string's value. False behind the
 * last. */
bool json_each(struct str object, size_t *at, struct str *key, struct str *value);

bool json_is_empty(struct str value); /* no value, or an object or array of nothing */

/* The elements of an array: *rest is the array first. False behind the last. */
bool json_next(struct str *rest, struct str *element);

/* The members of an object: *rest is the object first. Keys are strings, as they are written. */
bool json_next_member(struct str *rest, struct str *key, struct str *value);

/* A string's text: a slice of the value, or a copy in `a` when it has escapes. */
struct str json_text(struct arena *a, struct str value);

/* A whole number that fits. */
int64_t json_int(struct str value);

#endif
