#include "db/search.h"

#include "db/db.h"
#include "lib/arena.h"

struct err
search_messages(struct db *db, struct arena *a, const char *query, int most,
                struct search_hit **out, size_t *count)
{
    struct search_hit *list;
    struct rows rows;

    TRY(db_all(db, a, Q_SEARCH_MESSAGES, ARGS(arg_str(query), arg_int(most)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct search_hit){
            .message_id = row_id(&r, "message_id"),
            .chat_id = row_id(&r, "chat_id"),
            .chat_title = row_str(&r, "chat_title"),
            .role = row_str(&r, "role"),
            .shown = row_bool(&r, "shown"),
            .score = row_double(&r, "score"),
            .snippet = row_str(&r, "snippet"),
            .created_at = row_str(&r, "created_at"),
        };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
search_index(struct db *db, struct arena *a, int64_t most, int64_t *done)
{
    struct row row;

    TRY(db_one(db, a, Q_SEARCH_INDEX, ARGS(arg_int(most)), &row));
    *done = row_int(&row, "n");
    return OK;
}
