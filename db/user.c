#include "db/user.h"

#include "db/db.h"

static struct user
read_user(const struct row *r)
{
    return (struct user){
        .id = row_id(r, "id"),
        .email = row_str(r, "email"),
        .name = row_str(r, "name"),
        .role = row_str(r, "role"),
        .disabled = row_bool(r, "disabled"),
        .created_at = row_str(r, "created_at"),
    };
}

static struct err
taken(struct err e)
{
    return e.code == ERR_CONFLICT
               ? ERR(ERR_CONFLICT, "there is an account with this e-mail address")
               : e;
}

struct err
user_is_first(struct db *db, struct arena *a, bool *out)
{
    struct row row;

    TRY(db_one(db, a, Q_USER_IS_FIRST, NO_ARGS, &row));
    *out = row_bool(&row, "first");
    return OK;
}

struct err
user_insert(struct db *db, struct arena *a, struct id id, const char *email, const char *name,
            const char *password_hash, struct user *out)
{
    struct row row;

    db_be_user(db, id);
    TRY(taken(db_one(db, a, Q_USER_INSERT,
                     ARGS(arg_id(id), arg_str(email), arg_str(name), arg_str(password_hash)),
                     &row)));
    *out = read_user(&row);
    return OK;
}

struct err
user_get(struct db *db, struct arena *a, struct id id, struct user *out)
{
    struct row row;

    TRY(db_one(db, a, Q_USER_GET, ARGS(arg_id(id)), &row));
    *out = read_user(&row);
    return OK;
}

struct err
user_update(struct db *db, struct arena *a, struct id id, const char *email, const char *name,
            struct user *out)
{
    struct row row;

    TRY(taken(db_one(db, a, Q_USER_UPDATE, ARGS(arg_id(id), arg_str(email), arg_str(name)), &row)));
    *out = read_user(&row);
    return OK;
}

struct err
user_set_password(struct db *db, struct id id, const char *password_hash)
{
    return db_later(db, Q_USER_SET_PASSWORD, ARGS(arg_id(id), arg_str(password_hash)));
}

struct err
user_password(struct db *db, struct arena *a, struct id id, const char **out)
{
    struct row row;

    TRY(db_one(db, a, Q_USER_PASSWORD, ARGS(arg_id(id)), &row));
    *out = row_opt_str(&row, "password_hash");
    return OK;
}
