#include "db/feed.h"

#include "db/db.h"
#include "db/notify.h"
#include "lib/arena.h"

struct err
feed_add(struct db *db, struct id user_id, const char *type, const char *data)
{
    TRY(db_later(db, Q_FEED_ADD, ARGS(arg_id(user_id), arg_str(type), arg_str(data))));
    db_notify_if_rows(db, NOTIFY_FEED, user_id.s);
    return OK;
}

struct err
feed_watch(struct db *db, struct arena *a, const struct id *users, size_t n, struct id **watched,
           size_t *count)
{
    struct rows rows;

    TRY(db_all(db, a, Q_FEED_WATCH, ARGS(arg_ids(a, users, n), arg_int(FEED_WATCH_S)), &rows));
    *count = (size_t)rows.count;
    *watched = arena_array(a, *count, sizeof(**watched));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        (*watched)[i] = row_id(&r, "id");
    }
    return OK;
}

struct err
feed_read(struct db *db, struct arena *a, const struct feed_cursor *cursors, size_t n, int each,
          struct feed_event **out, size_t *count)
{
    struct id *ids = arena_array(a, n, sizeof(*ids));
    int64_t *after = arena_array(a, n, sizeof(*after));
    struct feed_event *list;
    struct rows rows;

    for (size_t i = 0; i < n; i++) {
        ids[i] = cursors[i].user_id;
        after[i] = cursors[i].after;
    }
    TRY(db_all(db, a, Q_FEED_READ, ARGS(arg_ids(a, ids, n), arg_ints(a, after, n), arg_int(each)),
               &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct feed_event){ .user_id = row_id(&r, "user_id"),
                                       .seq = row_int(&r, "seq"),
                                       .type = row_str(&r, "type"),
                                       .data = row_str(&r, "data") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
feed_last(struct db *db, struct arena *a, struct id user_id, int64_t *newest, int64_t *oldest)
{
    struct row row;

    TRY(db_one(db, a, Q_FEED_LAST, ARGS(arg_id(user_id)), &row));
    *newest = row_int(&row, "newest");
    *oldest = row_int(&row, "oldest");
    return OK;
}

struct err
feed_sweep(struct db *db, struct arena *a, int64_t most, int64_t *removed)
{
    struct rows rows;

    TRY(db_all(db, a, Q_FEED_SWEEP, ARGS(arg_int(FEED_KEEP_H), arg_int(most)), &rows));
    *removed = rows.affected;
    return OK;
}
