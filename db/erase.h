/*
 * Erase: the end of an account. user_end() makes it unusable and nameless at
 * once; a job then removes what it holds, some rows at a time. What is deleted
 * and what is kept without a name is listed in user_erase() of the migration 0005.
 */
#ifndef DB_ERASE_H
#define DB_ERASE_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdint.h>

struct arena;
struct db;

#define ERASE_KIND "erase_user" /* job; its subject is the user */

/*
 * In the user's own transaction or an admin's: end the account, and add the job.
 * ERR_NOT_FOUND; ERR_CONFLICT for the only admin.
 */
struct err user_end(struct db *db, struct arena *a, struct id id,
                    const char *http_request_id) CHECKED;

enum erase_state { ERASE_WAITS = -1, ERASE_DONE = 0, ERASE_MORE = 1 };

/* For the worker: about `most` rows. ERASE_WAITS: for the end of the user's running jobs. */
struct err user_erase(struct db *db, struct arena *a, struct id id, int64_t most,
                      enum erase_state *out) CHECKED;

#endif
