#include "db/audit.h"

#include "db/db.h"
#include "lib/arena.h"
#include "lib/str.h"

const char *const audit_action_names[AUDIT_ACTION_COUNT + 1] = {
#define AUDIT(name, text, meaning) [AUDIT_##name] = text,
    AUDIT_ACTIONS(AUDIT)
#undef AUDIT
};

struct err
audit_add(struct db *db, struct arena *a, const struct audit_entry *e)
{
    const char *detail =
        e->detail ? str_dup(a, str_utf8_prefix(str_from(e->detail), AUDIT_DETAIL_MAX)) : NULL;

    return db_later(db, Q_AUDIT_ADD,
                    ARGS(arg_id(id_new()), arg_str(audit_action_names[e->action]),
                         arg_id(e->user_id), arg_id(e->credential_id), arg_id(e->subject_id),
                         arg_str(e->address), arg_str(e->request_id), arg_str(detail)));
}

struct err
audit_list(struct db *db, struct arena *a, const struct audit_filter *filter,
           struct audit_info **out, size_t *count)
{
    struct audit_info *list;
    struct rows rows;

    TRY(db_all(db, a, Q_AUDIT_LIST,
               ARGS(arg_id(filter->user_id), arg_str(filter->action), arg_id(filter->before),
                    arg_int(filter->limit)),
               &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct audit_info){ .id = row_id(&r, "id"),
                                       .user_id = row_opt_id(&r, "user_id"),
                                       .credential_id = row_opt_id(&r, "credential_id"),
                                       .subject_id = row_opt_id(&r, "subject_id"),
                                       .at = row_str(&r, "at"),
                                       .action = row_str(&r, "action"),
                                       .email = row_opt_str(&r, "email"),
                                       .address = row_opt_str(&r, "address"),
                                       .request_id = row_opt_str(&r, "request_id"),
                                       .detail = row_opt_str(&r, "detail") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
audit_sweep(struct db *db, struct arena *a, int64_t keep_days)
{
    struct row row;

    return db_one(db, a, Q_AUDIT_SWEEP, ARGS(arg_int(keep_days)), &row);
}
