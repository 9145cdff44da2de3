/*
 * Slots: how many of the app's processes may do one kind of slow thing at once.
 * The kernel keeps count by locks on a file in memory, so that a process that
 * dies gives its slot back. One slot of a kind a process.
 */
#ifndef APP_SLOTS_H
#define APP_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

enum slot_kind {
    SLOT_HASH,  /* hash a password: 64 MiB and a core */
    SLOT_QUEUE, /* wait for the slot of another process, which takes moments */
    SLOT_WAIT,  /* wait for another program, and serve nobody meanwhile */
    SLOT_KIND_COUNT
};

struct slots {
    int fd;
    int limits[SLOT_KIND_COUNT];
};

/* In the master, before it forks; for that many processes. False when there is no memory file. */
bool slots_init(struct slots *s, int processes);

/* Take one; false when all are taken. */
bool slots_take(const struct slots *s, enum slot_kind kind);

/* The same, waiting up to `wait_ms` for one, in a slot of SLOT_QUEUE. */
bool slots_take_within(const struct slots *s, enum slot_kind kind, int64_t wait_ms);

void slots_release(const struct slots *s, enum slot_kind kind);

#endif
