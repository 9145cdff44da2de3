#include "db/chat.h"

#include "db/db.h"
#include "db/feed.h"
#include "lib/arena.h"

static struct chat
read_chat(const struct row *r, struct arena *a)
{
    return (struct chat){
        .id = row_id(r, "id"),
        .user_id = row_id(r, "user_id"),
        .agent_id = row_opt_id(r, "agent_id"),
        .title = row_str(r, "title"),
        .session_id = row_opt_str(r, "session_id"),
        .preview = row_str(r, "preview"),
        .pinned = row_bool(r, "pinned"),
        .archived = row_bool(r, "archived"),
        .unread = row_bool(r, "unread"),
        .active_id = row_opt_id(r, "active_id"),
        .active_status = row_opt_str(r, "active_status"),
        .created_at = row_time(r, a, "created_at"),
        .active_at = row_time(r, a, "active_at"),
        .deleted_at = row_opt_time(r, a, "deleted_at"),
    };
}

static struct err
check_agent(struct db *db, struct arena *a, struct id agent_id)
{
    struct row row;

    if (!id_is_set(agent_id))
        return OK;
    return db_missing(db_one(db, a, Q_CHAT_AGENT, ARGS(arg_id(agent_id)), &row), "agent not found");
}

struct err
chat_tell(struct db *db, struct arena *a, struct id user_id, struct id id, const char *change)
{
    return feed_add(db, user_id, "chat",
                    arena_printf(a, "{\"id\":\"%s\",\"change\":\"%s\"}", id.s, change));
}

struct err
chat_insert(struct db *db, struct arena *a, const struct chat_new *in, struct chat *out)
{
    struct id id = id_new();
    struct row row;
    struct err e;

    TRY(check_agent(db, a, in->agent_id));
    TRY(db_later(
        db, Q_CHAT_INSERT,
        ARGS(arg_id(id), arg_id(in->agent_id), arg_str(in->title), arg_str(in->session_id))));
    TRY(chat_tell(db, a, in->user_id, id, "created"));
    e = db_one(db, a, Q_CHAT_GET, ARGS(arg_id(id)), &row);
    if (e.code == ERR_CONFLICT)
        return ERR(ERR_CONFLICT, "this session has a chat with this agent already");
    if (e.code)
        return e;
    *out = read_chat(&row, a);
    return OK;
}

struct err
chat_get(struct db *db, struct arena *a, struct id id, struct chat *out)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_CHAT_GET, ARGS(arg_id(id)), &row), "chat not found"));
    *out = read_chat(&row, a);
    return OK;
}

static struct err
list_rows(struct db *db, struct arena *a, const struct chat_filter *f, const struct page *page,
          struct rows *out)
{
    struct arg user = arg_id(f->user_id), agent = arg_id(f->agent_id), shelf = arg_int(f->shelf);
    struct arg at = arg_str(page->at), id = arg_id(page->id), limit = arg_int(page->limit);

    if (f->q)
        return db_all_binary(db, a, Q_CHAT_LIST_TITLED,
                             ARGS(user, at, id, limit, shelf, agent, arg_str(f->q)), out);
    if (f->pinned)
        return db_all_binary(db, a, Q_CHAT_LIST_PINNED, ARGS(user, at, id, limit, shelf, agent),
                             out);
    if (id_is_set(f->agent_id))
        return db_all_binary(db, a, Q_CHAT_LIST_AGENT, ARGS(user, at, id, limit, shelf, agent),
                             out);
    return db_all_binary(db, a, Q_CHAT_LIST, ARGS(user, at, id, limit, shelf), out);
}

static void
read_list(struct arena *a, const struct rows *rows, struct chat **out, size_t *count)
{
    struct chat *list = arena_array(a, (size_t)rows->count, sizeof(*list));

    for (int i = 0; i < rows->count; i++) {
        struct row row = row_at(rows, i);

        list[i] = read_chat(&row, a);
    }
    *out = list;
    *count = (size_t)rows->count;
}

struct err
chat_list(struct db *db, struct arena *a, const struct chat_filter *filter, const struct page *page,
          struct chat **out, size_t *count)
{
    struct rows rows;

    TRY(list_rows(db, a, filter, page, &rows));
    read_list(a, &rows, out, count);
    return OK;
}

struct err
chat_list_all(struct db *db, struct arena *a, struct id user_id, const struct page *page,
              struct chat **out, size_t *count)
{
    struct rows rows;

    TRY(db_all_binary(
        db, a, Q_CHAT_LIST_ALL,
        ARGS(arg_id(user_id), arg_str(page->at), arg_id(page->id), arg_int(page->limit)), &rows));
    read_list(a, &rows, out, count);
    return OK;
}

static struct arg
arg_flag(int flag)
{
    return flag < 0 ? arg_null() : arg_bool(flag != 0);
}

struct err
chat_update(struct db *db, struct arena *a, const struct chat_change *change, struct chat *out)
{
    TRY(check_agent(db, a, change->agent_id));
    TRY(db_later(db, Q_CHAT_UPDATE,
                 ARGS(arg_id(change->id), arg_str(change->title), arg_id(change->agent_id),
                      arg_flag(change->pinned), arg_flag(change->archived))));
    TRY(chat_get(db, a, change->id, out));
    return chat_tell(db, a, change->user_id, change->id, "updated");
}

struct err
chat_read(struct db *db, struct arena *a, struct id id, struct id user_id)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_CHAT_READ, ARGS(arg_id(id)), &row), "chat not found"));
    return chat_tell(db, a, user_id, id, "read");
}

struct err
chat_delete(struct db *db, struct arena *a, struct id id, struct id user_id)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_CHAT_DELETE, ARGS(arg_id(id)), &row), "chat not found"));
    return chat_tell(db, a, user_id, id, "deleted");
}

struct err
chat_delete_forever(struct db *db, struct arena *a, struct id id, struct id user_id)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_CHAT_DELETE_FOREVER, ARGS(arg_id(id)), &row), "chat not found"));
    return chat_tell(db, a, user_id, id, "deleted");
}

struct err
chat_restore(struct db *db, struct arena *a, struct id id, struct id user_id, struct chat *out)
{
    struct row row;

    TRY(db_missing(db_one(db, a, Q_CHAT_RESTORE, ARGS(arg_id(id)), &row),
                   "there is no such chat in the bin"));
    TRY(chat_get(db, a, id, out));
    return chat_tell(db, a, user_id, id, "restored");
}
