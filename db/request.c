#include "db/request.h"

#include "db/chat.h"
#include "db/db.h"
#include "db/feed.h"
#include "db/job.h"
#include "db/request_private.h"
#include "db/trace.h"
#include "db/webhook.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_writer.h"
#include "lib/plain.h"
#include "lib/str.h"

#include <math.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)64 * 1024 * 1024)

/* ---- what making and ending share ------------------------------------------ */

const char *
request_news(struct arena *a, struct id id, struct id chat_id, struct id message_id,
             const char *status)
{
    struct json_writer w;
    struct buf b;

    buf_init(&b, a, 1000);
    jw_begin(&w, &b);
    jw_object(&w, NULL);
    jw_id(&w, "id", id);
    jw_id(&w, "chat_id", chat_id);
    jw_id(&w, "message_id", message_id);
    jw_str(&w, "status", status);
    jw_object_end(&w);
    return b.data;
}

/* ---- looking --------------------------------------------------------------- */

static struct request_info
read_info(const struct row *r)
{
    const char *status = row_str(r, "status");
    const char *content = row_str(r, "content");
    bool completed = strcmp(status, "completed") == 0;
    bool final = row_opt_str(r, "completed_at") != NULL;

    return (struct request_info){
        .id = row_id(r, "id"),
        .chat_id = row_id(r, "chat_id"),
        .agent_id = row_opt_id(r, "agent_id"),
        .user_message_id = row_opt_id(r, "user_message_id"),
        .message_id = row_id(r, "message_id"),
        .job_id = row_id(r, "job_id"),
        .user_message = row_str(r, "user_message"),
        .status = status,
        .partial_content = final ? (completed ? NULL : content) : row_opt_str(r, "partial"),
        .final_response = completed ? content : NULL,
        .sequence_number = row_int(r, "seq"),
        .attempt = (int)row_int(r, "attempt"),
        .max_attempts = (int)row_int(r, "max_attempts"),
        .next_attempt_at = row_opt_str(r, "next_attempt_at"),
        .error = row_opt_str(r, "error"),
        .usage = row_opt_str(r, "usage"),
        .sources = row_opt_str(r, "sources"),
        .trace_id = row_opt_str(r, "trace_id"),
        .finish_reason = row_opt_str(r, "finish_reason"),
        .created_at = row_str(r, "created_at"),
        .started_at = row_opt_str(r, "started_at"),
        .completed_at = row_opt_str(r, "completed_at"),
    };
}

struct err
request_get(struct db *db, struct arena *a, struct id id, struct request_info *out)
{
    struct request_info info;
    struct row row;

    TRY(db_one(db, a, Q_REQUEST_GET, ARGS(arg_id(id)), &row));
    info = read_info(&row);
    if (strcmp(info.status, "queued") == 0) {
        struct err e = job_position(db, a, info.job_id, &info.position);

        /* It may have ended meanwhile: then it has no place in the queue any more. */
        if (e.code && e.code != ERR_NOT_FOUND)
            return e;
    }
    *out = info;
    return OK;
}

/* Each walks an index of its own. */
static struct err
list_rows(struct db *db, struct arena *a, const struct request_filter *f, struct rows *rows)
{
    struct arg status = arg_str(f->status), at = arg_str(f->before_at), id = arg_id(f->before_id);
    struct arg limit = arg_int(f->limit);

    if (id_is_set(f->chat_id))
        return db_all(db, a, Q_REQUEST_LIST_CHAT, ARGS(status, at, id, limit, arg_id(f->chat_id)),
                      rows);
    if (f->status && (strcmp(f->status, "queued") == 0 || strcmp(f->status, "streaming") == 0))
        return db_all(db, a, Q_REQUEST_LIST_UNFINISHED, ARGS(status, at, id, limit), rows);
    return db_all(db, a, Q_REQUEST_LIST, ARGS(status, at, id, limit), rows);
}

struct err
request_list(struct db *db, struct arena *a, const struct request_filter *filter,
             struct request_info **out, size_t *count)
{
    struct request_info *list;
    struct rows rows;

    TRY(list_rows(db, a, filter, &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_info(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
request_of_message(struct db *db, struct arena *a, struct id message_id, struct id *chat_id,
                   struct id *user_message_id, struct id *agent_id)
{
    struct row row;

    TRY(db_one(db, a, Q_REQUEST_OF_MESSAGE, ARGS(arg_id(message_id)), &row));
    *chat_id = row_id(&row, "chat_id");
    *user_message_id = row_id(&row, "user_message_id");
    *agent_id = row_opt_id(&row, "agent_id");
    return OK;
}

struct err
request_watch(struct db *db, struct arena *a, struct id id, struct id user_id,
              struct request_watch *out)
{
    struct row row;

    TRY(db_one(db, a, Q_REQUEST_WATCH, ARGS(arg_id(id), arg_id(user_id)), &row));
    out->status = row_str(&row, "status");
    out->final = row_bool(&row, "final");
    out->last_seq = row_int(&row, "last_seq");
    out->http_request_id = row_opt_str(&row, "http_request_id");
    return OK;
}

struct err
request_gone(struct db *db, struct arena *a, const struct id *ids, size_t n, struct id **out,
             size_t *count)
{
    struct rows rows;
    struct id *gone;

    TRY(db_all(db, a, Q_REQUEST_GONE, ARGS(arg_ids(a, ids, n)), &rows));
    gone = arena_array(a, (size_t)rows.count, sizeof(*gone));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        gone[i] = row_id(&row, "id");
    }
    *out = gone;
    *count = (size_t)rows.count;
    return OK;
}

/* ---- cancelling what waits -------------------------------------------------- */

size_t
request_close_item(const struct event *like, enum event_type added, struct event out[3])
{
    static const enum event_type message[] = { EVENT_TEXT_DONE, EVENT_TEXT_PART_DONE,
                                               EVENT_MESSAGE_CLOSED };
    static const enum event_type reasoning[] = { EVENT_REASONING_TEXT_DONE,
                                                 EVENT_REASONING_PART_DONE,
                                                 EVENT_REASONING_CLOSED };
    size_t n = added == EVENT_ITEM_ADDED ? 1 : REQUEST_CLOSE_EVENTS;

    for (size_t i = 0; i < n; i++) {
        out[i] = *like;
        out[i].seq += (int64_t)i;
        out[i].type = added == EVENT_MESSAGE_ADDED     ? message[i]
                      : added == EVENT_REASONING_ADDED ? reasoning[i]
                                                       : EVENT_ITEM_DONE;
    }
    return n;
}

static const char *
output_of(struct arena *a, struct id id, struct event_item *items, size_t n, const char **content)
{
    struct buf b;

    *content = "";
    buf_init(&b, a, OUTPUT_MAX);
    buf_add_char(&b, '[');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_char(&b, ',');
        items[i].incomplete |= !items[i].done;
        event_item_json(&b, id, &items[i]);
        if (items[i].added == EVENT_MESSAGE_ADDED)
            *content = items[i].text;
    }
    buf_add_char(&b, ']');
    return b.data;
}

/* The end of a request that no worker holds: what an attempt has left in the log is kept. */
static struct err
finish_cancelled(struct db *db, struct arena *a, struct id id, const struct row *row)
{
    struct request_end end = { .id = id,
                               .user_id = row_id(row, "user_id"),
                               .chat_id = row_id(row, "chat_id"),
                               .message_id = row_id(row, "message_id"),
                               .status = "cancelled",
                               .finish_reason = "cancelled" };
    struct event like = { .request_id = id,
                          .user_id = end.user_id,
                          .seq = row_int(row, "seq") + 1,
                          .attempt = (int)row_int(row, "attempt") };
    struct event events[REQUEST_CLOSE_EVENTS + 1];
    struct event_item *items;
    size_t item_count, n = 0;

    TRY(request_items(db, a, id, &items, &item_count));
    if (item_count && !items[item_count - 1].done) {
        like.item = items[item_count - 1].item;
        like.data = items[item_count - 1].data;
        n = request_close_item(&like, items[item_count - 1].added, events);
    }
    events[n] = like;
    events[n].seq += (int64_t)n;
    events[n].item = 0;
    events[n].data = NULL;
    events[n].type = EVENT_INCOMPLETE;
    end.last_seq = events[n].seq;
    end.output = output_of(a, id, items, item_count, &end.content);
    TRY(event_add(db, a, events, n + 1));
    TRY(trace_add_wait(db, a, id, like.attempt, row_double(row, "traced_ms"),
                       row_double(row, "age_ms")));
    return request_finish(db, a, &end, NULL, NULL);
}

struct err
request_cancel(struct db *db, struct arena *a, struct id id, bool *asked)
{
    enum job_cancelled how;
    struct row row;
    struct err e;

    *asked = false;
    TRY(db_one(db, a, Q_REQUEST_JOB, ARGS(arg_id(id)), &row));
    if (row_bool(&row, "final"))
        return OK;
    e = job_cancel(db, a, row_id(&row, "job_id"), &how);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    if (e.code)
        return e;
    *asked = how == JOB_CANCEL_ASKED;
    if (how != JOB_CANCEL_DONE)
        return OK;
    /* Look again: an attempt may have ended between the first look and the job's end. */
    TRY(db_one(db, a, Q_REQUEST_JOB, ARGS(arg_id(id)), &row));
    return row_bool(&row, "final") ? OK : finish_cancelled(db, a, id, &row);
}

struct err
request_cancel_chat(struct db *db, struct arena *a, struct id chat_id)
{
    struct rows rows;
    bool asked;

    TRY(db_all(db, a, Q_REQUEST_UNFINISHED, ARGS(arg_id(chat_id)), &rows));
    for (int i = rows.count - 1; i >= 0; i--) {
        struct row row = row_at(&rows, i);

        TRY(request_cancel(db, a, row_id(&row, "id"), &asked));
    }
    return OK;
}

/* ---- the worker's side -------------------------------------------------------- */

struct err
request_load(struct db *db, struct arena *a, struct id id, struct request_task *out)
{
    struct row r;

    TRY(db_one(db, a, Q_REQUEST_LOAD, ARGS(arg_id(id)), &r));
    *out = (struct request_task){
        .id = row_id(&r, "id"),
        .user_id = row_id(&r, "user_id"),
        .chat_id = row_id(&r, "chat_id"),
        .agent_id = row_opt_id(&r, "agent_id"),
        .message_id = row_id(&r, "message_id"),
        .user_message_id = row_opt_id(&r, "user_message_id"),
        .status = row_str(&r, "status"),
        .last_seq = row_int(&r, "last_seq"),
        .next_item = (int)row_int(&r, "next_item"),
        .open_item = (int)row_opt_int(&r, "open_item", -1),
        .open_type = (enum event_type)row_opt_int(&r, "open_type", EVENT_MESSAGE_ADDED),
        .created_s = row_int(&r, "created_s"),
        .agent_kind = row_opt_str(&r, "kind"),
        .endpoint_url = row_opt_str(&r, "endpoint_url"),
        .model = row_opt_str(&r, "model"),
        .credential = row_opt_str(&r, "credential"),
        .instructions = row_opt_str(&r, "instructions"),
        .temperature = row_opt_double(&r, "temperature", (double)NAN),
        .max_output_tokens = row_opt_int(&r, "max_output_tokens", 0),
        .history_limit = (int)row_opt_int(&r, "history_limit", 0),
        .agent_gone = row_bool(&r, "agent_gone"),
        .has_sources = row_bool(&r, "has_sources"),
        .asks_title = row_bool(&r, "asks_title"),
        .agent_owner_id = row_opt_id(&r, "agent_owner_id"),
        .http_request_id = row_opt_str(&r, "http_request_id"),
        .databricks_oauth =
            row_opt_str(&r, "auth") && strcmp(row_str(&r, "auth"), "databricks_oauth") == 0,
        .client_id = row_opt_str(&r, "client_id"),
        .tools = row_str(&r, "tools"),
        .return_trace = !row_bool(&r, "agent_gone") && row_bool(&r, "return_trace"),
        .agent_name = row_opt_str(&r, "agent_name"),
        .traceparent = row_opt_str(&r, "traceparent"),
        .age_ms = row_double(&r, "age_ms"),
        .started_ms = row_opt_double(&r, "started_ms", (double)NAN),
        .traced_ms = row_opt_double(&r, "traced_ms", (double)NAN),
    };
    if (!out->agent_kind)
        out->agent_kind = "";
    if (!out->instructions)
        out->instructions = "";
    return OK;
}

struct err
request_history(struct db *db, struct arena *a, const struct request_task *t, int limit,
                struct message_text **out, size_t *count)
{
    struct message_text *list;
    struct rows rows;

    TRY(db_all(db, a, Q_REQUEST_HISTORY,
               ARGS(arg_id(t->chat_id), arg_id(t->user_message_id), arg_int(limit)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = (struct message_text){ row_str(&row, "role"), row_str(&row, "content") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
request_items(struct db *db, struct arena *a, struct id id, struct event_item **out, size_t *count)
{
    struct event_item *list;
    struct rows rows;

    TRY(db_all(db, a, Q_REQUEST_ITEMS, ARGS(arg_id(id)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);
        int64_t done = row_opt_int(&r, "done_type", -1);

        list[i] = (struct event_item){
            .item = (int)row_int(&r, "item"),
            .added = (enum event_type)row_int(&r, "type"),
            .text = row_str(&r, "text"),
            .data = done >= 0 ? row_opt_str(&r, "done_data") : row_opt_str(&r, "data"),
            .done = done >= 0,
            .incomplete = done == EVENT_MESSAGE_CLOSED || done == EVENT_REASONING_CLOSED,
        };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
request_started(struct db *db, struct id id, int attempt)
{
    return db_later(db, Q_REQUEST_STARTED, ARGS(arg_id(id), arg_int(attempt)));
}

struct err
request_retrying(struct db *db, struct id id, int attempt, int64_t delay_ms)
{
    return db_later(db, Q_REQUEST_RETRYING, ARGS(arg_id(id), arg_int(attempt), arg_int(delay_ms)));
}

struct err
request_finish(struct db *db, struct arena *a, const struct request_end *end,
               const struct job_worker *w, const struct job_end *job)
{
    TRY(db_later(db, Q_REQUEST_END,
                 ARGS(arg_id(end->id), arg_str(end->status), arg_str(end->output),
                      arg_str(end->usage), arg_str(end->error), arg_str(end->finish_reason),
                      arg_int(end->last_seq), arg_str(end->content), arg_str(end->sources),
                      arg_str(plain_start(a, end->content, CHAT_PREVIEW_MAX)),
                      arg_bool(end->untraced))));
    if (job)
        TRY(job_end_here(db, a, w, job));
    TRY(webhook_announce(db, end->id));
    return feed_add(db, end->user_id, REQUEST_NEWS,
                    request_news(a, end->id, end->chat_id, end->message_id, end->status));
}
