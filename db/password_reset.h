/*
 * Password_reset: the right to set an account's password without knowing the
 * old one, once, for some hours. What is sent is a signed token of its id (see
 * token.h).
 */
#ifndef DB_PASSWORD_RESET_H
#define DB_PASSWORD_RESET_H

#include "lib/err.h"
#include "lib/id.h"

struct arena;
struct db;

#define PASSWORD_RESET_KEEP_H 2

/* For the caller of the transaction, or any user in an admin's. ERR_NOT_FOUND at the next answer.
 */
struct err password_reset_add(struct db *db, struct id id, struct id user_id) CHECKED;

/*
 * Use one: sets the password, ends all sessions and other resets of the account,
 * and makes it the transaction's caller. ERR_INVALID when it was used or has
 * ended.
 */
struct err password_reset_use(struct db *db, struct arena *a, struct id id,
                              const char *password_hash, struct id *user_id) CHECKED;

#endif
