#include "db/visitor.h"

#include "db/db.h"
#include "lib/arena.h"
#include "lib/secret.h"

const char *
visitor_session(struct arena *a, const char *session)
{
    return arena_printf(a, "visitor:%s", session);
}

const char *
visitor_token(struct arena *a, const char *session_id, struct id request_id)
{
    char hash[65];

    secret_hash_hex(arena_printf(a, "%s %s", request_id.s, session_id), hash);
    return arena_strdup(a, hash);
}

struct err
visitor_admit(struct db *db, struct arena *a, struct id agent_id, const char *session,
              const char *address, int64_t per_minute, struct id *owner_id, int64_t *wait_s)
{
    struct row row;
    struct err e = db_one(
        db, a, Q_VISITOR_ADMIT,
        ARGS(arg_id(agent_id), arg_str(session), arg_str(address), arg_int(per_minute)), &row);

    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_NOT_FOUND, "agent not found");
    if (e.code)
        return e;
    *wait_s = row_int(&row, "wait_s");
    if (*wait_s > 0)
        return ERR(ERR_RATE_LIMITED, "too many questions in this minute: wait a little");
    *owner_id = row_id(&row, "user_id");
    db_be_user(db, *owner_id);
    return OK;
}
