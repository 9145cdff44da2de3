#include "db/webhook.h"

#include "db/db.h"
#include "db/notify.h"
#include "lib/arena.h"

#include <string.h>

const char *const webhook_event_names[WEBHOOK_EVENTS + 1] = {
    "response.completed", "response.incomplete", "response.failed", "response.cancelled", NULL
};
const char *const webhook_state_names[] = { "pending", "delivered", "failed", "cancelled", NULL };

static struct webhook
read_webhook(const struct row *r)
{
    return (struct webhook){
        .id = row_id(r, "id"),
        .url = row_str(r, "url"),
        .description = row_str(r, "description"),
        .events = row_str(r, "events"),
        .active = row_bool(r, "active"),
        .created_at = row_str(r, "created_at"),
    };
}

struct err
webhook_insert(struct db *db, struct arena *a, struct id id, const char *url,
               const char *description, const char *const *events, size_t event_count,
               const char *sealed, struct webhook *out)
{
    struct row row;
    struct err e =
        db_one(db, a, Q_WEBHOOK_INSERT,
               ARGS(arg_id(id), arg_str(url), arg_str(description),
                    arg_strs(a, events, event_count), arg_str(sealed), arg_int(WEBHOOK_MAX)),
               &row);

    if (e.code == ERR_NOT_FOUND)
        return err_fmt(a, ERR_CONFLICT, "a user may have at most %d webhooks", WEBHOOK_MAX);
    if (e.code)
        return e;
    *out = read_webhook(&row);
    return OK;
}

const char *
webhook_secret_context(struct arena *a, struct id id)
{
    return arena_printf(a, "webhook:%s:secret", id.s);
}

struct err
webhook_list(struct db *db, struct arena *a, const struct page *page, struct webhook **out,
             size_t *count)
{
    struct webhook *list;
    struct rows rows;

    TRY(db_all(db, a, Q_WEBHOOK_LIST,
               ARGS(arg_str(page->at), arg_id(page->id), arg_int(page->limit)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_webhook(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
webhook_delete(struct db *db, struct arena *a, struct id id)
{
    struct row row;

    return db_one(db, a, Q_WEBHOOK_DELETE, ARGS(arg_id(id)), &row);
}

/* ---- deliveries ----------------------------------------------------------- */

static struct webhook_delivery
read_delivery(const struct row *r)
{
    return (struct webhook_delivery){
        .id = row_id(r, "id"),
        .job_id = row_id(r, "job_id"),
        .subject_id = row_id(r, "subject_id"),
        .event = row_str(r, "event"),
        .state = row_str(r, "state"),
        .error = row_opt_str(r, "error"),
        .attempt = row_int(r, "attempt"),
        .response_status = row_opt_int(r, "response_status", -1),
        .duration_ms = row_opt_int(r, "duration_ms", -1),
        .created_at = row_str(r, "created_at"),
        .tried_at = row_opt_str(r, "tried_at"),
        .next_attempt_at = row_opt_str(r, "next_attempt_at"),
    };
}

struct err
webhook_deliveries(struct db *db, struct arena *a, struct id webhook_id, const char *state,
                   const struct page *page, struct webhook_delivery **out, size_t *count)
{
    struct webhook_delivery *list;
    struct rows rows;
    size_t n = 0;

    TRY(db_all(db, a, Q_WEBHOOK_DELIVERIES,
               ARGS(arg_id(webhook_id), arg_str(state), arg_str(page->at), arg_id(page->id),
                    arg_int(page->limit)),
               &rows));
    if (rows.count == 0)
        return ERR(ERR_NOT_FOUND, "webhook not found");
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        if (id_is_set(row_opt_id(&row, "id")))
            list[n++] = read_delivery(&row);
    }
    *out = list;
    *count = n;
    return OK;
}

struct err
webhook_announce(struct db *db, struct id request_id)
{
    TRY(db_later(db, Q_WEBHOOK_ANNOUNCE, ARGS(arg_id(request_id), arg_int(WEBHOOK_ATTEMPTS))));
    db_notify_if_rows(db, NOTIFY_JOB, WEBHOOK_KIND);
    return OK;
}

struct err
webhook_over(struct db *db, struct id delivery_id, const char *state, const char *error)
{
    return db_later(db, Q_WEBHOOK_OVER, ARGS(arg_id(delivery_id), arg_str(state), arg_str(error)));
}

struct err
webhook_again(struct db *db, struct id delivery_id)
{
    return db_later(db, Q_WEBHOOK_AGAIN, ARGS(arg_id(delivery_id)));
}

/* ---- for the worker ------------------------------------------------------- */

struct err
webhook_load(struct db *db, struct arena *a, struct id id, struct webhook_task *out)
{
    struct row r;

    TRY(db_one(db, a, Q_WEBHOOK_LOAD, ARGS(arg_id(id)), &r));
    *out = (struct webhook_task){
        .id = row_id(&r, "id"),
        .webhook_id = row_id(&r, "webhook_id"),
        .body = row_str(&r, "body"),
        .url = row_str(&r, "url"),
        .secret = row_str(&r, "secret"),
        .due = row_bool(&r, "active") && strcmp(row_str(&r, "state"), "pending") == 0,
    };
    return OK;
}

struct err
webhook_tried(struct db *db, struct id id, const struct webhook_try *how)
{
    return db_later(db, Q_WEBHOOK_TRIED,
                    ARGS(arg_id(id), arg_str(how->state),
                         how->status ? arg_int(how->status) : arg_null(), arg_str(how->error),
                         arg_int(how->duration_ms),
                         how->next_ms < 0 ? arg_null() : arg_int(how->next_ms)));
}

struct err
webhook_stop(struct db *db, struct id webhook_id)
{
    return db_later(db, Q_WEBHOOK_STOP, ARGS(arg_id(webhook_id)));
}

struct err
webhook_sweep(struct db *db, struct arena *a, int64_t most, int64_t *removed)
{
    struct row row;

    TRY(db_one(db, a, Q_WEBHOOK_SWEEP, ARGS(arg_int(most), arg_int(WEBHOOK_KEEP_D)), &row));
    *removed = row_int(&row, "n");
    return OK;
}
