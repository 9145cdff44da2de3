/* /api/auth: one's account, signing in and out. */
#include "app/app.h"
#include "app/credentials.h"
#include "app/handlers.h"
#include "app/request.h"
#include "db/auth.h"
#include "db/user.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/secret.h"
#include "lib/str.h"

#include <string.h>

#define DAY_S        (24 * 3600)
#define HASH_WAIT_MS 2000 /* for others' passwords to be hashed first */

/* ---- passwords ------------------------------------------------------------ */

static struct err
take_hash_slot(const struct request *rq)
{
    return slots_take_within(&rq->app->slots, SLOT_HASH, HASH_WAIT_MS)
               ? OK
               : ERR(ERR_RATE_LIMITED, "too many people sign in at this moment: try again");
}

static struct err
hash_password(struct request *rq, const char *password, const char **out)
{
    struct err e;

    TRY(take_hash_slot(rq));
    e = secret_password_hash(rq->arena, password, out);
    slots_release(&rq->app->slots, SLOT_HASH);
    return e;
}

/* The same work is done for an account that does not exist. */
static struct err
check_password(struct request *rq, const char *stored, const char *password)
{
    bool right;

    TRY(take_hash_slot(rq));
    right = secret_password_check(stored, password);
    slots_release(&rq->app->slots, SLOT_HASH);
    return right ? OK : ERR(ERR_UNAUTHENTICATED, "the e-mail address or the password is wrong");
}

/* ---- sessions ------------------------------------------------------------- */

static void
set_cookie(struct request *rq, struct reply *rp, const char *token, int64_t max_age_s)
{
    bool https = rq->app->own_origin ? rq->app->own_https : rq->wire.https;

    reply_header(rp, "Set-Cookie", "%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%lld%s",
                 https ? AUTH_COOKIE_SECURE : AUTH_COOKIE, token, (long long)max_age_s,
                 https ? "; Secure" : "");
}

/* A header's start, as far as PostgreSQL takes it for text. */
static const char *
user_agent(struct request *rq)
{
    struct str s = str_from(rq->wire.user_agent);

    s.len = str_utf8_valid(s);
    return s.len ? str_dup(rq->arena, str_utf8_prefix(s, AUTH_USER_AGENT_MAX)) : NULL;
}

/* In a writing transaction of that user. */
static struct err
start_session(struct request *rq, struct reply *rp, struct id user_id)
{
    char token[SECRET_TOKEN_TEXT + 1];
    struct auth_session_new session = {
        .id = id_new(),
        .user_id = user_id,
        .token = token,
        .user_agent = user_agent(rq),
        .address = rq->wire.address,
        .idle_s = config_int(SET_SESSION_IDLE_D) * DAY_S,
        .max_s = config_int(SET_SESSION_MAX_D) * DAY_S,
    };

    secret_token(token);
    TRY(auth_session_add(rq->db, &session));
    set_cookie(rq, rp, token, session.max_s);
    return OK;
}

/* Who signs in leaves the session behind that the browser had before. */
static struct err
end_shown_session(struct request *rq)
{
    bool https = rq->app->own_origin ? rq->app->own_https : rq->wire.https;
    struct auth_caller before;
    enum credential kind;
    const char *token;
    struct err e;

    TRY(credentials_read(rq->arena, NULL, rq->wire.cookie, https, &kind, &token));
    if (kind != CREDENTIAL_SESSION)
        return OK;
    e = auth_by_session(rq->db, rq->arena, token, &before);
    if (e.code == ERR_UNAUTHENTICATED)
        return OK;
    if (e.code)
        return e;
    return auth_session_end(rq->db, rq->arena, before.credential_id);
}

/* ---- the handlers --------------------------------------------------------- */

static void
write_user(struct json_writer *w, const struct user *u)
{
    jw_object(w, NULL);
    jw_id(w, "id", u->id);
    jw_str(w, "email", u->email);
    jw_str(w, "name", u->name);
    jw_str(w, "role", u->role);
    jw_str(w, "created_at", u->created_at);
    jw_object_end(w);
}

/* Enough of a check to catch a slip; whether mail arrives there only mail can tell. */
static const char *
read_email(struct json_reader *in)
{
    const char *email = jr_str(in, "email", 3, USER_EMAIL_MAX);
    const char *at = email ? strchr(email, '@') : NULL;

    if (!email)
        return NULL;
    for (const char *p = email; *p; p++)
        if (*p <= ' ' && *p >= '\0')
            at = NULL;
    if (!at || at == email || !at[1] || strchr(at + 1, '@'))
        jr_problem(in, "email", "must be an e-mail address");
    return email;
}

static const char *
name_from(struct request *rq, const char *email)
{
    return arena_strndup(rq->arena, email, strcspn(email, "@"));
}

struct err
accounts_register(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *email = read_email(in);
    const char *password = jr_str(in, "password", PASSWORD_MIN, PASSWORD_MAX);
    const char *name = jr_opt_str(in, "name", 1, USER_NAME_MAX), *hash;
    bool is_open = strcmp(config_str(SET_REGISTRATION), "open") == 0, is_first;
    struct user user;

    TRY(jr_check(in));
    if (!is_open) {
        TRY(request_next(rq, TX_READ));
        TRY(user_is_first(rq->db, rq->arena, &is_first));
        if (!is_first)
            return ERR(ERR_FORBIDDEN, "accounts are not open to everybody here");
    }
    TRY(hash_password(rq, password, &hash));
    TRY(request_next(rq, TX_WRITE));
    TRY(end_shown_session(rq));
    TRY(user_insert(rq->db, rq->arena, id_new(), email, name ? name : name_from(rq, email), hash,
                    &user));
    /* Of two who were first at once, one is not. */
    if (!is_open && strcmp(user.role, "admin") != 0)
        return ERR(ERR_FORBIDDEN, "accounts are not open to everybody here");
    TRY(start_session(rq, rp, user.id));
    write_user(reply_created(rp, "/api/auth/me"), &user);
    return OK;
}

struct err
accounts_login(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *email = jr_str(in, "email", 1, USER_EMAIL_MAX);
    const char *password = jr_str(in, "password", 1, PASSWORD_MAX);
    struct auth_account account;
    struct user user;

    TRY(jr_check(in));
    TRY(request_next(rq, TX_READ));
    TRY(auth_account(rq->db, rq->arena, email, &account));
    TRY(check_password(rq, account.disabled ? NULL : account.password_hash, password));

    TRY(request_next(rq, TX_WRITE));
    TRY(end_shown_session(rq));
    db_be_user(rq->db, account.user_id);
    TRY(user_get(rq->db, rq->arena, account.user_id, &user));
    TRY(start_session(rq, rp, user.id));
    write_user(reply_json(rp, 200), &user);
    return OK;
}

struct err
accounts_logout(struct request *rq, struct reply *rp)
{
    if (!rq->caller.is_session)
        return ERR(ERR_CONFLICT, "an API key does not sign out: delete it");
    TRY(auth_session_end(rq->db, rq->arena, rq->caller.credential_id));
    set_cookie(rq, rp, "", 0);
    reply_empty(rp);
    return OK;
}

struct err
accounts_read(struct request *rq, struct reply *rp)
{
    struct user user;

    TRY(user_get(rq->db, rq->arena, rq->caller.user_id, &user));
    write_user(reply_json(rp, 200), &user);
    return OK;
}

struct err
accounts_update(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *name = jr_opt_str(in, "name", 1, USER_NAME_MAX);
    struct user user;

    TRY(jr_check(in));
    TRY(user_update(rq->db, rq->arena, rq->caller.user_id, NULL, name, &user));
    write_user(reply_json(rp, 200), &user);
    return OK;
}

struct err
accounts_password(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *current = jr_str(in, "current_password", 1, PASSWORD_MAX);
    const char *wanted = jr_str(in, "new_password", PASSWORD_MIN, PASSWORD_MAX);
    char token[SECRET_TOKEN_TEXT + 1];
    const char *stored, *hash;

    TRY(jr_check(in));
    TRY(user_password(rq->db, rq->arena, rq->caller.user_id, &stored));
    if (check_password(rq, stored, current).code)
        return ERR(ERR_FORBIDDEN, "the current password is wrong");
    TRY(hash_password(rq, wanted, &hash));

    TRY(request_next(rq, TX_WRITE));
    secret_token(token);
    TRY(user_set_password(rq->db, rq->caller.user_id, hash));
    TRY(auth_session_end_others(rq->db, rq->caller.is_session ? rq->caller.credential_id : ID_NONE,
                                token));
    if (rq->caller.is_session)
        set_cookie(rq, rp, token, config_int(SET_SESSION_MAX_D) * DAY_S);
    reply_empty(rp);
    return OK;
}
