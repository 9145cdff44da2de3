#include "db/sweep.h"

#include "db/db.h"
#include "db/idempotency.h"

struct err
sweep_sessions(struct db *db, struct arena *a, int64_t most, int64_t *removed)
{
    struct row row;

    TRY(db_one(db, a, Q_SWEEP_SESSIONS, ARGS(arg_int(most)), &row));
    *removed = row_int(&row, "n");
    return OK;
}

struct err
sweep_idempotency(struct db *db, struct arena *a, int64_t most, int64_t *removed)
{
    struct row row;

    TRY(db_one(db, a, Q_SWEEP_IDEMPOTENCY, ARGS(arg_int(most), arg_int(IDEMPOTENCY_KEEP_H)), &row));
    *removed = row_int(&row, "n");
    return OK;
}

struct err
sweep_resets(struct db *db, struct arena *a, int64_t most, int64_t *removed)
{
    struct row row;

    TRY(db_one(db, a, Q_SWEEP_RESETS, ARGS(arg_int(most)), &row));
    *removed = row_int(&row, "n");
    return OK;
}

struct err
sweep_logins(struct db *db, struct arena *a, int64_t most, int64_t *removed)
{
    struct row row;

    TRY(db_one(db, a, Q_SWEEP_LOGINS, ARGS(arg_int(most)), &row));
    *removed = row_int(&row, "n");
    return OK;
}

struct err
sweep_chats(struct db *db, struct arena *a, int64_t most, int64_t bin_d, int64_t keep_d,
            int64_t *removed)
{
    struct row row;

    TRY(db_one(db, a, Q_SWEEP_CHATS, ARGS(arg_int(most), arg_int(bin_d), arg_int(keep_d)), &row));
    *removed = row_int(&row, "n");
    return OK;
}

struct err
sweep_imports(struct db *db, struct arena *a, int64_t most, int64_t *removed)
{
    struct row row;

    TRY(db_one(db, a, Q_SWEEP_IMPORTS, ARGS(arg_int(most)), &row));
    *removed = row_int(&row, "n");
    return OK;
}
