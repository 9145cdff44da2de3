/*
 * Invitation: an offer of an account to somebody's e-mail address, once. What
 * is sent is a signed token of its id (see ticket.h). Admins' business.
 */
#ifndef DB_INVITATION_H
#define DB_INVITATION_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct db;
struct page;

#define INVITATION_KEEP_D 14 /* days for which one holds */

struct invitation {
    struct id id;
    const char *email, *role;
    const char *created_at, *expires_at, *accepted_at; /* accepted_at: NULL while it is open */
};

/* In an admin's transaction. `by` may be unset: the operator. ERR_CONFLICT: there is an account. */
struct err invitation_add(struct db *db, struct arena *a, struct id by, const char *email,
                          const char *role, struct invitation *out) CHECKED;

/* Newest first. */
struct err invitation_list(struct db *db, struct arena *a, const struct page *page,
                           struct invitation **out, size_t *count) CHECKED;

/* ERR_NOT_FOUND. */
struct err invitation_delete(struct db *db, struct arena *a, struct id id) CHECKED;

/* An open one, for the worker that mails it. ERR_NOT_FOUND. */
struct err invitation_get(struct db *db, struct arena *a, struct id id,
                          struct invitation *out) CHECKED;

/*
 * The account that was just made, whose user is the caller, was invited: it gets
 * the role that was offered. ERR_INVALID when the invitation was used, has
 * ended or is for another address. Queued.
 */
struct err invitation_accept(struct db *db, struct id id, struct id account) CHECKED;

#endif
