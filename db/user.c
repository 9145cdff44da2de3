#include "db/user.h"

#include "db/db.h"
#include "db/page.h"
#include "lib/arena.h"

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
user_list(struct db *db, struct arena *a, const struct page *page, const char *part,
          struct user **out, size_t *count)
{
    struct user *list;
    struct rows rows;

    TRY(db_all(db, a, Q_USER_LIST,
               ARGS(arg_str(page->at), arg_id(page->id), arg_int(page->limit), arg_str(part)),
               &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_user(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
user_find(struct db *db, struct arena *a, const char *email, struct user *out)
{
    struct row row;
    struct err e = db_one(db, a, Q_USER_FIND, ARGS(arg_str(email)), &row);

    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_NOT_FOUND, "user not found");
    if (e.code)
        return e;
    *out = read_user(&row);
    return OK;
}

struct err
user_manage(struct db *db, struct arena *a, struct id id, const char *role, int disabled,
            struct user *out)
{
    struct row row;

    TRY(db_one(db, a, Q_USER_MANAGE,
               ARGS(arg_id(id), arg_str(role), disabled < 0 ? arg_null() : arg_bool(disabled != 0)),
               &row));
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
