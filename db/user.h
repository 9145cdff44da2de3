/*
 * User: an account. A user sees itself only, unless the transaction is an
 * admin's. The first user of all is an admin.
 */
#ifndef DB_USER_H
#define DB_USER_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct db;

#define USER_EMAIL_MAX 320 /* characters */
#define USER_NAME_MAX  200 /* characters */

struct user {
    struct id id;
    const char *email, *name, *role; /* role: user, admin */
    bool disabled;
    const char *created_at;
};

/* True while there is no user at all; then nobody else makes one until this transaction ends. */
struct err user_is_first(struct db *db, struct arena *a, bool *out) CHECKED;

/*
 * Add an account and make it the caller of the transaction. ERR_CONFLICT when
 * the address is taken.
 */
struct err user_insert(struct db *db, struct arena *a, struct id id, const char *email,
                       const char *name, const char *password_hash, struct user *out) CHECKED;

/* ERR_NOT_FOUND when there is none or it is not to be seen. */
struct err user_get(struct db *db, struct arena *a, struct id id, struct user *out) CHECKED;

/* NULL leaves a value as it is. ERR_CONFLICT when the address is taken. */
struct err user_update(struct db *db, struct arena *a, struct id id, const char *email,
                       const char *name, struct user *out) CHECKED;

/* For admins, in their transaction: everybody, newest first; `part` is of the address or the name.
 */
struct page;
struct err user_list(struct db *db, struct arena *a, const struct page *page, const char *part,
                     struct user **out, size_t *count) CHECKED;
struct err user_find(struct db *db, struct arena *a, const char *email, struct user *out) CHECKED;

/*
 * Likewise: NULL and -1 leave a value as it is. Who is disabled is out at once,
 * with all sessions.
 */
struct err user_manage(struct db *db, struct arena *a, struct id id, const char *role, int disabled,
                       struct user *out) CHECKED;

/* Queued. */
struct err user_set_password(struct db *db, struct id id, const char *password_hash) CHECKED;

/* NULL when the user has none. */
struct err user_password(struct db *db, struct arena *a, struct id id, const char **out) CHECKED;

#endif
