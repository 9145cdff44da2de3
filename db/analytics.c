#include "db/analytics.h"

#include "db/db.h"
#include "lib/arena.h"

#include <math.h>

struct err
analytics_range(struct db *db, struct arena *a, const char *bucket, const char **from,
                const char **to)
{
    struct row row;

    TRY(db_one(db, a, Q_ANALYTICS_RANGE, ARGS(arg_str(*from), arg_str(*to), arg_str(bucket)),
               &row));
    *from = row_str(&row, "from_at");
    *to = row_str(&row, "to_at");
    return OK;
}

static struct err
ask(struct db *db, struct arena *a, const struct analytics_question *q, struct rows *out)
{
    struct arg from = arg_str(q->from), to = arg_str(q->to), bucket = arg_str(q->bucket);
    struct arg agent = arg_id(q->agent_id), most = arg_int(ANALYTICS_ROWS_MAX);

    if (!id_is_set(q->user_id))
        return db_all(db, a, Q_ANALYTICS_ALL, ARGS(from, to, bucket, agent, most), out);
    return db_all(db, a, Q_ANALYTICS_USER, ARGS(from, to, bucket, agent, most, arg_id(q->user_id)),
                  out);
}

static struct analytics_row
read_row(const struct row *r)
{
    const double none = (double)NAN;

    return (struct analytics_row){
        .bucket = row_str(r, "bucket"),
        .agent_id = row_opt_id(r, "agent_id"),
        .requests = row_int(r, "requests"),
        .completed = row_int(r, "completed"),
        .failed = row_int(r, "failed"),
        .cancelled = row_int(r, "cancelled"),
        .input_tokens = row_int(r, "input_tokens"),
        .output_tokens = row_int(r, "output_tokens"),
        .latency_ms = { row_opt_double(r, "latency_p50", none),
                        row_opt_double(r, "latency_p90", none),
                        row_opt_double(r, "latency_p99", none) },
        .wait_ms = { row_opt_double(r, "wait_p50", none), row_opt_double(r, "wait_p90", none),
                     row_opt_double(r, "wait_p99", none) },
    };
}

struct err
analytics_list(struct db *db, struct arena *a, const struct analytics_question *q,
               struct analytics_row **out, size_t *count)
{
    struct analytics_row *list;
    struct rows rows;

    TRY(ask(db, a, q, &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_row(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}
