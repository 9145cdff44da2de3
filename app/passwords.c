/* /api/auth/password, /api/auth/reset: changing one's password, and getting in without it. */
#include "app/passwords.h"

#include "app/app.h"
#include "app/audit.h"
#include "app/handlers.h"
#include "app/request.h"
#include "app/session.h"
#include "db/auth.h"
#include "db/job.h"
#include "db/login.h"
#include "db/mail_job.h"
#include "db/password_reset.h"
#include "db/ticket.h"
#include "db/user.h"
#include "lib/arena.h"
#include "lib/aside.h"
#include "lib/config.h"
#include "lib/secret.h"

#define DAY_S             ((int64_t)24 * 3600)
#define HASH_WAIT_MS      10000 /* for others' passwords to be hashed first */
#define RESETS_PER_MINUTE 1     /* asked for one account from one network */

/* ---- hashing --------------------------------------------------------------- */

static struct err
take_hash_slot(const struct request *rq)
{
    return slots_take_within(&rq->app->slots, SLOT_HASH, HASH_WAIT_MS)
               ? OK
               : ERR(ERR_RATE_LIMITED, "too many people sign in at this moment: try again");
}

struct hashing {
    struct arena *arena;
    const char *stored, *password;
    const char *hash; /* made of the password */
    struct err err;
    bool right;
};

static void
hash_it(void *arg)
{
    struct hashing *h = arg;

    h->err = secret_password_hash(h->arena, h->password, &h->hash);
}

static void
check_it(void *arg)
{
    struct hashing *h = arg;

    h->right = secret_password_check(h->stored, h->password);
}

/* Others' answers, which take a millisecond, come first. */
static struct err
in_slot(struct request *rq, void (*work)(void *arg), struct hashing *h)
{
    TRY(take_hash_slot(rq));
    aside_run(work, h);
    slots_release(&rq->app->slots, SLOT_HASH);
    return OK;
}

struct err
password_hash(struct request *rq, const char *password, const char **out)
{
    struct hashing h = { .arena = rq->arena, .password = password };

    TRY(in_slot(rq, hash_it, &h));
    TRY(h.err);
    *out = h.hash;
    return OK;
}

struct err
password_check(struct request *rq, const char *stored, const char *password)
{
    struct hashing h = { .stored = stored, .password = password };

    TRY(in_slot(rq, check_it, &h));
    return h.right ? OK : ERR(ERR_UNAUTHENTICATED, "the e-mail address or the password is wrong");
}

/* ---- changing one's own ---------------------------------------------------- */

/* All other sessions end, and this one gets another token. */
static struct err
change_password(struct request *rq, struct reply *rp, const char *hash)
{
    bool by_session = rq->caller.is_session;
    char token[SECRET_TOKEN_TEXT + 1];

    secret_token(token);
    TRY(user_set_password(rq->db, rq->caller.user_id, hash));
    TRY(auth_session_end_others(rq->db, by_session ? rq->caller.credential_id : ID_NONE, token));
    TRY(audit(rq, AUDIT_PASSWORD_CHANGED, ID_NONE, NULL));
    if (by_session)
        session_cookie(rq, rp, token, config_int(SET_SESSION_MAX_D) * DAY_S);
    return OK;
}

struct err
password_confirm(struct request *rq, const char *current)
{
    const char *stored;
    struct err e;

    TRY(user_password(rq->db, rq->arena, rq->caller.user_id, &stored));
    e = password_check(rq, stored, current);
    return e.code == ERR_UNAUTHENTICATED ? ERR(ERR_FORBIDDEN, "the current password is wrong") : e;
}

struct err
passwords_change(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *current = jr_str(in, "current_password", 1, PASSWORD_MAX);
    const char *wanted = jr_str(in, "new_password", PASSWORD_MIN, PASSWORD_MAX);
    const char *hash;

    TRY(jr_check(in));
    TRY(password_confirm(rq, current));
    TRY(password_hash(rq, wanted, &hash));
    TRY(request_next(rq, TX_WRITE));
    TRY(change_password(rq, rp, hash));
    reply_empty(rp);
    return OK;
}

/* A link needs the name of the site. */
static bool
mail_is_sent(void)
{
    return config_str(SET_SMTP_URL)[0] && config_str(SET_PUBLIC_URL)[0];
}

/* ---- resets ------------------------------------------------------------------ */

/*
 * Whether there is such an account is for the worker to find out, so that the
 * answer, and the time until it comes, are the same for all addresses.
 */
struct err
passwords_reset_ask(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *email = jr_str(in, "email", 1, USER_EMAIL_MAX);

    TRY(jr_check(in));
    if (!mail_is_sent())
        return ERR(ERR_FORBIDDEN, "no mail is sent from here: ask an operator for a link");
    TRY(request_next(rq, TX_WRITE));
    TRY(login_take(rq->db, rq->arena, arena_printf(rq->arena, "reset %s", email), rq->wire.address,
                   RESETS_PER_MINUTE, &rq->retry_after_s));
    TRY(mail_reset(rq->db, rq->arena, email, rq->request_id));
    reply_empty(rp);
    return OK;
}

struct err
passwords_reset_use(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *token = jr_str(in, "token", 1, TICKET_TEXT_MAX);
    const char *wanted = jr_str(in, "new_password", PASSWORD_MIN, PASSWORD_MAX), *hash;
    struct id reset, user_id;

    TRY(jr_check(in));
    TRY(ticket_read(rq->arena, config_str(SET_SECRET_KEY), TICKET_RESET, token, &reset));
    TRY(password_hash(rq, wanted, &hash));
    TRY(request_next(rq, TX_WRITE));
    TRY(password_reset_use(rq->db, rq->arena, reset, hash, &user_id));
    TRY(audit_by(rq, user_id, AUDIT_RESET_USED, ID_NONE, NULL));
    reply_empty(rp);
    return OK;
}
