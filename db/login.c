#include "db/login.h"

#include "db/db.h"

struct err
login_take(struct db *db, struct arena *a, const char *email, const char *address,
           int64_t per_minute, int64_t *wait_s)
{
    struct row row;

    *wait_s = 0;
    if (per_minute == 0)
        return OK;
    TRY(db_one(db, a, Q_LOGIN_TAKE,
               ARGS(arg_str(email), arg_str(address ? address : ""), arg_int(per_minute)), &row));
    *wait_s = row_int(&row, "wait_s");
    return *wait_s == 0 ? OK
                        : err_fmt(a, ERR_RATE_LIMITED,
                                  "too many passwords were tried: wait for %lld seconds",
                                  (long long)*wait_s);
}

struct err
login_give_back(struct db *db, const char *email, const char *address, int64_t per_minute)
{
    if (per_minute == 0)
        return OK;
    return db_later(db, Q_LOGIN_GIVE_BACK,
                    ARGS(arg_str(email), arg_str(address ? address : ""), arg_int(per_minute)));
}
