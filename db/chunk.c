#include "db/chunk.h"

#include "db/db.h"
#include "lib/arena.h"

struct err
chunk_replace(struct db *db, struct arena *a, const struct chunk_page *page,
              const struct source_chunk *chunks, size_t n)
{
    struct id *ids = arena_array(a, n, sizeof(*ids));
    const char **headings = arena_array(a, n, sizeof(*headings));
    const char **contents = arena_array(a, n, sizeof(*contents));

    TRY(chunk_forget(db, page->page_id));
    if (n == 0)
        return OK;
    for (size_t i = 0; i < n; i++) {
        ids[i] = id_new();
        headings[i] = chunks[i].heading;
        contents[i] = chunks[i].content;
    }
    return db_later(db, Q_CHUNK_ADD,
                    ARGS(arg_id(page->user_id), arg_id(page->agent_id), arg_id(page->source_id),
                         arg_id(page->page_id), arg_ids(a, ids, n), arg_strs(a, headings, n),
                         arg_strs(a, contents, n)));
}

struct err
chunk_forget(struct db *db, struct id page_id)
{
    return db_later(db, Q_CHUNK_FORGET, ARGS(arg_id(page_id)));
}
