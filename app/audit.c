/* /api/admin/audit: who did what to accounts and rights. */
#include "app/audit.h"

#include "app/handlers.h"
#include "app/request.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "lib/str.h"

/* ---- writing --------------------------------------------------------------- */

struct err
audit_by(struct request *rq, struct id user_id, enum audit_action action, struct id subject,
         const char *detail)
{
    struct audit_entry entry = { .action = action,
                                 .user_id = user_id,
                                 .subject_id = subject,
                                 .address = rq->wire.address,
                                 .request_id = rq->request_id,
                                 .detail = detail };

    if (rq->has_caller && id_eq(user_id, rq->caller.user_id))
        entry.credential_id = rq->caller.credential_id;
    return audit_add(rq->db, rq->arena, &entry);
}

struct err
audit(struct request *rq, enum audit_action action, struct id subject, const char *detail)
{
    return audit_by(rq, rq->caller.user_id, action, subject, detail);
}

void
audit_alone(struct request *rq, enum audit_action action, const char *detail)
{
    struct id user_id = rq->has_caller ? rq->caller.user_id : ID_NONE;
    struct err e;

    db_rollback(rq->db);
    e = db_begin(rq->db, TX_WRITE, user_id);
    if (!e.code)
        e = audit_by(rq, user_id, action, ID_NONE, detail);
    if (!e.code)
        e = db_commit(rq->db);
    if (!e.code)
        return;
    db_rollback(rq->db);
    log_error("audit_failed", LOG_S("request_id", rq->request_id), LOG_S("msg", e.msg));
}

/* ---- reading --------------------------------------------------------------- */

static void
write_entry(struct json_writer *w, const struct audit_info *e)
{
    jw_object(w, NULL);
    jw_id(w, "id", e->id);
    jw_str(w, "at", e->at);
    jw_str(w, "action", e->action);
    jw_id(w, "user_id", e->user_id);
    jw_str(w, "email", e->email);
    jw_id(w, "credential_id", e->credential_id);
    jw_id(w, "subject_id", e->subject_id);
    jw_str(w, "address", e->address);
    jw_str(w, "request_id", e->request_id);
    jw_str(w, "detail", e->detail);
    jw_object_end(w);
}

struct err
audit_list_entries(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    int action = params_word(&rq->params, "action", audit_action_names);
    struct audit_filter filter = { .user_id = params_id(&rq->params, "user_id"),
                                   .action = action < 0 ? NULL : audit_action_names[action],
                                   .before = page.id,
                                   .limit = page.limit };
    struct audit_info *list;
    struct json_writer *w;
    size_t count;

    TRY(audit_list(rq->db, rq->arena, &filter, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].at, list[i].id); i++)
        write_entry(w, &list[i]);
    reply_list_end(rp);
    return OK;
}
