#include "db/passage.h"

#include "db/db.h"
#include "lib/arena.h"

struct err
passage_search(struct db *db, struct arena *a, struct id agent_id, const char *question, int most,
               struct passage **out, size_t *count)
{
    struct passage *list;
    struct rows rows;

    TRY(db_all(db, a, Q_PASSAGE_SEARCH, ARGS(arg_id(agent_id), arg_str(question), arg_int(most)),
               &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct passage){ .chunk_id = row_id(&r, "chunk_id"),
                                    .source_id = row_id(&r, "source_id"),
                                    .title = row_str(&r, "title"),
                                    .heading = row_str(&r, "heading"),
                                    .content = row_str(&r, "content"),
                                    .score = row_double(&r, "score") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}
