/*
 * Schema: whether the arguments that a model gives a tool fit the JSON Schema that
 * it was shown: type, enum, required, properties, additionalProperties (false),
 * items, minimum, maximum, minLength, maxLength. Other keywords are for the model only.
 *
 * Pure. ERR_INVALID with a message for the model, which names the place.
 */
#ifndef WORKER_SCHEMA_H
#define WORKER_SCHEMA_H

#include "lib/err.h"
#include "lib/str.h"

struct arena;

/* `schema` and `value` have passed json_check(). */
struct err schema_check(struct arena *a, struct str schema, struct str value) CHECKED;

#endif
