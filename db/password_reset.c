#include "db/password_reset.h"

#include "db/db.h"

struct err
password_reset_add(struct db *db, struct id id, struct id user_id)
{
    return db_later(db, Q_PASSWORD_RESET_ADD,
                    ARGS(arg_id(id), arg_id(user_id), arg_int(PASSWORD_RESET_KEEP_H)));
}

struct err
password_reset_use(struct db *db, struct arena *a, struct id id, const char *password_hash,
                   struct id *user_id)
{
    struct row row;

    TRY(db_one(db, a, Q_PASSWORD_RESET_USE, ARGS(arg_id(id), arg_str(password_hash)), &row));
    *user_id = row_id(&row, "user_id");
    return OK;
}
