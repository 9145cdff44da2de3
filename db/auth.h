/*
 * Auth: who calls, and the sessions of browsers. A token is shown to its holder
 * once; the database keeps its SHA-256.
 */
#ifndef DB_AUTH_H
#define DB_AUTH_H

#include "db/quota.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

/* The session cookie, and its name where users come by https. */
#define AUTH_COOKIE        "session"
#define AUTH_COOKIE_SECURE "__Host-session"

#define AUTH_USER_AGENT_MAX 500 /* characters kept of a browser's name */

/* What a credential may do; a session may do all that its user may. */
enum auth_scope { SCOPE_READ, SCOPE_WRITE, SCOPE_ADMIN };
extern const char *const auth_scope_names[]; /* ends with NULL */

struct auth_caller {
    struct id user_id;
    struct id credential_id; /* of the session or the key; the user's own behind a proxy */
    enum auth_scope scope;
    bool is_session;
    bool is_key;
    struct quota_limits limits; /* of the key; those of the user are settings */
    bool is_admin;              /* the user's role */
    bool is_stale;              /* its last use was noted some minutes ago: see auth_touch() */
    /* for auth_again() */
    int64_t epoch;
    char good_until[CLOCK_TEXT + 1]; /* "" for ever */
};

/*
 * Whose token is this? Makes its holder the caller of the open transaction.
 * ERR_UNAUTHENTICATED when it is unknown, has ended or its user is disabled.
 */
struct err auth_by_session(struct db *db, struct arena *a, const char *token,
                           struct auth_caller *out) CHECKED;
struct err auth_by_key(struct db *db, struct arena *a, const char *key,
                       struct auth_caller *out) CHECKED;

/* The same for an address that a trusted proxy states. */
struct err auth_by_proxy(struct db *db, struct arena *a, const char *email,
                         struct auth_caller *out) CHECKED;

/*
 * Whose agent answers the question that a visitor's token (db/visitor.h) is
 * for? Makes nobody the caller. ERR_NOT_FOUND when it is not for that request,
 * or the agent is not public (any more).
 */
struct err auth_by_visitor(struct db *db, struct arena *a, struct id request_id, const char *token,
                           struct id *owner_id, struct id *agent_id) CHECKED;

/*
 * Ask whether a caller who was identified some time ago still is who it was,
 * and make it the caller of the open transaction: a fraction of the work of
 * looking the token up. Queued: auth_holds() knows once the answer is there
 * (see db_ask()); until then nothing may be shown. Where it does not hold the
 * transaction is nobody's, and whatever follows in it finds nothing to change.
 * False also for what has not been answered.
 */
struct rows;
struct err auth_again(struct db *db, struct arena *a, const struct auth_caller *caller,
                      struct rows *answer) CHECKED;
bool auth_holds(const struct rows *answer);

/* Note that a credential is in use, in a transaction of its user. Queued. */
struct err auth_touch(struct db *db, const struct auth_caller *caller) CHECKED;

/*
 * Those of some credentials that may still be used, in any order: sessions, keys, and agents
 * under which visitors watch.
 */
struct err auth_still_good(struct db *db, struct arena *a, const struct id *ids, size_t n,
                           struct id **out, size_t *count) CHECKED;

/* The account behind an e-mail address. All unset when there is none. */
struct auth_account {
    struct id user_id;
    const char *password_hash; /* NULL when it has no password */
    bool disabled;
};
struct err auth_account(struct db *db, struct arena *a, const char *email,
                        struct auth_account *out) CHECKED;

/* ---- sessions of the caller ----------------------------------------------- */

struct auth_session_new {
    struct id id, user_id;
    const char *token;
    const char *user_agent, *address; /* may be NULL */
    int64_t idle_s, max_s; /* ends when unused that long, and that long after its start */
};

/* Queued. */
struct err auth_session_add(struct db *db, const struct auth_session_new *session) CHECKED;

struct auth_session {
    struct id id;
    const char *user_agent, *address;                   /* may be NULL */
    const char *created_at, *last_seen_at, *expires_at; /* RFC 3339 */
};

/* Those that have not ended, newest first; at most AUTH_SESSIONS_MAX. */
#define AUTH_SESSIONS_MAX 1000
struct err auth_session_list(struct db *db, struct arena *a, struct auth_session **out,
                             size_t *count) CHECKED;

/* End one, and tell the gateway. ERR_NOT_FOUND when it is not the caller's. */
struct err auth_session_end(struct db *db, struct arena *a, struct id id) CHECKED;

/*
 * After a change of password: end all sessions of the caller but `kept`, give
 * that one a new token and tell the gateway. Queued.
 */
struct err auth_session_end_others(struct db *db, struct id kept, const char *token) CHECKED;

#endif
