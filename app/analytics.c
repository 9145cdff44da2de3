/* GET /api/analytics: what was asked and how it went. */
#include "db/analytics.h"
#include "app/handlers.h"
#include "app/request.h"

static const char *const buckets[] = { "day", "hour", NULL };
static const char *const flags[] = { "false", "true", NULL };

static void
write_percentiles(struct json_writer *w, const char *key, const double ms[3])
{
    jw_object(w, key);
    jw_double(w, "p50", ms[0]);
    jw_double(w, "p90", ms[1]);
    jw_double(w, "p99", ms[2]);
    jw_object_end(w);
}

static void
write_row(struct json_writer *w, const struct analytics_row *r)
{
    jw_object(w, NULL);
    jw_str(w, "bucket", r->bucket);
    jw_id(w, "agent_id", r->agent_id);
    jw_int(w, "requests", r->requests);
    jw_int(w, "completed", r->completed);
    jw_int(w, "failed", r->failed);
    jw_int(w, "cancelled", r->cancelled);
    jw_int(w, "input_tokens", r->input_tokens);
    jw_int(w, "output_tokens", r->output_tokens);
    write_percentiles(w, "latency_ms", r->latency_ms);
    write_percentiles(w, "wait_ms", r->wait_ms);
    jw_object_end(w);
}

static void
write_all(struct json_writer *w, const struct analytics_question *q,
          const struct analytics_row *list, size_t count)
{
    jw_object(w, NULL);
    jw_str(w, "from", q->from);
    jw_str(w, "to", q->to);
    jw_str(w, "bucket", q->bucket);
    jw_array(w, "data");
    for (size_t i = 0; i < count; i++)
        write_row(w, &list[i]);
    jw_array_end(w);
    jw_object_end(w);
}

struct err
analytics_read(struct request *rq, struct reply *rp)
{
    bool hourly = params_word(&rq->params, "bucket", buckets) == 1;
    bool all = params_word(&rq->params, "all", flags) == 1;
    struct analytics_question q = { .agent_id = params_id(&rq->params, "agent_id"),
                                    .from = request_time_param(rq, "from"),
                                    .to = request_time_param(rq, "to"),
                                    .bucket = hourly ? "hour" : "day" };
    struct analytics_row *list;
    size_t count;

    TRY(params_check(&rq->params));
    if (all && !rq->caller.is_admin)
        return ERR(ERR_FORBIDDEN, "only admins may see what all users asked");
    if (all)
        db_be_admin(rq->db);
    else
        q.user_id = rq->caller.user_id;
    TRY(analytics_range(rq->db, rq->arena, q.bucket, &q.from, &q.to));
    TRY(analytics_list(rq->db, rq->arena, &q, &list, &count));
    write_all(reply_json(rp, 200), &q, list, count);
    return OK;
}
