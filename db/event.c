#include "db/event.h"

#include "db/db.h"
#include "db/event_json.h"
#include "db/notify.h"
#include "lib/arena.h"
#include "lib/buf.h"

#include <assert.h>
#include <string.h>

bool
event_is_terminal(enum event_type type)
{
    return type == EVENT_COMPLETED || type == EVENT_FAILED || type == EVENT_INCOMPLETE;
}

/* The requests in a payload of NOTIFY; "" when they are too many to name. */
static const char *
named(struct arena *a, const struct event *events, size_t n)
{
    struct buf ids;
    size_t count = 0;

    buf_init(&ids, a, (size_t)NOTIFY_IDS_MAX * (ID_TEXT + 1));
    for (size_t i = 0; i < n; i++) {
        if (i && id_eq(events[i].request_id, events[i - 1].request_id))
            continue;
        if (count++)
            buf_add_char(&ids, ',');
        buf_add_str(&ids, events[i].request_id.s);
    }
    return count <= NOTIFY_IDS_MAX ? ids.data : "";
}

struct err
event_add(struct db *db, struct arena *a, const struct event *events, size_t n)
{
    struct id *requests = arena_array(a, n, sizeof(*requests));
    struct id *users = arena_array(a, n, sizeof(*users));
    int64_t *numbers = arena_array(a, n * 4, sizeof(*numbers));
    const char **texts = arena_array(a, n * 2, sizeof(*texts));

    assert(n <= EVENT_ADD_MAX);
    if (n == 0)
        return OK;
    for (size_t i = 0; i < n; i++) {
        requests[i] = events[i].request_id;
        users[i] = events[i].user_id;
        numbers[i] = events[i].seq;
        numbers[n + i] = events[i].attempt;
        numbers[2 * n + i] = events[i].type;
        numbers[3 * n + i] = events[i].item;
        texts[i] = events[i].text;
        texts[n + i] = events[i].data;
    }
    TRY(db_later(db, Q_EVENT_ADD,
                 ARGS(arg_ids(a, requests, n), arg_ints(a, numbers, n), arg_ids(a, users, n),
                      arg_ints(a, numbers + n, n), arg_ints(a, numbers + 2 * n, n),
                      arg_ints(a, numbers + 3 * n, n), arg_strs(a, texts, n),
                      arg_strs(a, texts + n, n))));
    db_notify(db, NOTIFY_EVENT, named(a, events, n));
    return OK;
}

static void
read_result(const struct row *r, struct event_row *out)
{
    out->status = row_opt_str(r, "status");
    out->output = row_opt_str(r, "output");
    out->usage = row_opt_str(r, "usage");
    out->error = row_opt_str(r, "error");
    out->finish_reason = row_opt_str(r, "finish_reason");
    out->created_s = row_opt_int(r, "created_s", 0);
    out->model = row_opt_str(r, "model");
}

static struct event_row
read_row(const struct row *r)
{
    struct event_row row = {
        .e = { .request_id = row_id(r, "request_id"),
               .user_id = row_id(r, "user_id"),
               .seq = row_int(r, "seq"),
               .attempt = (int)row_int(r, "attempt"),
               .type = (enum event_type)row_int(r, "type"),
               .item = (int)row_int(r, "item"),
               .text = row_opt_str(r, "text"),
               .data = row_opt_str(r, "data") },
    };

    if (event_is_terminal(row.e.type))
        read_result(r, &row);
    return row;
}

static enum event_type
terminal_type(const struct event_row *row)
{
    if (strcmp(row->status, "failed") == 0)
        return EVENT_FAILED;
    if (strcmp(row->status, "cancelled") == 0)
        return EVENT_INCOMPLETE;
    if (row->finish_reason && (strcmp(row->finish_reason, "length") == 0 ||
                               strcmp(row->finish_reason, "content_filter") == 0))
        return EVENT_INCOMPLETE;
    return EVENT_COMPLETED;
}

/* The replay of a response whose log is gone: its beginning, unless the watcher is past it, and its
 * end. */
static struct err
replay(struct db *db, struct arena *a, enum event_view view, const struct event_cursor *cursor,
       struct event_row **out, size_t *count)
{
    struct event_row *rows;
    struct event_response begin = { .status = "in_progress" };
    struct buf members;
    struct rows found;
    struct row r;
    size_t n = 0;

    TRY(db_all(db, a, Q_EVENT_RESULT,
               ARGS(arg_id(cursor->request_id), arg_int(cursor->after),
                    arg_bool(view == EVENT_VIEW_VISITOR)),
               &found));
    *count = 0;
    if (found.count == 0)
        return OK;
    r = row_at(&found, 0);
    rows = arena_array(a, 2, sizeof(*rows));
    read_result(&r, &rows[1]);
    rows[1].e = (struct event){ .request_id = cursor->request_id,
                                .user_id = row_id(&r, "user_id"),
                                .seq = row_int(&r, "last_seq"),
                                .attempt = (int)row_int(&r, "attempt"),
                                .type = terminal_type(&rows[1]) };
    if (cursor->after < 0 && rows[1].e.seq > 0) {
        buf_init(&members, a, 64 * 1024);
        begin.created_s = rows[1].created_s;
        begin.model = rows[1].model;
        event_response_members(&members, &begin);
        rows[0].e = rows[1].e;
        rows[0].e.seq = 0;
        rows[0].e.type = EVENT_CREATED;
        rows[0].e.data = members.data;
        n = 2;
    }
    *out = n ? rows : rows + 1;
    *count = n ? n : 1;
    return OK;
}

struct err
event_read(struct db *db, struct arena *a, enum event_view view, const struct event_cursor *cursors,
           size_t n, int each, struct event_row **out, size_t *count)
{
    struct id *ids = arena_array(a, n, sizeof(*ids));
    int64_t *after = arena_array(a, n, sizeof(*after));
    struct event_row *list;
    struct rows rows;

    for (size_t i = 0; i < n; i++) {
        ids[i] = cursors[i].request_id;
        after[i] = cursors[i].after;
    }
    TRY(db_all(db, a, Q_EVENT_READ,
               ARGS(arg_ids(a, ids, n), arg_ints(a, after, n), arg_int(each),
                    arg_bool(view == EVENT_VIEW_VISITOR)),
               &rows));
    if (rows.count == 0 && n == 1)
        return replay(db, a, view, &cursors[0], out, count);
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_row(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
event_last(struct db *db, struct arena *a, struct id request_id, int64_t *out)
{
    struct row row;

    TRY(db_one(db, a, Q_EVENT_LAST, ARGS(arg_id(request_id)), &row));
    *out = row_int(&row, "seq");
    return OK;
}

struct err
event_sweep(struct db *db, struct arena *a, int64_t keep_days)
{
    struct row row;

    return db_one(db, a, Q_EVENT_SWEEP, ARGS(arg_int(keep_days)), &row);
}
