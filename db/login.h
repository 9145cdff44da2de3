/*
 * Login: how often a password may be tried. A try is taken before the password
 * is looked at, so that many at once are counted too, and given back when it
 * was right. An account takes `per_minute` tries from one network (/24, /64),
 * and ten times as many from everywhere; so does a network for all accounts.
 */
#ifndef DB_LOGIN_H
#define DB_LOGIN_H

#include "lib/err.h"

#include <stdint.h>

struct arena;
struct db;

/*
 * Take a try in the open transaction, to be committed before the password is
 * looked at. ERR_RATE_LIMITED when none is left, with *wait_s until there is
 * one: the transaction is to be undone. `per_minute` 0: no limit.
 */
struct err login_take(struct db *db, struct arena *a, const char *email, const char *address,
                      int64_t per_minute, int64_t *wait_s) CHECKED;

/* Give it back. Queued. */
struct err login_give_back(struct db *db, const char *email, const char *address,
                           int64_t per_minute) CHECKED;

#endif
