/* Job "mail": a link to set a password, or to make an account. */
#include "db/mail_job.h"

#include "db/auth.h"
#include "db/db.h"
#include "db/invitation.h"
#include "db/password_reset.h"
#include "db/ticket.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/http_mail.h"
#include "lib/json_reader.h"
#include "worker/attempt.h"
#include "worker/kind.h"

#include <string.h>

#define EMAIL_MAX 320

/* What is to be sent; `to` is NULL when there is nothing to send any more. */
struct letter {
    const char *to, *subject, *text;
};

static const char *
link_of(struct arena *a, enum ticket_purpose purpose, const char *token)
{
    return ticket_link(a, config_str(SET_PUBLIC_URL), purpose, token);
}

/* An address that nobody has, or somebody who is shut out, is told nothing. */
static struct err
write_reset(struct arena *a, struct db *db, const char *email, struct letter *out)
{
    struct auth_account account;
    struct id id = id_new();
    const char *token;

    TRY(ticket_sign(a, config_str(SET_SECRET_KEY), TICKET_RESET, id, &token));
    TRY(db_begin(db, TX_WRITE, ID_NONE));
    TRY(auth_account(db, a, email, &account));
    if (!id_is_set(account.user_id) || account.disabled)
        return db_commit(db);
    db_be_user(db, account.user_id);
    TRY(password_reset_add(db, id, account.user_id));
    TRY(db_commit(db));
    out->to = email;
    out->subject = "Set your password";
    out->text = arena_printf(a,
                             "Somebody, you perhaps, asked for a new password for this address at\n"
                             "%s\n\nSet one here, within %d hours and once:\n\n%s\n\n"
                             "If it was not you, leave it: nothing has changed.\n",
                             config_str(SET_PUBLIC_URL), PASSWORD_RESET_KEEP_H,
                             link_of(a, TICKET_RESET, token));
    return OK;
}

static struct err
write_invitation(struct arena *a, struct db *db, struct id id, struct letter *out)
{
    struct invitation invitation;
    const char *token;
    struct err e;

    TRY(ticket_sign(a, config_str(SET_SECRET_KEY), TICKET_INVITATION, id, &token));
    TRY(db_begin(db, TX_READ, ID_NONE));
    e = invitation_get(db, a, id, &invitation);
    db_end_read(db);
    if (e.code)
        return e.code == ERR_NOT_FOUND ? OK : e;
    out->to = invitation.email;
    out->subject = "You are invited";
    out->text = arena_printf(a,
                             "You are invited to\n%s\n\nMake your account here, within %d days:\n\n"
                             "%s\n",
                             config_str(SET_PUBLIC_URL), INVITATION_KEEP_D,
                             link_of(a, TICKET_INVITATION, token));
    return OK;
}

static struct err
write_letter(struct attempt *at, struct db *db, struct letter *out)
{
    struct json_reader in;
    const char *email;
    struct id id;

    jr_parse(&in, at->arena, at->job.payload, strlen(at->job.payload));
    email = jr_opt_str(&in, MAIL_RESET, 1, EMAIL_MAX);
    id = jr_opt_id(&in, MAIL_INVITATION);
    TRY(jr_check(&in));
    return email ? write_reset(at->arena, db, email, out)
                 : write_invitation(at->arena, db, id, out);
}

static struct err
work(struct attempt *at, struct db *db)
{
    struct letter letter = { NULL, NULL, NULL };
    struct mail mail = { .server = config_str(SET_SMTP_URL), .from = config_str(SET_MAIL_FROM) };

    if (!mail.server[0])
        return ERR(ERR_INVALID, "this worker has no OFFSTAGE_SMTP_URL");
    TRY(write_letter(at, db, &letter));
    if (!letter.to)
        return OK;
    mail.to = letter.to;
    mail.subject = letter.subject;
    mail.text = letter.text;
    return mail_send(at->arena, &mail);
}

static void
done(struct attempt *at, struct err err)
{
    if (err.code)
        attempt_fail(at, err);
    else
        attempt_end(at, JOB_END_COMPLETED, NULL);
}

static void
start(struct attempt *at)
{
    attempt_work(at, work, done);
}

const struct kind kind_mail = {
    .name = MAIL_KIND,
    .queue = "default",
    .summary = "Mail a link to set a password or to make an account",
    .max_attempts = MAIL_ATTEMPTS,
    .backoff_ms = 5000,
    .backoff_max_ms = 600000,
    .slow = true,
    .start = start,
};
