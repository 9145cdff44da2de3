#include "db/erase.h"

#include "db/db.h"
#include "db/job.h"

#define ERASE_ATTEMPTS 20

struct err
user_end(struct db *db, struct arena *a, struct id id, const char *http_request_id)
{
    struct job_new job = { .id = id_new(),
                           .kind = ERASE_KIND,
                           .priority = JOB_PRIORITIES - 1,
                           .max_attempts = ERASE_ATTEMPTS,
                           .subject_id = id,
                           .unique_key = job_key(ERASE_KIND, id.s),
                           .request_id = http_request_id };
    struct row row;

    TRY(db_one(db, a, Q_USER_END, ARGS(arg_id(id)), &row));
    return row_bool(&row, "ended") ? job_add(db, a, &job) : ERR(ERR_NOT_FOUND, "user not found");
}

struct err
user_erase(struct db *db, struct arena *a, struct id id, int64_t most, enum erase_state *out)
{
    struct row row;

    TRY(db_one(db, a, Q_USER_ERASE, ARGS(arg_id(id), arg_int(most)), &row));
    *out = (enum erase_state)row_int(&row, "n");
    return OK;
}
