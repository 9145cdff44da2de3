/*
 * Child: run a program over bytes in a process that can do nothing but compute: it
 * has the input and the output as files in memory, no other descriptor, no
 * environment, no network where the kernel lets us take it away, and limits on
 * CPU, memory and what it writes. It dies with us.
 */
#ifndef WORKER_EXTRACT_CHILD_H
#define WORKER_EXTRACT_CHILD_H

#include "lib/err.h"
#include "lib/str.h"

struct arena;

struct child {
    const char *const *argv; /* argv[0] is a path; ends with NULL */
    struct str input;        /* its stdin */
    unsigned cpu_s;          /* and twice that by the clock */
    size_t memory;           /* bytes of address space */
    size_t output_max;       /* bytes of stdout */
};

/*
 * Its stdout, when it ended with 0. ERR_MALFORMED when it ended otherwise, ERR_TIMEOUT out of
 * time, ERR_UNAVAILABLE when it could not be started, ERR_INTERNAL when there is no such program.
 */
struct err child_run(struct arena *a, const struct child *c, struct str *out) CHECKED;

#endif
