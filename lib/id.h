/*
 * Id: a UUID as a type of its own, by value, so that text that was never
 * checked cannot be passed as an id. New ids are UUIDv7 (RFC 9562, 5.7): they
 * sort by time of making, strictly so within one process.
 */
#ifndef LIB_ID_H
#define LIB_ID_H

#include <stdbool.h>
#include <stdint.h>

#define ID_TEXT 36 /* characters */

struct id {
    char s[ID_TEXT + 1]; /* lower-case canonical text; "" when unset */
};

#define ID_NONE ((struct id){ "" })

/* A new UUIDv7. Safe in threads and after fork(). */
struct id id_new(void);

/* True, and *out set, when `text` is a UUID in canonical form (any case). */
bool id_parse(const char *text, struct id *out);

bool id_is_set(struct id id);
bool id_eq(struct id a, struct id b);

/* The 16 bytes (zeros for an unset id), and back. */
void id_bytes(struct id id, uint8_t out[16]);
struct id id_from_bytes(const uint8_t bytes[16]);

/* Unix milliseconds in a UUIDv7. */
int64_t id_time_ms(struct id id);

#endif
