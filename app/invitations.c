/* /api/invitations: letting somebody in, where not everybody is. For admins. */
#include "db/invitation.h"

#include "app/audit.h"
#include "app/email.h"
#include "app/handlers.h"
#include "app/request.h"
#include "db/mail_job.h"
#include "db/ticket.h"
#include "lib/arena.h"
#include "lib/config.h"

static const char *const roles[] = { "user", "admin", NULL };

static void
write_members(struct json_writer *w, const struct invitation *i)
{
    jw_id(w, "id", i->id);
    jw_str(w, "email", i->email);
    jw_str(w, "role", i->role);
    jw_str(w, "created_at", i->created_at);
    jw_str(w, "expires_at", i->expires_at);
    jw_str(w, "accepted_at", i->accepted_at);
}

struct err
invitations_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    struct invitation *list;
    struct json_writer *w;
    size_t count;

    TRY(invitation_list(rq->db, rq->arena, &page, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++) {
        jw_object(w, NULL);
        write_members(w, &list[i]);
        jw_object_end(w);
    }
    reply_list_end(rp);
    return OK;
}

/* Mailed where mail is sent; the link is shown in any case, to be passed on otherwise. */
struct err
invitations_create(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *email = email_read(in, "email"), *token;
    int role = jr_opt_word(in, "role", roles);
    struct invitation invitation;
    struct json_writer *w;

    TRY(jr_check(in));
    TRY(invitation_add(rq->db, rq->arena, rq->caller.user_id, email, roles[role < 0 ? 0 : role],
                       &invitation));
    TRY(ticket_sign(rq->arena, config_str(SET_SECRET_KEY), TICKET_INVITATION, invitation.id,
                    &token));
    if (config_str(SET_SMTP_URL)[0] && config_str(SET_PUBLIC_URL)[0])
        TRY(mail_invitation(rq->db, rq->arena, invitation.id, rq->request_id));
    TRY(audit(rq, AUDIT_INVITATION_MADE, invitation.id,
              arena_printf(rq->arena, "%s, %s", invitation.role, email)));
    w = reply_created(rp, "/api/invitations/%s", invitation.id.s);
    jw_object(w, NULL);
    write_members(w, &invitation);
    jw_str(w, "token", token);
    jw_str(w, "link", ticket_link(rq->arena, config_str(SET_PUBLIC_URL), TICKET_INVITATION, token));
    jw_object_end(w);
    return OK;
}

struct err
invitations_delete(struct request *rq, struct reply *rp)
{
    TRY(invitation_delete(rq->db, rq->arena, rq->id));
    TRY(audit(rq, AUDIT_INVITATION_REVOKED, rq->id, NULL));
    reply_empty(rp);
    return OK;
}
