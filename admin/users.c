/* offstage-admin user, reset, invite: accounts. */
#include "admin/admin.h"
#include "db/auth.h"
#include "db/db.h"
#include "db/erase.h"
#include "db/invitation.h"
#include "db/page.h"
#include "db/password_reset.h"
#include "db/ticket.h"
#include "db/user.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/secret.h"

#include <stdio.h>
#include <string.h>

#define PAGE 100

static struct err
find(struct admin *ad, struct user *out)
{
    return user_find(ad->db, ad->arena, ad->args[0], out);
}

/* The link by which somebody sets a password, shown once. */
static struct err
offer_reset(struct admin *ad, struct id user_id, const char **link)
{
    struct id id = id_new();
    const char *token;

    TRY(ticket_sign(ad->arena, config_str(SET_SECRET_KEY), TICKET_RESET, id, &token));
    TRY(password_reset_add(ad->db, id, user_id));
    TRY(admin_audit(ad, AUDIT_RESET_MADE, user_id, NULL));
    *link = ticket_link(ad->arena, config_str(SET_PUBLIC_URL), TICKET_RESET, token);
    return OK;
}

/* The first line of a file, or of standard input. */
static struct err
read_password(struct admin *ad, const char *path, const char **out)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char *text = arena_alloc(ad->arena, PASSWORD_MAX + 2);
    bool read = file && fgets(text, PASSWORD_MAX + 2, file);

    if (file && file != stdin)
        (void)fclose(file);
    if (!read)
        return err_fmt(ad->arena, ERR_INVALID, "cannot read a password from \"%s\"", path);
    text[strcspn(text, "\r\n")] = '\0';
    *out = text;
    return OK;
}

static struct err
add(struct admin *ad)
{
    const char *email = ad->args[0], *name = ad->options.name, *role, *password = NULL,
               *hash = NULL;
    const char *link = NULL;
    struct user user;

    TRY(admin_role(ad, ad->options.role, &role));
    if (!strchr(email, '@'))
        return ERR(ERR_INVALID, "an e-mail address is needed");
    if (ad->options.password_file) {
        TRY(read_password(ad, ad->options.password_file, &password));
        TRY(secret_password_hash(ad->arena, password, &hash));
    }
    if (!name)
        name = arena_strndup(ad->arena, email, strcspn(email, "@"));
    TRY(admin_begin(ad));
    TRY(user_insert(ad->db, ad->arena, id_new(), email, name, hash, &user));
    if (strcmp(role, user.role) != 0 && ad->options.role)
        TRY(user_manage(ad->db, ad->arena, user.id, role, -1, &user));
    TRY(admin_audit(ad, AUDIT_REGISTERED, user.id, user.role));
    if (!hash)
        TRY(offer_reset(ad, user.id, &link));
    TRY(db_commit(ad->db));
    printf("%s\n", link ? link : user.id.s);
    return OK;
}

static void
show(const struct user *u)
{
    static const int widths[] = { 36, 32, 6, 9, 27 };
    const char *cells[] = { u->id.s,       u->email, u->role, u->disabled ? "disabled" : "",
                            u->created_at, u->name };

    admin_row(cells, widths, 6);
}

static struct err
list(struct admin *ad)
{
    struct page page = { .limit = PAGE };
    struct user *users;
    size_t count = PAGE;

    while (count == PAGE) {
        TRY(admin_begin_read(ad));
        TRY(user_list(ad->db, ad->arena, &page, ad->count ? ad->args[0] : NULL, &users, &count));
        db_end_read(ad->db);
        for (size_t i = 0; i < count; i++)
            show(&users[i]);
        if (count > 0)
            page = (struct page){ users[count - 1].created_at, users[count - 1].id, PAGE };
    }
    return OK;
}

static struct err
change(struct admin *ad, const char *role, int disabled)
{
    struct user user;

    TRY(admin_begin(ad));
    TRY(find(ad, &user));
    TRY(user_manage(ad->db, ad->arena, user.id, role, disabled, &user));
    TRY(admin_audit(
        ad, AUDIT_USER_CHANGED, user.id,
        arena_printf(ad->arena, "%s, %s", user.role, user.disabled ? "disabled" : "enabled")));
    TRY(db_commit(ad->db));
    show(&user);
    return OK;
}

static struct err
disable(struct admin *ad)
{
    return change(ad, NULL, 1);
}

static struct err
enable(struct admin *ad)
{
    return change(ad, NULL, 0);
}

static struct err
set_role(struct admin *ad)
{
    const char *role;

    TRY(admin_role(ad, ad->args[1], &role));
    return change(ad, role, -1);
}

static struct err
end(struct admin *ad)
{
    struct user user;

    TRY(admin_begin(ad));
    TRY(find(ad, &user));
    TRY(user_end(ad->db, ad->arena, user.id, NULL));
    TRY(admin_audit(ad, AUDIT_USER_CHANGED, user.id, "deleted"));
    return db_commit(ad->db);
}

static struct err
sign_out(struct admin *ad)
{
    struct user user;
    char token[SECRET_TOKEN_TEXT + 1];

    secret_token(token);
    TRY(admin_begin(ad));
    TRY(find(ad, &user));
    TRY(admin_audit(ad, AUDIT_SESSION_ENDED, user.id, "all"));
    db_be_user(ad->db, user.id);
    TRY(auth_session_end_others(ad->db, ID_NONE, token));
    return db_commit(ad->db);
}

static struct err
reset(struct admin *ad)
{
    const char *link;
    struct user user;

    TRY(admin_begin(ad));
    TRY(find(ad, &user));
    TRY(offer_reset(ad, user.id, &link));
    TRY(db_commit(ad->db));
    printf("%s\n", link);
    return OK;
}

static struct err
invite(struct admin *ad)
{
    struct invitation invitation;
    const char *role, *token;

    TRY(admin_role(ad, ad->options.role, &role));
    if (!strchr(ad->args[0], '@'))
        return ERR(ERR_INVALID, "an e-mail address is needed");
    TRY(admin_begin(ad));
    TRY(invitation_add(ad->db, ad->arena, ID_NONE, ad->args[0], role, &invitation));
    TRY(ticket_sign(ad->arena, config_str(SET_SECRET_KEY), TICKET_INVITATION, invitation.id,
                    &token));
    TRY(admin_audit(ad, AUDIT_INVITATION_MADE, invitation.id,
                    arena_printf(ad->arena, "%s, %s", role, invitation.email)));
    TRY(db_commit(ad->db));
    printf("%s\n", ticket_link(ad->arena, config_str(SET_PUBLIC_URL), TICKET_INVITATION, token));
    return OK;
}

const struct command user_commands[] = {
    { "user", "add", "EMAIL [--name NAME] [--role user|admin] [--password-file FILE]",
      "make an account; without a password, print the link to set one", 1, 1, add },
    { "user", "list", "[PART]", "list accounts, or those whose address or name has the part", 0, 1,
      list },
    { "user", "disable", "EMAIL", "shut somebody out, at once", 1, 1, disable },
    { "user", "enable", "EMAIL", "let them in again", 1, 1, enable },
    { "user", "role", "EMAIL user|admin", "change somebody's role", 2, 2, set_role },
    { "user", "delete", "EMAIL", "end an account; a worker removes everything it has", 1, 1, end },
    { "user", "sign-out", "EMAIL", "end all sessions of an account", 1, 1, sign_out },
    { "reset", "", "EMAIL", "print a link to set an account's password, good once", 1, 1, reset },
    { "invite", "", "EMAIL [--role user|admin]", "print a link to make an account, good once", 1, 1,
      invite },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};
