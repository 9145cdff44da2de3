#include "db/auth.h"

#include "db/db.h"
#include "lib/arena.h"
#include "lib/secret.h"

#include <assert.h>
#include <string.h>

const char *const auth_scope_names[] = { "read", "write", "admin", NULL };

static enum auth_scope
read_scope(const char *name)
{
    for (int i = 0; auth_scope_names[i]; i++)
        if (strcmp(auth_scope_names[i], name) == 0)
            return (enum auth_scope)i;
    assert(false && "not a scope");
    return SCOPE_READ;
}

static struct err
by_token(struct db *db, struct arena *a, enum query q, const char *token, struct auth_caller *out)
{
    struct row row;
    struct err e;
    char hash[65];

    if (q != Q_AUTH_PROXY)
        secret_hash_hex(token, hash);
    e = db_one(db, a, q, ARGS(arg_str(q == Q_AUTH_PROXY ? token : hash)), &row);
    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_UNAUTHENTICATED, "the credentials are not valid, or not any more");
    if (e.code)
        return e;
    *out = (struct auth_caller){
        .user_id = row_id(&row, "user_id"),
        .credential_id = row_id(&row, "credential_id"),
        .scope = read_scope(row_str(&row, "scope")),
        .is_session = q == Q_AUTH_SESSION,
        .is_key = q == Q_AUTH_KEY,
        .limits = { .requests_per_minute = row_opt_int(&row, "requests_per_minute", 0),
                    .unfinished_max = row_opt_int(&row, "unfinished_max", 0),
                    .tokens_per_day = row_opt_int(&row, "tokens_per_day", 0) },
        .is_admin = strcmp(row_str(&row, "role"), "admin") == 0,
        .is_stale = row_bool(&row, "stale"),
        .epoch = row_int(&row, "epoch"),
    };
    snprintf(out->good_until, sizeof(out->good_until), "%s",
             row_opt_str(&row, "good_until") ? row_opt_str(&row, "good_until") : "");
    return OK;
}

struct err
auth_by_session(struct db *db, struct arena *a, const char *token, struct auth_caller *out)
{
    return by_token(db, a, Q_AUTH_SESSION, token, out);
}

struct err
auth_by_key(struct db *db, struct arena *a, const char *key, struct auth_caller *out)
{
    return by_token(db, a, Q_AUTH_KEY, key, out);
}

struct err
auth_by_proxy(struct db *db, struct arena *a, const char *email, struct auth_caller *out)
{
    return by_token(db, a, Q_AUTH_PROXY, email, out);
}

struct err
auth_by_visitor(struct db *db, struct arena *a, struct id request_id, const char *token,
                struct id *owner_id, struct id *agent_id)
{
    struct row row;
    struct err e;
    char hash[65];

    secret_hash_hex(token, hash);
    e = db_one(db, a, Q_AUTH_VISITOR, ARGS(arg_id(request_id), arg_str(hash)), &row);
    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_NOT_FOUND, "request not found");
    if (e.code)
        return e;
    *owner_id = row_id(&row, "user_id");
    *agent_id = row_id(&row, "agent_id");
    return OK;
}

struct err
auth_again(struct db *db, struct arena *a, const struct auth_caller *caller, struct rows *answer)
{
    return db_ask(db, a, Q_AUTH_AGAIN,
                  ARGS(arg_id(caller->user_id), arg_int(caller->epoch),
                       arg_str(caller->good_until[0] ? caller->good_until : NULL)),
                  answer);
}

bool
auth_holds(const struct rows *answer)
{
    struct row row;

    if (!answer->res || answer->count == 0)
        return false;
    row = row_at(answer, 0);
    return row_bool(&row, "holds");
}

struct err
auth_touch(struct db *db, const struct auth_caller *caller)
{
    return db_later(db, caller->is_session ? Q_AUTH_TOUCH_SESSION : Q_AUTH_TOUCH_KEY,
                    ARGS(arg_id(caller->credential_id)));
}

struct err
auth_still_good(struct db *db, struct arena *a, const struct id *ids, size_t n, struct id **out,
                size_t *count)
{
    struct rows rows;
    struct id *good;

    TRY(db_all(db, a, Q_AUTH_STILL_GOOD, ARGS(arg_ids(a, ids, n)), &rows));
    good = arena_array(a, (size_t)rows.count, sizeof(*good));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        good[i] = row_id(&row, "id");
    }
    *out = good;
    *count = (size_t)rows.count;
    return OK;
}

struct err
auth_account(struct db *db, struct arena *a, const char *email, struct auth_account *out)
{
    struct row row;
    struct err e = db_one(db, a, Q_AUTH_ACCOUNT, ARGS(arg_str(email)), &row);

    if (e.code && e.code != ERR_NOT_FOUND)
        return e;
    *out = (struct auth_account){ .user_id = ID_NONE };
    if (e.code)
        return OK;
    out->user_id = row_id(&row, "user_id");
    out->password_hash = row_opt_str(&row, "password_hash");
    out->disabled = row_bool(&row, "disabled");
    return OK;
}

struct err
auth_session_add(struct db *db, const struct auth_session_new *session)
{
    char hash[65];

    secret_hash_hex(session->token, hash);
    return db_later(db, Q_AUTH_SESSION_ADD,
                    ARGS(arg_id(session->id), arg_id(session->user_id), arg_str(hash),
                         arg_str(session->user_agent), arg_str(session->address),
                         arg_int(session->idle_s), arg_int(session->max_s)));
}

struct err
auth_session_list(struct db *db, struct arena *a, struct auth_session **out, size_t *count)
{
    struct auth_session *list;
    struct rows rows;

    TRY(db_all(db, a, Q_AUTH_SESSION_LIST, ARGS(arg_int(AUTH_SESSIONS_MAX)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = (struct auth_session){
            .id = row_id(&row, "id"),
            .user_agent = row_opt_str(&row, "user_agent"),
            .address = row_opt_str(&row, "address"),
            .created_at = row_str(&row, "created_at"),
            .last_seen_at = row_str(&row, "last_seen_at"),
            .expires_at = row_str(&row, "expires_at"),
        };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
auth_session_end(struct db *db, struct arena *a, struct id id)
{
    struct row row;

    return db_one(db, a, Q_AUTH_SESSION_END, ARGS(arg_id(id)), &row);
}

struct err
auth_session_end_others(struct db *db, struct id kept, const char *token)
{
    char hash[65];

    secret_hash_hex(token, hash);
    return db_later(db, Q_AUTH_SESSION_END_OTHERS, ARGS(arg_id(kept), arg_str(hash)));
}
