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

#define DAY_S        ((int64_t)24 * 3600)
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

    reply_header(rp, "Set-Cookie",
                 arena_printf(rq->arena, "%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%lld%s",
                              https ? AUTH_COOKIE_SECURE : AUTH_COOKIE, token, (long long)max_age_s,
                              https ? "; Secure" : ""));
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

/* Who signs in ends the session that the browser shows. */
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

/* The transaction in which somebody signs in. */
static struct err
begin_session(struct request *rq)
{
    TRY(request_next(rq, TX_WRITE));
    return end_shown_session(rq);
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

static bool
is_open(void)
{
    return strcmp(config_str(SET_REGISTRATION), "open") == 0;
}

static struct err
not_open(void)
{
    return ERR(ERR_FORBIDDEN, "accounts are not open to everybody here");
}

static const char *
name_from(struct request *rq, const char *email)
{
    return arena_strndup(rq->arena, email, strcspn(email, "@"));
}

/* ERR_FORBIDDEN unless strangers may make accounts here, or this is the first of all. */
static struct err
check_open(struct request *rq)
{
    bool is_first;

    if (is_open())
        return OK;
    TRY(request_next(rq, TX_READ));
    TRY(user_is_first(rq->db, rq->arena, &is_first));
    return is_first ? OK : not_open();
}

static struct err
make_account(struct request *rq, const char *email, const char *name, const char *hash,
             struct user *out)
{
    TRY(user_insert(rq->db, rq->arena, id_new(), email, name ? name : name_from(rq, email), hash,
                    out));
    /* Of two who were first at once, one is not. */
    return is_open() || strcmp(out->role, "admin") == 0 ? OK : not_open();
}

struct err
accounts_register(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *email = read_email(in);
    const char *password = jr_str(in, "password", PASSWORD_MIN, PASSWORD_MAX);
    const char *name = jr_opt_str(in, "name", 1, USER_NAME_MAX), *hash;
    struct user user;

    TRY(jr_check(in));
    TRY(check_open(rq));
    TRY(hash_password(rq, password, &hash));
    TRY(begin_session(rq));
    TRY(make_account(rq, email, name, hash, &user));
    TRY(start_session(rq, rp, user.id));
    write_user(reply_created(rp, "/api/auth/me"), &user);
    return OK;
}

/* A disabled account is treated like an unknown one. */
static struct err
check_login(struct request *rq, const char *email, const char *password, struct id *user_id)
{
    struct auth_account account;

    TRY(request_next(rq, TX_READ));
    TRY(auth_account(rq->db, rq->arena, email, &account));
    TRY(check_password(rq, account.disabled ? NULL : account.password_hash, password));
    *user_id = account.user_id;
    return OK;
}

struct err
accounts_login(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *email = jr_str(in, "email", 1, USER_EMAIL_MAX);
    const char *password = jr_str(in, "password", 1, PASSWORD_MAX);
    struct id user_id;
    struct user user;

    TRY(jr_check(in));
    TRY(check_login(rq, email, password, &user_id));
    TRY(begin_session(rq));
    db_be_user(rq->db, user_id);
    TRY(user_get(rq->db, rq->arena, user_id, &user));
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

/* All other sessions end, and this one gets another token. */
static struct err
change_password(struct request *rq, struct reply *rp, const char *hash)
{
    bool by_session = rq->caller.is_session;
    char token[SECRET_TOKEN_TEXT + 1];

    secret_token(token);
    TRY(user_set_password(rq->db, rq->caller.user_id, hash));
    TRY(auth_session_end_others(rq->db, by_session ? rq->caller.credential_id : ID_NONE, token));
    if (by_session)
        set_cookie(rq, rp, token, config_int(SET_SESSION_MAX_D) * DAY_S);
    return OK;
}

struct err
accounts_password(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *current = jr_str(in, "current_password", 1, PASSWORD_MAX);
    const char *wanted = jr_str(in, "new_password", PASSWORD_MIN, PASSWORD_MAX);
    const char *stored, *hash;
    struct err e;

    TRY(jr_check(in));
    TRY(user_password(rq->db, rq->arena, rq->caller.user_id, &stored));
    e = check_password(rq, stored, current);
    if (e.code)
        return e.code == ERR_UNAUTHENTICATED ? ERR(ERR_FORBIDDEN, "the current password is wrong")
                                             : e;
    TRY(hash_password(rq, wanted, &hash));
    TRY(request_next(rq, TX_WRITE));
    TRY(change_password(rq, rp, hash));
    reply_empty(rp);
    return OK;
}
