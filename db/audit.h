/*
 * Audit: who did what to accounts and rights, when and from where. This table
 * is the whole of it; the request log has what was only read.
 *
 * An entry is written in the transaction of what it tells; what was refused, in
 * one of its own. Nobody can change or remove one; they leave by the week,
 * OFFSTAGE_AUDIT_KEEP_D days later.
 */
#ifndef DB_AUDIT_H
#define DB_AUDIT_H

#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

/* AUDIT(name, as it is stored, what it means; subject and detail) */
#define AUDIT_ACTIONS(AUDIT)                                                                       \
    AUDIT(REGISTERED, "account.registered", "an account was made; subject: it")                    \
    AUDIT(SIGNED_IN, "session.started", "a password was right")                                    \
    AUDIT(SIGN_IN_FAILED, "session.refused", "a password was wrong; detail: the address tried")    \
    AUDIT(SESSION_ENDED, "session.ended", "signed out, or a session ended; subject: it")           \
    AUDIT(PASSWORD_CHANGED, "password.changed", "by its owner")                                    \
    AUDIT(RESET_MADE, "reset.made", "a reset was offered by an operator; subject: whose")          \
    AUDIT(RESET_USED, "reset.used", "a password was set by a reset")                               \
    AUDIT(KEY_MADE, "key.made", "subject: the key; detail: its scope")                             \
    AUDIT(KEY_REVOKED, "key.revoked", "subject: the key")                                          \
    AUDIT(USER_CHANGED, "user.changed", "subject: who; detail: role and state now")                \
    AUDIT(INVITATION_MADE, "invitation.made", "subject: it; detail: for whom, as what")            \
    AUDIT(INVITATION_REVOKED, "invitation.revoked", "subject: it")                                 \
    AUDIT(REFUSED, "access.refused", "a known caller asked for what is not for them; detail: it")

enum audit_action {
#define AUDIT(name, text, meaning) AUDIT_##name,
    AUDIT_ACTIONS(AUDIT)
#undef AUDIT
        AUDIT_ACTION_COUNT
};
extern const char *const audit_action_names[AUDIT_ACTION_COUNT + 1]; /* ends with NULL */

#define AUDIT_DETAIL_MAX 500 /* bytes; longer ones are cut */

struct audit_entry {
    enum audit_action action;
    struct id user_id; /* the transaction's caller, or unset: nobody who is known */
    struct id credential_id, subject_id;
    const char *address, *request_id, *detail; /* may be NULL */
};

/* Queued. */
struct err audit_add(struct db *db, struct arena *a, const struct audit_entry *entry) CHECKED;

struct audit_filter {
    struct id user_id;  /* who did it; unset: anybody */
    const char *action; /* NULL: any */
    struct id before;   /* the last one of the page before; unset: newest */
    int limit;
};
struct audit_info {
    struct id id, user_id, credential_id, subject_id;
    const char *at, *action, *email, *address, *request_id, *detail; /* but the first two, may be
                                                                        NULL; email: of the user */
};

/* Newest first; in an admin's transaction. */
struct err audit_list(struct db *db, struct arena *a, const struct audit_filter *filter,
                      struct audit_info **out, size_t *count) CHECKED;

/* Drop whole weeks that ended more than that many days ago. */
struct err audit_sweep(struct db *db, struct arena *a, int64_t keep_days) CHECKED;

#endif
