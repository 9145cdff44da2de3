#include "db/chat_title.h"
#include "db/db.h"
#include "db/passage.h"
#include "db/trace.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/json_writer.h"
#include "worker/model/upstream.h"
#include "worker/respond/citation.h"
#include "worker/respond/respond.h"
#include "worker/trace/export.h"

#include <string.h>

#define JSON_MAX ((size_t)64 * 1024)

/* Of all calls of the model: with tools there are several. */
static struct dialect_usage
whole_usage(const struct respond *r)
{
    struct dialect_usage all = { 0 };

    for (size_t i = 0; i < r->traced.call_count; i++) {
        const struct dialect_reply *reply = r->traced.calls[i].reply;

        if (!reply || !reply->usage.known)
            continue;
        all.known = true;
        all.input += reply->usage.input;
        all.output += reply->usage.output;
        all.cached += reply->usage.cached;
        all.reasoning += reply->usage.reasoning;
    }
    return all;
}

/* Tokens in the words of the Responses API; NULL when the model told none. */
static const char *
usage_json(struct respond *r)
{
    const struct dialect_usage all = whole_usage(r), *u = &all;
    struct json_writer w;
    struct buf out;

    if (!u->known)
        return NULL;
    buf_init(&out, r->at->arena, JSON_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_int(&w, "input_tokens", u->input);
    jw_object(&w, "input_tokens_details");
    jw_int(&w, "cached_tokens", u->cached);
    jw_object_end(&w);
    jw_int(&w, "output_tokens", u->output);
    jw_object(&w, "output_tokens_details");
    jw_int(&w, "reasoning_tokens", u->reasoning);
    jw_object_end(&w);
    jw_int(&w, "total_tokens", u->input + u->output);
    jw_object_end(&w);
    return out.data;
}

static const char *
error_json(struct respond *r)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, r->at->arena, JSON_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_str(&w, "code", r->fault_name);
    jw_str(&w, "message", r->fault.msg);
    jw_object_end(&w);
    return out.data;
}

/* The passages that the text names by number; all that a model was shown when it names none. */
static const char *
sources_json(struct respond *r, const char *content)
{
    struct arena *a = r->at->arena;
    struct citation *list;
    size_t n;

    if (r->passage_count == 0)
        return NULL;
    n = citation_find(a, content, r->passages, r->passage_count, &list);
    if (n == 0)
        for (n = 0; n < r->passage_count && !r->question.weak_evidence; n++)
            list[n] = (struct citation){ n + 1, &r->passages[n] };
    return citation_sources(a, list, n);
}

static struct request_end
request_end(struct respond *r)
{
    static const char *const states[] = {
        [RESPOND_COMPLETED] = "completed",
        [RESPOND_FAILED] = "failed",
        [RESPOND_CANCELLED] = "cancelled",
    };
    bool complete = r->end == RESPOND_COMPLETED;
    struct request_end end = {
        .id = r->task.id,
        .user_id = r->task.user_id,
        .chat_id = r->task.chat_id,
        .message_id = r->task.message_id,
        .status = states[r->end],
        .content = transcript_content(&r->transcript, complete),
        .output = transcript_output(&r->transcript, r->at->arena),
        .usage = usage_json(r),
        .finish_reason = r->finish_reason,
        .last_seq = r->last_seq,
        .untraced = !config_bool(SET_TRACES),
    };

    if (r->plain) {
        end.content = "";
        end.output = "[]";
        end.usage = NULL;
    }
    if (complete)
        end.sources = sources_json(r, end.content);
    if (r->end == RESPOND_FAILED)
        end.error = error_json(r);
    return end;
}

struct job_end
respond_job_end(const struct respond *r)
{
    static const enum job_outcome outcomes[] = {
        [RESPOND_COMPLETED] = JOB_END_COMPLETED, [RESPOND_FAILED] = JOB_END_DISCARDED,
        [RESPOND_CANCELLED] = JOB_END_CANCELLED, [RESPOND_RETRY] = JOB_END_RETRY,
        [RESPOND_RETURN] = JOB_END_RETURN,
    };

    return attempt_job_end(r->at, outcomes[r->end], r->delay_ms, r->fault.msg);
}

static struct err
store_pause(struct respond *r, struct db *db)
{
    struct attempt *at = r->at;
    struct job_end job = respond_job_end(r);

    if (r->end == RESPOND_RETRY)
        TRY(request_retrying(db, r->task.id, at->job.attempt, r->delay_ms));
    return job_end_here(db, at->arena, &at->lease, &job);
}

static struct err
export_trace(struct respond *r, struct db *db)
{
    const char *targets[EXPORT_TARGETS_MAX];
    size_t n = config_bool(SET_TRACES) ? export_targets(targets) : 0;

    for (size_t i = 0; i < n; i++)
        TRY(trace_export_later(db, r->at->arena, r->task.id, r->task.user_id, targets[i],
                               r->task.http_request_id));
    return OK;
}

static struct err
store_result(struct respond *r, struct db *db)
{
    struct attempt *at = r->at;
    struct job_end job = respond_job_end(r);
    struct request_end end = request_end(r);

    if (r->end == RESPOND_COMPLETED && r->task.asks_title)
        TRY(chat_title_ask(db, at->arena, end.user_id, end.chat_id, end.id,
                           r->task.http_request_id));
    TRY(export_trace(r, db));
    return request_finish(db, at->arena, &end, &at->lease, &job);
}

/* When nothing of the attempt could be stored, its spans may be why. */
static struct err
store_trace(struct respond *r, struct db *db)
{
    struct trace_new trace;

    if (!config_bool(SET_TRACES))
        return OK;
    respond_trace_result(r, &trace);
    if (r->plain) {
        trace.spans = "";
        trace.upstream_id = NULL;
    }
    TRY(trace_add(db, &trace));
    if (!trace.upstream_id || trace.upstream_spans)
        return OK;
    return trace_fetch_later(db, r->at->arena, r->task.id, r->task.user_id,
                             r->task.http_request_id);
}

struct err
respond_store(struct attempt *at, struct db *db)
{
    struct respond *r = at->state;
    bool pauses = r->end == RESPOND_RETRY || r->end == RESPOND_RETURN;

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(event_add(db, at->arena, r->events, r->event_count));
    TRY(store_trace(r, db));
    TRY(pauses ? store_pause(r, db) : store_result(r, db));
    return db_commit(db);
}
