/* /api/traces: what was done for a response, and how long it took. */
#include "app/handlers.h"
#include "app/request.h"
#include "db/trace.h"
#include "lib/arena.h"
#include "lib/config.h"

#include <math.h>
#include <string.h>

#define DURATION_MAX INT64_C(1000000000000) /* milliseconds */

/* Where its spans come from. */
static const char *
source_of(const struct trace_info *t)
{
    return t->fetched_at ? "mlflow" : "offstage";
}

static void
write_tokens(struct json_writer *w, const char *key, int64_t n)
{
    if (n >= 0)
        jw_int(w, key, n);
    else
        jw_null(w, key);
}

static void
write_upstream(struct json_writer *w, const struct trace_info *t)
{
    if (!t->upstream_id) {
        jw_null(w, "upstream");
        return;
    }
    jw_object(w, "upstream");
    jw_str(w, "trace_id", t->upstream_id);
    jw_str(w, "status", t->upstream_status);
    jw_str(w, "error", t->upstream_error);
    jw_object_end(w);
}

static void
write_members(struct json_writer *w, const struct trace_info *t)
{
    jw_id(w, "id", t->id);
    jw_id(w, "request_id", t->id);
    jw_id(w, "chat_id", t->chat_id);
    jw_id(w, "agent_id", t->agent_id);
    jw_str(w, "source", source_of(t));
    jw_str(w, "status", t->status);
    jw_str(w, "error", t->error);
    jw_str(w, "started_at", t->started_at);
    jw_double(w, "duration_ms", t->duration_ms);
    jw_double(w, "time_to_first_token_ms", t->first_token_ms);
    write_tokens(w, "input_tokens", t->input_tokens);
    write_tokens(w, "output_tokens", t->output_tokens);
    jw_raw(w, "summary", t->summary);
    write_upstream(w, t);
    jw_str(w, "fetched_at", t->fetched_at);
    jw_str(w, "expires_at", t->expires_at);
}

static void
write_feedback(struct json_writer *w, const struct trace_info *t)
{
    if (!t->rating) {
        jw_null(w, "feedback");
        return;
    }
    jw_object(w, "feedback");
    jw_str(w, "rating", t->rating);
    jw_str(w, "comment", t->comment);
    jw_object_end(w);
}

/* ---- the handlers ------------------------------------------------------------ */

struct err
traces_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    int status = params_word(&rq->params, "status", trace_state_names);
    int64_t at_least = params_int(&rq->params, "min_duration_ms", 0, DURATION_MAX, -1);
    struct trace_filter filter = { .before = page.id,
                                   .limit = page.limit,
                                   .chat_id = params_id(&rq->params, "chat_id"),
                                   .agent_id = params_id(&rq->params, "agent_id"),
                                   .status = status < 0 ? NULL : trace_state_names[status],
                                   .min_duration_ms = at_least < 0 ? (double)NAN : (double)at_least,
                                   .from = request_time_param(rq, "from"),
                                   .to = request_time_param(rq, "to"),
                                   .keep_days = config_int(SET_TRACE_KEEP_D) };
    struct trace_info *list;
    struct json_writer *w;
    size_t count;

    TRY(trace_list(rq->db, rq->arena, &filter, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].started_at, list[i].id); i++) {
        jw_object(w, NULL);
        write_members(w, &list[i]);
        jw_object_end(w);
    }
    reply_list_end(rp);
    return OK;
}

/* A trace is named by its id, or by that of its other half on another server. */
static struct err
find(struct request *rq, struct id *out)
{
    if (id_is_set(rq->id)) {
        *out = rq->id;
        return OK;
    }
    if (strlen(rq->id_text) > TRACE_UPSTREAM_MAX)
        return ERR(ERR_NOT_FOUND, "trace not found");
    return trace_find(rq->db, rq->arena, rq->id_text, out);
}

struct err
traces_read(struct request *rq, struct reply *rp)
{
    struct trace_info t;
    struct json_writer *w;
    struct id id;

    TRY(find(rq, &id));
    TRY(trace_get(rq->db, rq->arena, id, config_int(SET_TRACE_KEEP_D), &t));
    w = reply_json(rp, 200);
    jw_object(w, NULL);
    write_members(w, &t);
    write_feedback(w, &t);
    jw_array(w, "spans");
    jw_raw(w, NULL, trace_all_spans(rq->arena, &t));
    if (t.upstream_spans[0])
        jw_raw(w, NULL, t.upstream_spans);
    jw_array_end(w);
    jw_object_end(w);
    return OK;
}

struct err
traces_delete(struct request *rq, struct reply *rp)
{
    struct id id;

    TRY(find(rq, &id));
    TRY(trace_delete(rq->db, rq->arena, id));
    reply_empty(rp);
    return OK;
}

struct err
traces_refresh(struct request *rq, struct reply *rp)
{
    struct json_writer *w;
    struct id id;

    TRY(find(rq, &id));
    TRY(trace_refresh(rq->db, rq->arena, id, rq->caller.user_id, rq->request_id));
    w = reply_json(rp, 202);
    rp->location = arena_printf(rp->arena, "/api/traces/%s", id.s);
    jw_object(w, NULL);
    jw_id(w, "id", id);
    jw_str(w, "status", "pending");
    jw_str(w, "status_url", rp->location);
    jw_object_end(w);
    return OK;
}
