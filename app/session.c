/* /api/auth/sessions, and the cookies of sessions. */
#include "app/session.h"

#include "app/app.h"
#include "app/audit.h"
#include "app/credentials.h"
#include "app/handlers.h"
#include "app/request.h"
#include "db/auth.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/secret.h"
#include "lib/str.h"

#define DAY_S ((int64_t)24 * 3600)

/* ---- the cookie ------------------------------------------------------------ */

void
session_cookie(struct request *rq, struct reply *rp, const char *token, int64_t max_age_s)
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

struct err
session_start(struct request *rq, struct reply *rp, struct id user_id)
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
    session_cookie(rq, rp, token, session.max_s);
    return OK;
}

struct err
session_end_shown(struct request *rq)
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

/* ---- the handlers ---------------------------------------------------------- */

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
    TRY(audit(rq, AUDIT_SESSION_ENDED, rq->id, NULL));
    reply_empty(rp);
    return OK;
}
