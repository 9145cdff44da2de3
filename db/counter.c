#include "db/counter.h"

#include "db/db.h"
#include "lib/arena.h"

const struct counter_family counter_families[] = {
    { "offstage_jobs_total", "counter", "Attempts at jobs that ended." },
    { "offstage_job_wait_seconds", "histogram", "From when a job could run to its start." },
    { "offstage_job_seconds", "histogram", "How long attempts at jobs took." },
    { "offstage_model_calls_total", "counter", "Calls of model servers, by their HTTP status." },
    { "offstage_model_seconds", "histogram", "How long calls of model servers took." },
    { "offstage_model_first_token_seconds", "histogram", "From a call to its first token." },
    { "offstage_model_tokens_total", "counter", "Tokens that model servers have reported." },
    { "offstage_worker_pool_calls_total", "counter", "Database and CPU work of the workers." },
    { "offstage_worker_pool_wait_seconds_total", "counter", "How long that waited for a thread." },
    { "offstage_worker_pool_busy_seconds_total", "counter", "How long that kept a thread busy." },
    { NULL, NULL, NULL }
};

struct err
counter_add(struct db *db, struct arena *a, const struct counter *list, size_t n)
{
    const char **names = arena_array(a, n, sizeof(*names));
    const char **values = arena_array(a, n, sizeof(*values));
    struct rows rows;

    if (n == 0)
        return OK;
    for (size_t i = 0; i < n; i++) {
        names[i] = list[i].name;
        values[i] = arena_printf(a, "%.17g", list[i].value);
    }
    TRY(db_begin(db, TX_NONE, ID_NONE));
    return db_all(db, a, Q_COUNTER_ADD, ARGS(arg_strs(a, names, n), arg_strs(a, values, n)), &rows);
}

struct err
counter_list(struct db *db, struct arena *a, struct counter **out, size_t *count)
{
    struct counter *list;
    struct rows rows;

    TRY(db_all(db, a, Q_COUNTER_LIST, NO_ARGS, &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = (struct counter){ row_str(&row, "name"), row_double(&row, "value") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}
