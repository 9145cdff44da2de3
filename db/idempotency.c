#include "db/idempotency.h"

#include "db/db.h"

struct err
idempotency_begin(struct db *db, struct arena *a, const struct idempotency *in, bool *repeat,
                  struct idempotency_reply *out)
{
    struct row row;

    TRY(db_later(db, Q_IDEMPOTENCY_TAKE,
                 ARGS(arg_str(in->key), arg_str(in->route), arg_str(in->body_hash))));
    TRY(db_one(db, a, Q_IDEMPOTENCY_GET,
               ARGS(arg_str(in->key), arg_str(in->route), arg_str(in->body_hash)), &row));
    if (!row_bool(&row, "same"))
        return ERR(ERR_INVALID, "this Idempotency-Key was used for another request");
    *repeat = row_opt_str(&row, "status") != NULL;
    *out = (struct idempotency_reply){
        .status = (int)row_opt_int(&row, "status", 0),
        .location = row_opt_str(&row, "location"),
        .body = row_opt_str(&row, "body"),
    };
    return OK;
}

struct err
idempotency_end(struct db *db, const char *key, const struct idempotency_reply *reply)
{
    return db_later(
        db, Q_IDEMPOTENCY_END,
        ARGS(arg_str(key), arg_int(reply->status), arg_str(reply->location), arg_str(reply->body)));
}
