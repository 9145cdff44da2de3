/* /api/auth: one's account, signing in and out. */
#include "app/app.h"
#include "app/audit.h"
#include "app/email.h"
#include "app/handlers.h"
#include "app/passwords.h"
#include "app/request.h"
#include "app/session.h"
#include "app/user_json.h"
#include "db/auth.h"
#include "db/erase.h"
#include "db/invitation.h"
#include "db/login.h"
#include "db/ticket.h"
#include "db/user.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/secret.h"

#include <string.h>

/* The transaction in which somebody signs in. */
static struct err
begin_session(struct request *rq)
{
    TRY(request_next(rq, TX_WRITE));
    return session_end_shown(rq);
}

/* ---- registering ------------------------------------------------------------ */

struct newcomer {
    const char *email, *name, *hash;
    struct id invitation; /* unset: none was shown */
};

static bool
registration_is(const char *word)
{
    return strcmp(config_str(SET_REGISTRATION), word) == 0;
}

static bool
is_welcome(const struct newcomer *n)
{
    return registration_is("open") || (registration_is("invitation") && id_is_set(n->invitation));
}

static struct err
not_open(void)
{
    return registration_is("invitation")
               ? ERR(ERR_FORBIDDEN, "an account needs an invitation here")
               : ERR(ERR_FORBIDDEN, "accounts are not open to everybody here");
}

/* ERR_FORBIDDEN unless this stranger may make an account here, or is the first of all. */
static struct err
check_open(struct request *rq, const struct newcomer *n)
{
    bool is_first;

    if (is_welcome(n))
        return OK;
    TRY(request_next(rq, TX_READ));
    TRY(user_is_first(rq->db, rq->arena, &is_first));
    return is_first ? OK : not_open();
}

static struct err
make_account(struct request *rq, const struct newcomer *n, struct user *out)
{
    const char *name =
        n->name ? n->name : arena_strndup(rq->arena, n->email, strcspn(n->email, "@"));

    TRY(user_insert(rq->db, rq->arena, id_new(), n->email, name, n->hash, out));
    if (id_is_set(n->invitation)) {
        TRY(invitation_accept(rq->db, n->invitation, out->id));
        TRY(user_get(rq->db, rq->arena, out->id, out));
    }
    /* Of two who were first at once, one is not. */
    if (!is_welcome(n) && strcmp(out->role, "admin") != 0)
        return not_open();
    return audit_by(rq, out->id, AUDIT_REGISTERED, out->id, out->role);
}

struct err
accounts_register(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    struct newcomer newcomer = { .email = email_read(in, "email"),
                                 .name = jr_opt_str(in, "name", 1, USER_NAME_MAX) };
    const char *password = jr_str(in, "password", PASSWORD_MIN, PASSWORD_MAX);
    const char *token = jr_opt_str(in, "invitation", 1, TICKET_TEXT_MAX);
    struct user user;

    TRY(jr_check(in));
    if (token)
        TRY(ticket_read(rq->arena, config_str(SET_SECRET_KEY), TICKET_INVITATION, token,
                        &newcomer.invitation));
    TRY(check_open(rq, &newcomer));
    TRY(password_hash(rq, password, &newcomer.hash));
    TRY(begin_session(rq));
    TRY(make_account(rq, &newcomer, &user));
    TRY(session_start(rq, rp, user.id));
    user_write(reply_created(rp, "/api/auth/me"), &user, false);
    return OK;
}

/* ---- signing in and out ------------------------------------------------------ */

/*
 * The try is paid for, in a transaction of its own, before the password is
 * looked at: so that no number of tries at once gets around the count. A
 * disabled account is treated like an unknown one.
 */
static struct err
check_login(struct request *rq, const char *email, const char *password, struct id *user_id)
{
    struct auth_account account;
    struct err e;

    TRY(request_next(rq, TX_WRITE));
    TRY(login_take(rq->db, rq->arena, email, rq->wire.address, config_int(SET_LOGIN_RATE),
                   &rq->retry_after_s));
    TRY(auth_account(rq->db, rq->arena, email, &account));
    TRY(request_next(rq, TX_NONE));
    e = password_check(rq, account.disabled ? NULL : account.password_hash, password);
    if (e.code == ERR_UNAUTHENTICATED)
        audit_alone(rq, AUDIT_SIGN_IN_FAILED, email);
    *user_id = account.user_id;
    return e;
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
    TRY(login_give_back(rq->db, email, rq->wire.address, config_int(SET_LOGIN_RATE)));
    TRY(user_get(rq->db, rq->arena, user_id, &user));
    TRY(session_start(rq, rp, user.id));
    TRY(audit_by(rq, user.id, AUDIT_SIGNED_IN, ID_NONE, NULL));
    user_write(reply_json(rp, 200), &user, false);
    return OK;
}

struct err
accounts_logout(struct request *rq, struct reply *rp)
{
    if (!rq->caller.is_session)
        return ERR(ERR_CONFLICT, "there is no session to end: an API key is deleted, and what a "
                                 "proxy says is the proxy's to end");
    TRY(auth_session_end(rq->db, rq->arena, rq->caller.credential_id));
    TRY(audit(rq, AUDIT_SESSION_ENDED, rq->caller.credential_id, NULL));
    session_cookie(rq, rp, "", 0);
    reply_empty(rp);
    return OK;
}

/* ---- one's account ------------------------------------------------------------ */

struct err
accounts_read(struct request *rq, struct reply *rp)
{
    struct user user;

    TRY(user_get(rq->db, rq->arena, rq->caller.user_id, &user));
    user_write(reply_json(rp, 200), &user, false);
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
    user_write(reply_json(rp, 200), &user, false);
    return OK;
}

/* From here on nobody can sign in here as the caller; a job removes what they have. */
struct err
accounts_delete(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *current = jr_str(in, "current_password", 1, PASSWORD_MAX);

    TRY(jr_check(in));
    TRY(password_confirm(rq, current));
    TRY(request_next(rq, TX_WRITE));
    db_be_admin(rq->db); /* the job is nobody's: it outlives its user */
    TRY(user_end(rq->db, rq->arena, rq->caller.user_id, rq->request_id));
    TRY(audit(rq, AUDIT_USER_CHANGED, rq->caller.user_id, "deleted"));
    if (rq->caller.is_session)
        session_cookie(rq, rp, "", 0);
    reply_empty(rp);
    return OK;
}
