#include "db/crawl_run.h"

#include "db/db.h"
#include "db/source_private.h"
#include "lib/arena.h"

#include <string.h>

#define PAGES_BYTES ((size_t)2 * 1024 * 1024) /* of pages that one statement stores, about */

static struct err
read_starts(struct db *db, struct arena *a, struct crawl_task *task)
{
    const char **list;
    struct rows rows;

    TRY(db_all(db, a, Q_CRAWL_STARTS, ARGS(arg_id(task->id)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = row_str(&r, "url");
    }
    task->starts = list;
    task->start_count = (size_t)rows.count;
    return OK;
}

struct err
crawl_begin(struct db *db, struct arena *a, struct id crawl_id, struct crawl_task *out)
{
    struct row row;

    TRY(db_one(db, a, Q_CRAWL_BEGIN, ARGS(arg_id(crawl_id)), &row));
    *out = (struct crawl_task){
        .id = row_id(&row, "id"),
        .source_id = row_id(&row, "source_id"),
        .agent_id = row_id(&row, "agent_id"),
        .user_id = row_id(&row, "user_id"),
        .dry_run = row_bool(&row, "dry_run"),
        .seeded = row_bool(&row, "seeded"),
        .stalls = row_int(&row, "stalls"),
        .url = row_str(&row, "url"),
        .settings = source_read_crawl(a, &row),
        .counts = { .found = row_int(&row, "found"),
                    .fetched = row_int(&row, "fetched"),
                    .indexed = row_int(&row, "indexed"),
                    .unchanged = row_int(&row, "unchanged"),
                    .skipped = row_int(&row, "skipped"),
                    .failed = row_int(&row, "failed"),
                    .progress = row_int(&row, "progress") },
        .reasons = row_str(&row, "reasons"),
    };
    TRY(read_starts(db, a, out));
    return db_later(db, Q_CRAWL_SOURCE_STATUS, ARGS(arg_id(crawl_id)));
}

struct err
crawl_known(struct db *db, struct arena *a, struct id source_id, struct crawl_known **out,
            size_t *count)
{
    struct crawl_known *list;
    struct rows rows;

    TRY(db_all(db, a, Q_CRAWL_KNOWN, ARGS(arg_id(source_id)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct crawl_known){
            .id = row_id(&r, "id"),
            .url = row_str(&r, "url"),
            .indexed = row_bool(&r, "indexed"),
            .depth = row_int(&r, "depth"),
            .content_hash = row_opt_id(&r, "content_hash"),
            .simhash = (uint64_t)row_opt_int(&r, "simhash", 0),
            .etag = row_opt_str(&r, "etag"),
            .last_modified = row_opt_str(&r, "last_modified"),
        };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
crawl_used(struct db *db, struct arena *a, const struct crawl_task *task, int64_t *out)
{
    struct row row;

    TRY(db_one(db, a, Q_CRAWL_USED, ARGS(arg_id(task->id), arg_id(task->source_id)), &row));
    *out = row_int(&row, "used");
    return OK;
}

/* ---- the frontier ------------------------------------------------------------- */

/* Columns of the arrays that one statement takes. */
struct columns {
    struct id *ids;
    const char **url, **via, **state, **reason;
    int64_t *depth, *late, *hops, *flags;
};

static struct columns
make_columns(struct arena *a, const struct crawl_url *urls, size_t n)
{
    struct columns c = {
        .ids = arena_array(a, n, sizeof(*c.ids)),
        .url = arena_array(a, n, sizeof(*c.url)),
        .via = arena_array(a, n, sizeof(*c.via)),
        .state = arena_array(a, n, sizeof(*c.state)),
        .reason = arena_array(a, n, sizeof(*c.reason)),
        .depth = arena_array(a, n, sizeof(*c.depth)),
        .late = arena_array(a, n, sizeof(*c.late)),
        .hops = arena_array(a, n, sizeof(*c.hops)),
        .flags = arena_array(a, n, sizeof(*c.flags)),
    };

    for (size_t i = 0; i < n; i++) {
        c.ids[i] = urls[i].id;
        c.url[i] = urls[i].url;
        c.via[i] = urls[i].via;
        c.state[i] = urls[i].reason ? "skipped" : "queued";
        c.reason[i] = urls[i].reason;
        c.depth[i] = urls[i].depth;
        c.late[i] = urls[i].late;
        c.hops[i] = urls[i].hops;
        c.flags[i] = urls[i].flags;
    }
    return c;
}

struct err
crawl_add(struct db *db, struct arena *a, struct id crawl_id, const struct crawl_url *urls,
          size_t n, struct crawl_added **out, size_t *count)
{
    struct crawl_added *list;
    struct columns c;
    struct rows rows;

    *count = 0;
    if (n == 0)
        return OK;
    c = make_columns(a, urls, n);
    TRY(db_all(db, a, Q_CRAWL_ADD,
               ARGS(arg_id(crawl_id), arg_ids(a, c.ids, n), arg_strs(a, c.url, n),
                    arg_strs(a, c.via, n), arg_ints(a, c.depth, n), arg_ints(a, c.late, n),
                    arg_ints(a, c.hops, n), arg_ints(a, c.flags, n), arg_strs(a, c.state, n),
                    arg_strs(a, c.reason, n)),
               &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct crawl_added){ row_str(&r, "reason"), row_int(&r, "n") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
crawl_next(struct db *db, struct arena *a, struct id crawl_id, const struct id *in_hand,
           size_t in_hand_count, int64_t limit, struct crawl_url **out, size_t *count)
{
    struct crawl_url *list;
    struct rows rows;

    TRY(db_all(db, a, Q_CRAWL_NEXT,
               ARGS(arg_id(crawl_id), arg_ids(a, in_hand, in_hand_count), arg_int(limit)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct crawl_url){ .id = row_id(&r, "id"),
                                      .url = row_str(&r, "url"),
                                      .via = row_opt_str(&r, "via"),
                                      .depth = row_int(&r, "depth"),
                                      .hops = row_int(&r, "hops"),
                                      .tries = row_int(&r, "tries"),
                                      .flags = (int)row_int(&r, "flags") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
crawl_waiting(struct db *db, struct arena *a, struct id crawl_id, const struct id *in_hand,
              size_t in_hand_count, int64_t *queued, int64_t *due_ms)
{
    struct row row;

    TRY(db_one(db, a, Q_CRAWL_WAITING, ARGS(arg_id(crawl_id), arg_ids(a, in_hand, in_hand_count)),
               &row));
    *queued = row_int(&row, "queued");
    *due_ms = row_int(&row, "due_ms");
    return OK;
}

/* ---- what came of addresses ---------------------------------------------------- */

struct err
crawl_touch(struct db *db, struct arena *a, struct id crawl_id)
{
    struct row row;
    struct err e = db_one(db, a, Q_CRAWL_TOUCH, ARGS(arg_id(crawl_id)), &row);

    return e.code == ERR_NOT_FOUND ? ERR(ERR_CONFLICT, "the crawl was paused or cancelled") : e;
}

struct err
crawl_settle(struct db *db, struct arena *a, struct id crawl_id, const struct crawl_outcome *list,
             size_t n)
{
    struct id *ids = arena_array(a, n, sizeof(*ids));
    const char **states = arena_array(a, n, sizeof(*states));
    const char **reasons = arena_array(a, n, sizeof(*reasons));
    int64_t *tries = arena_array(a, n, sizeof(*tries));
    int64_t *delays = arena_array(a, n, sizeof(*delays));

    if (n == 0)
        return OK;
    for (size_t i = 0; i < n; i++) {
        ids[i] = list[i].id;
        states[i] = list[i].state;
        reasons[i] = list[i].reason;
        tries[i] = list[i].tries;
        delays[i] = strcmp(list[i].state, "queued") == 0 ? list[i].delay_ms : -1;
    }
    return db_later(db, Q_CRAWL_SETTLE,
                    ARGS(arg_id(crawl_id), arg_ids(a, ids, n), arg_strs(a, states, n),
                         arg_strs(a, reasons, n), arg_ints(a, tries, n), arg_ints(a, delays, n)));
}

static bool
is_without_text(const struct crawl_outcome *o)
{
    return strcmp(o->state, "skipped") == 0 || strcmp(o->state, "failed") == 0;
}

struct err
crawl_skip_pages(struct db *db, struct arena *a, struct id crawl_id,
                 const struct crawl_outcome *list, size_t n)
{
    enum { URL, STATE, REASON, DETAIL, CANONICAL, TYPE, TEXTS };
    enum { DEPTH, STATUS, BYTES, NUMBERS };
    struct id *ids = arena_array(a, n, sizeof(*ids));
    const char **texts[TEXTS];
    int64_t *numbers[NUMBERS];
    size_t count = 0;

    for (size_t i = 0; i < TEXTS; i++)
        texts[i] = arena_array(a, n, sizeof(**texts));
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = arena_array(a, n, sizeof(**numbers));
    for (size_t i = 0; i < n; i++) {
        const struct crawl_outcome *o = &list[i];

        if (!is_without_text(o))
            continue;
        ids[count] = o->id;
        texts[URL][count] = o->url;
        texts[STATE][count] = o->state;
        texts[REASON][count] = o->reason;
        texts[DETAIL][count] = o->detail;
        texts[CANONICAL][count] = o->canonical;
        texts[TYPE][count] = o->content_type;
        numbers[DEPTH][count] = o->depth;
        numbers[STATUS][count] = o->http_status;
        numbers[BYTES][count++] = o->bytes;
    }
    if (count == 0)
        return OK;
    return db_later(db, Q_PAGE_SKIP,
                    ARGS(arg_id(crawl_id), arg_ids(a, ids, count), arg_strs(a, texts[URL], count),
                         arg_strs(a, texts[STATE], count), arg_strs(a, texts[REASON], count),
                         arg_strs(a, texts[DETAIL], count), arg_strs(a, texts[CANONICAL], count),
                         arg_ints(a, numbers[DEPTH], count), arg_ints(a, numbers[STATUS], count),
                         arg_strs(a, texts[TYPE], count), arg_ints(a, numbers[BYTES], count)));
}

struct err
crawl_again(struct db *db, struct arena *a, struct id crawl_id, const char *const *urls, size_t n,
            int64_t *queued)
{
    struct rows rows;

    *queued = 0;
    if (n == 0)
        return OK;
    TRY(db_all(db, a, Q_CRAWL_AGAIN, ARGS(arg_id(crawl_id), arg_strs(a, urls, n)), &rows));
    *queued = rows.count;
    return OK;
}

static struct err
store_pages(struct db *db, struct arena *a, struct id crawl_id, const struct crawl_page *pages,
            size_t n)
{
    enum { URL, TYPE, ETAG, MODIFIED, TITLE, CONTENT, LANGUAGE, TEXTS };
    enum { DEPTH, STATUS, BYTES, SIMHASH, CHUNKS, NUMBERS };
    struct id *ids = arena_array(a, n, sizeof(*ids)), *hashes = arena_array(a, n, sizeof(*hashes));
    const char **texts[TEXTS];
    int64_t *numbers[NUMBERS];

    for (size_t i = 0; i < TEXTS; i++)
        texts[i] = arena_array(a, n, sizeof(**texts));
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = arena_array(a, n, sizeof(**numbers));
    for (size_t i = 0; i < n; i++) {
        const struct crawl_page *p = &pages[i];

        ids[i] = p->id;
        hashes[i] = p->content_hash;
        texts[URL][i] = p->url;
        texts[TYPE][i] = p->content_type;
        texts[ETAG][i] = p->etag;
        texts[MODIFIED][i] = p->last_modified;
        texts[TITLE][i] = p->title;
        texts[CONTENT][i] = p->content;
        texts[LANGUAGE][i] = p->language;
        numbers[DEPTH][i] = p->depth;
        numbers[STATUS][i] = p->http_status;
        numbers[BYTES][i] = p->bytes;
        numbers[SIMHASH][i] = (int64_t)p->simhash;
        numbers[CHUNKS][i] = p->chunks;
    }
    return db_later(db, Q_PAGE_STORE,
                    ARGS(arg_id(crawl_id), arg_ids(a, ids, n), arg_texts(a, texts[URL], n),
                         arg_ints(a, numbers[DEPTH], n), arg_ints(a, numbers[STATUS], n),
                         arg_texts(a, texts[TYPE], n), arg_ints(a, numbers[BYTES], n),
                         arg_texts(a, texts[ETAG], n), arg_texts(a, texts[MODIFIED], n),
                         arg_ids(a, hashes, n), arg_ints(a, numbers[SIMHASH], n),
                         arg_texts(a, texts[TITLE], n), arg_texts(a, texts[CONTENT], n),
                         arg_texts(a, texts[LANGUAGE], n), arg_ints(a, numbers[CHUNKS], n)));
}

/* As many in one statement as do not take much memory. */
struct err
crawl_store_pages(struct db *db, struct arena *a, struct id crawl_id,
                  const struct crawl_page *pages, size_t n)
{
    for (size_t from = 0; from < n;) {
        size_t to = from, bytes = 0;

        while (to < n && (to == from || bytes < PAGES_BYTES))
            bytes += strlen(pages[to++].content);
        TRY(store_pages(db, a, crawl_id, pages + from, to - from));
        from = to;
    }
    return OK;
}

struct err
crawl_page_unchanged(struct db *db, struct id crawl_id, struct id page_id, int64_t http_status,
                     const char *etag, const char *last_modified)
{
    return db_later(db, Q_PAGE_UNCHANGED,
                    ARGS(arg_id(page_id), arg_id(crawl_id), arg_int(http_status), arg_str(etag),
                         arg_str(last_modified)));
}

struct err
crawl_count(struct db *db, struct id crawl_id, const struct crawl_counts *c, const char *reasons,
            const char *message)
{
    return db_later(db, Q_CRAWL_COUNT,
                    ARGS(arg_id(crawl_id), arg_int(c->found), arg_int(c->fetched),
                         arg_int(c->indexed), arg_int(c->unchanged), arg_int(c->skipped),
                         arg_int(c->failed), arg_int(c->progress), arg_str(reasons),
                         arg_str(message)));
}

/* ---- its end ---------------------------------------------------------------------- */

struct err
crawl_close(struct db *db, struct arena *a, struct id crawl_id, const char *reason, int64_t *closed)
{
    struct row row;

    TRY(db_one(db, a, Q_CRAWL_CLOSE, ARGS(arg_id(crawl_id), arg_str(reason)), &row));
    *closed = row_int(&row, "closed");
    return OK;
}

struct err
crawl_stale(struct db *db, struct arena *a, const struct crawl_task *task, struct id **out,
            size_t *count)
{
    struct rows rows;
    struct id *list;

    TRY(db_all(db, a, Q_CRAWL_STALE, ARGS(arg_id(task->id), arg_id(task->source_id)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = row_id(&r, "id");
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
crawl_unindexed(struct db *db, struct arena *a, struct id crawl_id, const struct id *pages,
                size_t n)
{
    return db_later(db, Q_CRAWL_UNINDEXED, ARGS(arg_id(crawl_id), arg_ids(a, pages, n)));
}

struct err
crawl_finish(struct db *db, struct id crawl_id, const char *status, const char *error,
             const char *message)
{
    TRY(db_later(db, Q_CRAWL_FINISH,
                 ARGS(arg_id(crawl_id), arg_str(status), arg_str(error), arg_str(message))));
    return db_later(db, Q_CRAWL_SOURCE_STATUS, ARGS(arg_id(crawl_id)));
}
