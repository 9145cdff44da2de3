#include "db/message.h"

#include "db/db.h"
#include "lib/arena.h"
#include "lib/str.h"

#define PREVIEW_MAX 200 /* bytes */

static struct message
read_message(const struct row *r)
{
    return (struct message){
        .id = row_id(r, "id"),
        .chat_id = row_id(r, "chat_id"),
        .request_id = row_opt_id(r, "request_id"),
        .role = row_str(r, "role"),
        .status = row_str(r, "status"),
        .content = row_str(r, "content"),
        .sources = row_opt_str(r, "sources"),
        .trace_id = row_opt_str(r, "trace_id"),
        .trace_summary = row_opt_str(r, "trace_summary"),
        .steps = row_int(r, "steps"),
        .finish_reason = row_opt_str(r, "finish_reason"),
        .parent_id = row_opt_id(r, "parent_id"),
        .shown = row_bool(r, "shown"),
        .siblings = row_str(r, "siblings"),
        .rating = row_opt_str(r, "rating"),
        .comment = row_opt_str(r, "comment"),
        .created_at = row_str(r, "created_at"),
    };
}

static struct err
missing(struct err e, const char *what)
{
    return e.code == ERR_NOT_FOUND ? (struct err){ ERR_NOT_FOUND, what } : e;
}

struct err
message_insert(struct db *db, struct arena *a, struct id chat_id, const char *role,
               const char *content, struct message *out)
{
    const char *preview = str_dup(a, str_utf8_prefix(str_from(content), PREVIEW_MAX));
    struct row row;

    TRY(db_later(db, Q_MESSAGE_TOUCH, ARGS(arg_id(chat_id), arg_str(preview))));
    TRY(missing(db_one(db, a, Q_MESSAGE_INSERT,
                       ARGS(arg_id(id_new()), arg_id(chat_id), arg_str(role), arg_str(content)),
                       &row),
                "chat not found"));
    *out = read_message(&row);
    return OK;
}

struct err
message_get(struct db *db, struct arena *a, struct id id, struct message *out)
{
    struct row row;

    TRY(missing(db_one(db, a, Q_MESSAGE_GET, ARGS(arg_id(id)), &row), "message not found"));
    *out = read_message(&row);
    return OK;
}

struct err
message_list(struct db *db, struct arena *a, struct id chat_id, enum message_order order,
             enum message_branches branches, const struct page *page, struct message **out,
             size_t *count)
{
    enum query q = order == MESSAGE_OLDEST_FIRST ? Q_MESSAGE_LIST : Q_MESSAGE_LIST_NEWEST;
    struct message *list;
    struct rows rows;
    size_t n = 0;

    TRY(db_all(db, a, q,
               ARGS(arg_id(chat_id), arg_str(page->at), arg_id(page->id), arg_int(page->limit),
                    arg_bool(branches == MESSAGE_ALL_BRANCHES)),
               &rows));
    if (rows.count == 0)
        return ERR(ERR_NOT_FOUND, "chat not found");
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        if (id_is_set(row_opt_id(&row, "id")))
            list[n++] = read_message(&row);
    }
    *out = list;
    *count = n;
    return OK;
}

struct err
message_delete(struct db *db, struct arena *a, struct id id)
{
    struct row row;

    TRY(missing(db_one(db, a, Q_MESSAGE_DELETE, ARGS(arg_id(id)), &row), "message not found"));
    return row_bool(&row, "gone")
               ? OK
               : ERR(ERR_CONFLICT, "the message is being written: cancel its request first");
}

struct err
message_show(struct db *db, struct arena *a, struct id id, struct id *chat_id)
{
    struct row row;

    TRY(missing(db_one(db, a, Q_MESSAGE_SHOW, ARGS(arg_id(id)), &row), "message not found"));
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
