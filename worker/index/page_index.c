#include "worker/index/page_index.h"

#include "db/chunk.h"
#include "worker/index/chunker.h"

struct err
page_index(struct db *db, struct arena *a, const struct page_text *page, size_t *count)
{
    struct chunk_page of = { .page_id = page->page_id,
                             .source_id = page->source_id,
                             .agent_id = page->agent_id,
                             .user_id = page->user_id };
    struct source_chunk *chunks;
    size_t n = chunker_split(a, page->text, &chunks);

    TRY(chunk_replace(db, a, &of, chunks, n));
    *count = n;
    return OK;
}

struct err
page_unindex(struct db *db, struct id page_id)
{
    return chunk_forget(db, page_id);
}
