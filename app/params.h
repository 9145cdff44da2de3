/*
 * Params: the parameters of a URL, read as json_reader reads a body: each reader
 * returns the value or notes a problem and returns what stands for unset;
 * params_check() is asked once, and refuses parameters that nobody asked for.
 *
 * Pure. Texts live in the arena.
 */
#ifndef APP_PARAMS_H
#define APP_PARAMS_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/id.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define PARAMS_MAX 32

struct params {
    struct arena *arena;
    struct {
        const char *name, *value;
        bool asked;
    } list[PARAMS_MAX];
    size_t count;
    struct err err;      /* the first problem */
    struct buf problems; /* elements of problem+json "errors", comma separated */
};

/* Decode "a=1&b=x%20y". Never fails; see params_check(). NULL is an empty one. */
void params_parse(struct params *p, struct arena *a, const char *text);

/* Whether it is given, empty or not. */
bool params_has(const struct params *p, const char *name);

/* At most `max` characters; NULL when absent or empty. */
const char *params_str(struct params *p, const char *name, size_t max);
int64_t params_int(struct params *p, const char *name, int64_t min, int64_t max, int64_t unset);
struct id params_id(struct params *p, const char *name);

/* The index in a NULL-terminated list of words; -1 when absent. */
int params_word(struct params *p, const char *name, const char *const *words);

/* Note a problem in the caller's own words ("must be ..."). */
void params_problem(struct params *p, const char *name, const char *detail);

/* OK, or ERR_INVALID, or ERR_MALFORMED for bytes that are no query. */
struct err params_check(struct params *p) CHECKED;

/*
 * Replace %XX (and '+' by a space, in a query). False for a broken escape,
 * U+0000 or text that is not UTF-8.
 */
enum percent { PERCENT_PATH, PERCENT_QUERY };
bool percent_decode(struct arena *a, struct str s, enum percent kind, const char **out);

#endif
