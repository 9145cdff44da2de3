/*
 * Heard: what a dialect's listener hears of a reply, as one line of text.
 */
#ifndef TESTS_HARNESS_HEARD_H
#define TESTS_HARNESS_HEARD_H

#include "worker/model/dialect.h"

typedef struct err (*heard_end)(void *reply, struct arena *scratch, struct dialect_heard **out,
                                size_t *count);

/* Feed the body in pieces of `step` bytes: "(text Hel)(call 0 id name)", then how it ended. */
const char *heard_in_steps(struct arena *a, void *reply, heard_end end, struct str body,
                           size_t step);

#endif
