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
