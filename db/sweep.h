/*
 * Sweep: rows that nobody asks for any more and that no partition takes along.
 * Each call removes at most `most` rows, so that no transaction is long;
 * *removed tells how many.
 */
#ifndef DB_SWEEP_H
#define DB_SWEEP_H

#include "lib/err.h"

#include <stdint.h>

struct arena;
struct db;

/* Sessions past their end. */
struct err sweep_sessions(struct db *db, struct arena *a, int64_t most, int64_t *removed) CHECKED;

/* Idempotency keys older than IDEMPOTENCY_KEEP_H. */
struct err sweep_idempotency(struct db *db, struct arena *a, int64_t most,
                             int64_t *removed) CHECKED;

/* Password resets past their end, and tries of logins that count no more. */
struct err sweep_resets(struct db *db, struct arena *a, int64_t most, int64_t *removed) CHECKED;
struct err sweep_logins(struct db *db, struct arena *a, int64_t most, int64_t *removed) CHECKED;

/*
 * One batch of at most `most` messages of chats that are in the bin for bin_d days or
 * untouched for keep_d days (0: kept), and the chats that are empty then. *removed is 0
 * when nothing was left to do.
 */
struct err sweep_chats(struct db *db, struct arena *a, int64_t most, int64_t bin_d, int64_t keep_d,
                       int64_t *removed) CHECKED;

/* Files of imports that no job has read within a week, some at a time. */
struct err sweep_imports(struct db *db, struct arena *a, int64_t most, int64_t *removed) CHECKED;

#endif
