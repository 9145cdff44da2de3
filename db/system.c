#include "db/system.h"

#include "db/db.h"

struct err
system_schema(struct db *db, struct arena *a, struct system_schema *out)
{
    struct row row;

    TRY(db_one(db, a, Q_SYSTEM_SCHEMA, ARGS(arg_str(newest_revision)), &row));
    *out = (struct system_schema){
        .wanted = newest_revision,
        .applied = row_str(&row, "applied"),
        .fits = row_bool(&row, "fits"),
    };
    return OK;
}
