#include "db/message.h"

#include "db/chat.h"
#include "db/db.h"
#include "lib/arena.h"
#include "lib/plain.h"

#include <string.h>

static void
read_answer(const struct row *r, struct message *m)
{
    m->trace_id = row_opt_str(r, "trace_id");
    m->trace_summary = row_opt_str(r, "trace_summary");
    m->steps = row_str(r, "steps");
    m->finish_reason = row_opt_str(r, "finish_reason");
}

/* What every message has. */
static struct message
read_plain(const struct row *r, struct arena *a)
{
    return (struct message){
        .id = row_id(r, "id"),
        .request_id = row_opt_id(r, "request_id"),
        .role = row_str(r, "role"),
        .status = row_str(r, "status"),
        .content = row_str(r, "content"),
        .sources = row_opt_str(r, "sources"),
        .steps = "[]",
        .parent_id = row_opt_id(r, "parent_id"),
        .shown = row_bool(r, "shown"),
        .rating = row_opt_str(r, "rating"),
        .comment = row_opt_str(r, "comment"),
        .created_at = row_time(r, a, "created_at"),
    };
}

static struct message
read_message(const struct row *r, struct arena *a)
{
    struct message m = read_plain(r, a);

    m.chat_id = row_id(r, "chat_id");
    m.siblings = row_str(r, "siblings");
    read_answer(r, &m);
    return m;
}

struct err
message_add(struct db *db, struct arena *a, struct id chat_id, const char *role,
            const char *content, struct message *out)
{
    struct id id = id_new();
    struct row row;

    TRY(db_missing(db_one(db, a, Q_MESSAGE_ADD,
                          ARGS(arg_id(id), arg_id(chat_id), arg_str(role), arg_str(content),
                               arg_str(plain_start(a, content, CHAT_PREVIEW_MAX))),
                          &row),
                   "chat not found"));
    *out = (struct message){
        .id = id,
        .chat_id = chat_id,
        .role = role,
        .status = "completed",
        .content = content,
        .steps = "[]",
        .parent_id = row_opt_id(&row, "parent_id"),
        .siblings = arena_printf(a, "[\"%s\"]", id.s),
        .shown = true,
        .created_at = row_str(&row, "created_at"),
    };
    return OK;
}

struct err
message_get(struct db *db, struct arena *a, struct id id, struct message *out)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_MESSAGE_GET, ARGS(arg_id(id)), &row), "message not found"));
    *out = read_message(&row, a);
    return OK;
}

static struct message *
find(struct message *list, size_t n, struct id id, bool by_request)
{
    for (size_t i = 0; i < n; i++)
        if (id_eq(by_request ? list[i].request_id : list[i].id, id))
            return &list[i];
    return NULL;
}

/* Of those that are answers to requests and were over when the page was read: a later look at one
   that was not may say more than its message. */
static struct err
add_answers(struct db *db, struct arena *a, struct message *list, size_t n)
{
    struct id *ids = arena_array(a, n, sizeof(*ids));
    struct rows rows;
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (id_is_set(list[i].request_id) && strcmp(list[i].status, "in_progress") != 0)
            ids[count++] = list[i].request_id;
    if (count == 0)
        return OK;
    TRY(db_all(db, a, Q_MESSAGE_ANSWERS, ARGS(arg_ids(a, ids, count)), &rows));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);
        struct message *m = find(list, n, row_id(&row, "id"), true);

        if (m)
            read_answer(&row, m);
    }
    return OK;
}

/* Of those that share their parent with others. */
static struct err
add_branches(struct db *db, struct arena *a, struct message *list, size_t n)
{
    struct id *ids = arena_array(a, n, sizeof(*ids));
    struct rows rows;

    for (size_t i = 0; i < n; i++)
        ids[i] = list[i].id;
    TRY(db_all(db, a, Q_MESSAGE_BRANCHES, ARGS(arg_ids(a, ids, n)), &rows));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);
        struct message *m = find(list, n, row_id(&row, "id"), false);

        if (m)
            m->siblings = row_str(&row, "siblings");
    }
    return OK;
}

struct err
message_list(struct db *db, struct arena *a, struct id chat_id, enum message_order order,
             enum message_branches branches, const struct page *page, struct message **out,
             size_t *count)
{
    enum query q = order == MESSAGE_OLDEST_FIRST ? Q_MESSAGE_LIST : Q_MESSAGE_LIST_NEWEST;
    bool branched = false;
    struct message *list;
    struct rows rows;
    struct chat chat;
    size_t n;

    TRY(db_all_binary(db, a, q,
                      ARGS(arg_id(chat_id), arg_str(page->at), arg_id(page->id),
                           arg_int(page->limit), arg_bool(branches == MESSAGE_ALL_BRANCHES)),
                      &rows));
    if (rows.count == 0)
        TRY(chat_get(db, a, chat_id, &chat));
    n = (size_t)rows.count;
    list = arena_array(a, n, sizeof(*list));
    for (size_t i = 0; i < n; i++) {
        struct row row = row_at(&rows, (int)i);

        list[i] = read_plain(&row, a);
        list[i].chat_id = chat_id;
        list[i].siblings = arena_printf(a, "[\"%s\"]", list[i].id.s);
        branched = row_bool(&row, "branched");
    }
    TRY(add_answers(db, a, list, n));
    if (branched)
        TRY(add_branches(db, a, list, n));
    *out = list;
    *count = n;
    return OK;
}

struct err
message_delete(struct db *db, struct arena *a, struct id id)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_MESSAGE_DELETE, ARGS(arg_id(id)), &row), "message not found"));
    return row_bool(&row, "gone")
               ? OK
               : ERR(ERR_CONFLICT, "the message is being written: cancel its request first");
}

struct err
message_show(struct db *db, struct arena *a, struct id id, struct id *chat_id)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_MESSAGE_SHOW, ARGS(arg_id(id)), &row), "message not found"));
    *chat_id = row_id(&row, "chat_id");
    return db_later(db, Q_MESSAGE_SHOW_IT, ARGS(arg_id(id)));
}

struct err
message_rate(struct db *db, struct arena *a, struct id id, const char *rating, const char *comment)
{
    struct rows rows;

    TRY(db_all(db, a, Q_MESSAGE_RATE, ARGS(arg_id(id), arg_str(rating), arg_str(comment)), &rows));
    return rows.affected ? OK : ERR(ERR_NOT_FOUND, "there is no such answer");
}

struct err
message_unrate(struct db *db, struct id id)
{
    return db_later(db, Q_MESSAGE_UNRATE, ARGS(arg_id(id)));
}
