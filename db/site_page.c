#include "db/site_page.h"

#include "db/db.h"
#include "lib/arena.h"

static struct site_page
read_page(const struct row *r)
{
    return (struct site_page){
        .id = row_id(r, "id"),
        .source_id = row_id(r, "source_id"),
        .canonical_id = row_opt_id(r, "canonical_id"),
        .url = row_opt_str(r, "url"),
        .status = row_str(r, "status"),
        .reason = row_opt_str(r, "reason"),
        .detail = row_opt_str(r, "detail"),
        .content_type = row_opt_str(r, "content_type"),
        .title = row_str(r, "title"),
        .content = row_str(r, "content"),
        .language = row_opt_str(r, "language"),
        .depth = row_int(r, "depth"),
        .http_status = row_opt_int(r, "http_status", -1),
        .bytes = row_opt_int(r, "bytes", -1),
        .chunk_count = row_int(r, "chunk_count"),
        .fetched_at = row_opt_str(r, "fetched_at"),
        .changed_at = row_opt_str(r, "changed_at"),
        .created_at = row_str(r, "created_at"),
        .updated_at = row_str(r, "updated_at"),
    };
}

struct err
site_page_list(struct db *db, struct arena *a, struct id source_id, const char *status,
               const char *q, const struct page *page, struct site_page **out, size_t *count)
{
    struct site_page *list;
    struct rows rows;
    size_t n = 0;

    TRY(db_all(db, a, Q_SITE_PAGE_LIST,
               ARGS(arg_id(source_id), arg_str(status), arg_str(q), arg_str(page->at),
                    arg_id(page->id), arg_int(page->limit)),
               &rows));
    if (rows.count == 0)
        return ERR(ERR_NOT_FOUND, "source not found");
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        if (id_is_set(row_opt_id(&r, "id")))
            list[n++] = read_page(&r);
    }
    *out = list;
    *count = n;
    return OK;
}

struct err
site_page_get(struct db *db, struct arena *a, struct id id, struct site_page *out)
{
    struct row row;

    TRY(db_one(db, a, Q_SITE_PAGE_GET, ARGS(arg_id(id)), &row));
    *out = read_page(&row);
    return OK;
}

struct err
site_page_chunks(struct db *db, struct arena *a, struct id id, struct source_chunk **out,
                 size_t *count)
{
    struct source_chunk *list;
    struct rows rows;

    TRY(db_all(db, a, Q_SITE_PAGE_CHUNKS, ARGS(arg_id(id)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct source_chunk){ .heading = row_str(&r, "heading"),
                                         .content = row_str(&r, "content") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}
