#include "db/invitation.h"

#include "db/db.h"
#include "db/page.h"
#include "lib/arena.h"

static struct invitation
read_invitation(const struct row *r)
{
    return (struct invitation){
        .id = row_id(r, "id"),
        .email = row_str(r, "email"),
        .role = row_str(r, "role"),
        .created_at = row_str(r, "created_at"),
        .expires_at = row_str(r, "expires_at"),
        .accepted_at = row_opt_str(r, "accepted_at"),
    };
}

struct err
invitation_add(struct db *db, struct arena *a, struct id by, const char *email, const char *role,
               struct invitation *out)
{
    struct row row;
    struct err e = db_one(db, a, Q_INVITATION_ADD,
                          ARGS(arg_id(id_new()), arg_id(by), arg_str(email), arg_str(role),
                               arg_int(INVITATION_KEEP_D)),
                          &row);

    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_CONFLICT, "there is an account with this e-mail address");
    if (e.code)
        return e;
    *out = read_invitation(&row);
    return OK;
}

struct err
invitation_list(struct db *db, struct arena *a, const struct page *page, struct invitation **out,
                size_t *count)
{
    struct invitation *list;
    struct rows rows;

    TRY(db_all(db, a, Q_INVITATION_LIST,
               ARGS(arg_str(page->at), arg_id(page->id), arg_int(page->limit)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_invitation(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
invitation_delete(struct db *db, struct arena *a, struct id id)
{
    struct row row;

    return db_one(db, a, Q_INVITATION_DELETE, ARGS(arg_id(id)), &row);
}

struct err
invitation_get(struct db *db, struct arena *a, struct id id, struct invitation *out)
{
    struct row row;

    TRY(db_one(db, a, Q_INVITATION_GET, ARGS(arg_id(id)), &row));
    *out = read_invitation(&row);
    return OK;
}

struct err
invitation_accept(struct db *db, struct id id, struct id account)
{
    return db_later(db, Q_INVITATION_ACCEPT, ARGS(arg_id(id), arg_id(account)));
}
