/* /api/users: accounts, for admins. */
#include "db/user.h"

#include "app/audit.h"
#include "app/handlers.h"
#include "app/request.h"
#include "app/user_json.h"
#include "db/erase.h"
#include "lib/arena.h"

#include <string.h>

static const char *const roles[] = { "user", "admin", NULL };

void
user_write(struct json_writer *w, const struct user *u, bool for_admin)
{
    jw_object(w, NULL);
    jw_id(w, "id", u->id);
    jw_str(w, "email", u->email);
    jw_str(w, "name", u->name);
    jw_str(w, "role", u->role);
    if (for_admin)
        jw_bool(w, "disabled", u->disabled);
    jw_str(w, "created_at", u->created_at);
    jw_object_end(w);
}

struct err
users_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    const char *part = params_str(&rq->params, "q", USER_EMAIL_MAX);
    struct json_writer *w;
    struct user *list;
    size_t count;

    TRY(user_list(rq->db, rq->arena, &page, part, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++)
        user_write(w, &list[i], true);
    reply_list_end(rp);
    return OK;
}

/* Nobody does this to themselves, so that an admin is left always. */
struct err
users_update(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    int role = jr_opt_word(in, "role", roles);
    bool says = jr_has(in, "disabled") && !request_is_null(in, "disabled");
    int disabled = says ? jr_opt_bool(in, "disabled", false) : -1;
    struct user user;

    (void)jr_opt_bool(in, "disabled", false);
    TRY(jr_check(in));
    if (id_eq(rq->id, rq->caller.user_id) && (role >= 0 || disabled >= 0))
        return ERR(ERR_CONFLICT, "your own role and state are for another admin to change");
    TRY(user_manage(rq->db, rq->arena, rq->id, role < 0 ? NULL : roles[role], disabled, &user));
    TRY(audit(
        rq, AUDIT_USER_CHANGED, user.id,
        arena_printf(rq->arena, "%s, %s", user.role, user.disabled ? "disabled" : "enabled")));
    user_write(reply_json(rp, 200), &user, true);
    return OK;
}

/* From here on nobody can sign in as them; a job removes what they have. */
struct err
users_delete(struct request *rq, struct reply *rp)
{
    if (id_eq(rq->id, rq->caller.user_id))
        return ERR(ERR_CONFLICT, "your own account is for another admin to delete");
    TRY(user_end(rq->db, rq->arena, rq->id, rq->request_id));
    TRY(audit(rq, AUDIT_USER_CHANGED, rq->id, "deleted"));
    reply_empty(rp);
    return OK;
}
