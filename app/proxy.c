#include "app/proxy.h"

#include "app/audit.h"
#include "app/email.h"
#include "app/request.h"
#include "db/user.h"
#include "lib/arena.h"
#include "lib/config.h"

#include <string.h>

static struct err
add(struct request *rq, const char *email)
{
    struct user user;

    TRY(user_insert(rq->db, rq->arena, id_new(), email,
                    arena_strndup(rq->arena, email, strcspn(email, "@")), NULL, &user));
    if (strcmp(config_str(SET_REGISTRATION), "closed") == 0 && strcmp(user.role, "admin") != 0)
        return ERR(ERR_FORBIDDEN, "accounts are not open to everybody here");
    TRY(audit_by(rq, user.id, AUDIT_REGISTERED, user.id, "by a proxy"));
    return db_commit(rq->db);
}

struct err
proxy_make_account(struct request *rq, const char *email)
{
    struct err e;

    if (!email_is_one(email))
        return ERR(ERR_UNAUTHENTICATED, "the proxy states no e-mail address");
    db_rollback(rq->db);
    TRY(db_begin(rq->db, TX_WRITE, ID_NONE));
    e = add(rq, email);
    if (e.code)
        db_rollback(rq->db);
    return e.code == ERR_CONFLICT ? ERR(ERR_UNAUTHENTICATED, "this account is disabled") : e;
}
