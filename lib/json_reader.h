/*
 * JSON in: the members of one object that a client or another server sent.
 *
 * Each reader returns the value it was asked for. When it is missing or breaks
 * the rule it notes a problem and returns zero instead; the caller asks
 * jr_check() once, after reading everything, so that a client hears of every
 * bad member at the same time. jr_check() also refuses members that nobody
 * asked for. The text passes json_check() first; no value is coerced from
 * another type. Readers named opt_ take an absent or null member as unset.
 */
#ifndef LIB_JSON_READER_H
#define LIB_JSON_READER_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct json_object;

#define JR_KEYS_MAX 48 /* members that one object is asked for */

struct json_reader {
    struct arena *arena;
    struct json_object *object; /* NULL when the text was no JSON object */
    struct err err;       /* the first thing wrong with the document; of the outermost reader */
    struct buf *problems; /* elements of problem+json "errors", comma separated */
    const char *base;     /* JSON pointer of this object, "" for the document */
    const char *asked[JR_KEYS_MAX];
    int asked_count;
    struct json_reader *parent; /* of a nested reader */
};

/*
 * Check and parse `len` bytes that must be one JSON object. Never fails; see
 * jr_check(). `in` must stay where it is as long as nested readers are used.
 */
void jr_parse(struct json_reader *in, struct arena *a, const char *text, size_t len);

/* Strings of min..max characters (code points). They live in the arena. */
const char *jr_str(struct json_reader *in, const char *key, size_t min, size_t max);
const char *jr_opt_str(struct json_reader *in, const char *key, size_t min, size_t max);

/* One of the words of a NULL-terminated list; -1 when unset or refused. */
int jr_word(struct json_reader *in, const char *key, const char *const *words);
int jr_opt_word(struct json_reader *in, const char *key, const char *const *words);

int64_t jr_int(struct json_reader *in, const char *key, int64_t min, int64_t max);
int64_t jr_opt_int(struct json_reader *in, const char *key, int64_t min, int64_t max,
                   int64_t unset);
double jr_opt_double(struct json_reader *in, const char *key, double min, double max, double unset);
bool jr_opt_bool(struct json_reader *in, const char *key, bool unset);
struct id jr_id(struct json_reader *in, const char *key);
struct id jr_opt_id(struct json_reader *in, const char *key);

/* True when the member is there, null or not: a PATCH tells null from absent. */
bool jr_has(const struct json_reader *in, const char *key);

/* The length of an optional array of at most `max` elements; 0 when unset. */
size_t jr_opt_array(struct json_reader *in, const char *key, size_t max);

/* Element `i` of the array `key`, which jr_opt_array() has measured. */
const char *jr_array_str(struct json_reader *in, const char *key, size_t i, size_t min, size_t max);
void jr_array_object(struct json_reader *in, const char *key, size_t i, struct json_reader *out);

/* A nested object. False when absent, null or not an object; its problems join the parent's. */
bool jr_opt_object(struct json_reader *in, const char *key, struct json_reader *out);

/* A member as compact JSON text, whatever it is; NULL when unset or over `max` bytes. */
const char *jr_opt_raw(struct json_reader *in, const char *key, size_t max);

/* Note a problem with a member in the caller's own words ("must be ..."). */
void jr_problem(struct json_reader *in, const char *key, const char *detail);

/* The same of an error that says by itself what is wrong. */
void jr_error(struct json_reader *in, const char *key, struct err e);

/*
 * OK, or ERR_MALFORMED when the text was no JSON object, or ERR_INVALID when
 * any reader, of this object or a nested one, noted a problem or a member was
 * not asked for; the message tells the first problem. Ask nested readers before
 * their parent.
 */
struct err jr_check(struct json_reader *in) CHECKED;

#endif
