/* /api/auth/sessions: where one is signed in. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/auth.h"

struct err
sessions_list(struct request *rq, struct reply *rp)
{
    struct auth_session *list;
    struct json_writer *w;
    size_t count;

    TRY(auth_session_list(rq->db, rq->arena, &list, &count));
    w = reply_json(rp, 200);
    jw_object(w, NULL);
    jw_array(w, "data");
    for (size_t i = 0; i < count; i++) {
        const struct auth_session *s = &list[i];

        jw_object(w, NULL);
        jw_id(w, "id", s->id);
        jw_bool(w, "current", id_eq(s->id, rq->caller.credential_id));
        jw_str(w, "user_agent", s->user_agent);
        jw_str(w, "address", s->address);
        jw_str(w, "created_at", s->created_at);
        jw_str(w, "last_seen_at", s->last_seen_at);
        jw_str(w, "expires_at", s->expires_at);
        jw_object_end(w);
    }
    jw_array_end(w);
    jw_null(w, "next_cursor");
    jw_object_end(w);
    return OK;
}

struct err
sessions_delete(struct request *rq, struct reply *rp)
{
    TRY(auth_session_end(rq->db, rq->arena, rq->id));
    reply_empty(rp);
    return OK;
}
