#include "db/cancel.h"

#include "db/db.h"
#include "db/job.h"
#include "lib/arena.h"

struct err
cancel_list(struct db *db, struct arena *a, const struct job_worker *w, struct id **out,
            size_t *count)
{
    struct rows rows;
    struct id *list;

    TRY(db_begin(db, TX_NONE, ID_NONE));
    TRY(db_all(db, a, Q_CANCEL_LIST, ARGS(arg_int(w->lease)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = row_id(&r, "job_id");
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}
