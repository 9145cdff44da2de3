/* What came of a turn, in one transaction. */
#include "db/crawl.h"
#include "db/db.h"
#include "db/embedding.h"
#include "db/feed.h"
#include "db/job.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/json_writer.h"
#include "worker/attempt.h"
#include "worker/crawl/crawl.h"
#include "worker/index/page_index.h"

#include <string.h>

#define ADD_AT_ONCE 2000               /* addresses of one statement */
#define TEXT_MAX    ((size_t)8 * 1024) /* bytes of progress */

/* ---- counting -------------------------------------------------------------------- */

static void
count_reason(struct crawler *c, const char *word, int64_t n)
{
    size_t most = sizeof(c->reasons) / sizeof(c->reasons[0]);

    if (n == 0)
        return;
    for (size_t i = 0; i < c->reason_count; i++) {
        if (strcmp(c->reasons[i].word, word) == 0) {
            c->reasons[i].count += n;
            return;
        }
    }
    if (c->reason_count < most)
        c->reasons[c->reason_count++] = (struct reason_count){ arena_strdup(c->notes, word), n };
}

static const char *
reasons_json(struct crawler *c)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, c->stored->work, TEXT_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    for (size_t i = 0; i < c->reason_count; i++)
        jw_int(&w, c->reasons[i].word, c->reasons[i].count);
    jw_object_end(&w);
    return out.data;
}

static int64_t
target(const struct crawler *c)
{
    int64_t n = c->task.counts.indexed + c->queued + (int64_t)c->held_count;

    return n < c->task.settings.max_pages ? n : c->task.settings.max_pages;
}

static const char *
message(struct crawler *c)
{
    const char *verb = c->task.dry_run ? "Looked at" : "Crawled";

    return arena_printf(c->stored->work, "%s page %lld of %lld", verb,
                        (long long)c->task.counts.indexed, (long long)target(c));
}

/* What is found makes it smaller; what was shown does not shrink. */
static void
count_progress(struct crawler *c)
{
    struct crawl_counts *n = &c->task.counts;
    int64_t of = target(c), now = of > 0 ? 99 * n->indexed / of : 0;

    if (now > n->progress)
        n->progress = now > 99 ? 99 : now;
}

static const char *
progress_json(struct crawler *c, const char *status, const char *text)
{
    const struct crawl_counts *n = &c->task.counts;
    struct json_writer w;
    struct buf out;

    buf_init(&out, c->stored->work, TEXT_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_id(&w, "data_source_id", c->task.source_id);
    jw_id(&w, "agent_id", c->task.agent_id);
    jw_id(&w, "crawl_id", c->task.id);
    jw_bool(&w, "dry_run", c->task.dry_run);
    jw_str(&w, "status", status);
    jw_int(&w, "progress", n->progress);
    jw_object(&w, "pages");
    jw_int(&w, "found", n->found);
    jw_int(&w, "fetched", n->fetched);
    jw_int(&w, "indexed", n->indexed);
    jw_int(&w, "unchanged", n->unchanged);
    jw_int(&w, "skipped", n->skipped);
    jw_int(&w, "failed", n->failed);
    jw_object_end(&w);
    jw_str(&w, "message", text);
    jw_str(&w, "url", c->read_url[0] ? c->read_url : NULL);
    jw_object_end(&w);
    return out.data;
}

/* ---- addresses -------------------------------------------------------------------- */

static struct err
add_urls(struct crawler *c, struct db *db, const struct crawl_url *urls, size_t n)
{
    for (size_t from = 0; from < n; from += ADD_AT_ONCE) {
        struct crawl_added *added;
        size_t part = n - from < ADD_AT_ONCE ? n - from : ADD_AT_ONCE, count;

        TRY(crawl_add(db, c->stored->work, c->task.id, urls + from, part, &added, &count));
        for (size_t i = 0; i < count; i++) {
            c->task.counts.found += added[i].n;
            if (!added[i].reason[0]) {
                c->waiting += added[i].n;
                continue;
            }
            c->task.counts.skipped += added[i].n;
            count_reason(c, added[i].reason, added[i].n);
        }
    }
    return OK;
}

static struct err
add_links(struct crawler *c, struct db *db, const struct reading *list, size_t n)
{
    struct crawl_url *all;
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += list[i].link_count;
    all = arena_array(c->stored->work, count, sizeof(*all));
    count = 0;
    for (size_t i = 0; i < n; i++) {
        if (list[i].link_count > 0)
            memcpy(all + count, list[i].links, list[i].link_count * sizeof(*all));
        count += list[i].link_count;
        c->task.counts.skipped += list[i].dropped;
        count_reason(c, "too_many", list[i].dropped);
    }
    return add_urls(c, db, all, count);
}

/* Counting them takes time while there are many: only those that wait for their time are not known.
 */
static struct err
count_waiting(struct crawler *c, struct db *db)
{
    int64_t held = (int64_t)c->held_count;

    c->queued = c->waiting - held;
    c->due_in_ms = -1;
    if (c->was_counted && !c->some_later && !c->finish)
        return OK;
    TRY(crawl_waiting(db, c->stored->work, c->task.id, c->held, c->held_count, &c->queued,
                      &c->due_in_ms));
    c->waiting = c->queued + held;
    c->was_counted = true;
    c->some_later = c->due_in_ms >= 0;
    return OK;
}

/* What is in the loop's hands, and what is about to be settled. */
static struct err
next_urls(struct crawler *c, struct db *db)
{
    int64_t limit = CRAWL_WINDOW - (int64_t)c->held_count;

    c->fresh_count = 0;
    if (limit > 0)
        TRY(crawl_next(db, c->stored->work, c->task.id, c->held, c->held_count, limit, &c->fresh,
                       &c->fresh_count));
    return count_waiting(c, db);
}

/* ---- pages ------------------------------------------------------------------------- */

static struct err
store_pages(struct crawler *c, struct db *db, const struct turn *t)
{
    if (t->page_count == 0)
        return OK;
    TRY(crawl_store_pages(db, t->work, c->task.id, t->pages, t->page_count));
    TRY(page_index_store(t->indexer, db));
    return embedding_want_if(db, t->work, c->task.user_id, c->task.agent_id);
}

/* Unchanged ones, and those that were stored once and are no more. */
static struct err
settle_known(struct crawler *c, struct db *db, const struct item *it, const struct reading *r)
{
    if (id_is_set(r->unchanged))
        TRY(crawl_page_unchanged(db, c->task.id, r->unchanged, it->fetch.status, it->fetch.etag,
                                 it->fetch.last_modified));
    return id_is_set(r->dropped_page) ? page_unindex(db, r->dropped_page) : OK;
}

static void
count_outcome(struct crawler *c, const struct item *it, const struct reading *r)
{
    const struct crawl_outcome *o = &r->outcome;
    bool is_stored = strcmp(o->state, "indexed") == 0 || strcmp(o->state, "unchanged") == 0;
    struct crawl_counts *n = &c->task.counts;

    c->waiting -= strcmp(o->state, "queued") != 0;
    c->some_later |= strcmp(o->state, "queued") == 0;
    n->fetched += it->fetched;
    n->unchanged += strcmp(o->state, "unchanged") == 0;
    n->indexed += is_stored;
    c->used += is_stored || r->kept;
    n->skipped += strcmp(o->state, "skipped") == 0;
    n->failed += strcmp(o->state, "failed") == 0;
    if (o->reason)
        count_reason(c, o->reason, 1);
    if (o->reason && it->url.flags & CRAWL_URL_START && strcmp(o->reason, "redirect") != 0)
        c->trouble = arena_printf(c->notes, "%s: %s", o->url,
                                  o->detail ? o->detail : crawl_reason(o->reason));
}

/* ---- the end ---------------------------------------------------------------------------- */

static struct err
forget_stale(struct crawler *c, struct db *db)
{
    struct id *ids;
    size_t n;

    if (c->task.dry_run)
        return OK;
    TRY(crawl_stale(db, c->stored->work, &c->task, &ids, &n));
    for (size_t i = 0; i < n; i++)
        TRY(page_unindex(db, ids[i]));
    return n > 0 ? crawl_unindexed(db, c->stored->work, c->task.id, ids, n) : OK;
}

static struct err
finish(struct crawler *c, struct db *db, const char **status, const char **text)
{
    const char *error = NULL;
    int64_t closed;

    if (c->close_reason) {
        TRY(crawl_close(db, c->stored->work, c->task.id, c->close_reason, &closed));
        c->task.counts.skipped += closed;
        count_reason(c, c->close_reason, closed);
    }
    TRY(forget_stale(c, db));
    if (c->task.counts.indexed == 0 && c->known.indexed == 0)
        error = c->trouble ? c->trouble : "No page could be read.";
    *status = error ? "failed" : "completed";
    *text = error ? error
                  : arena_printf(c->stored->work, "%s %lld pages%s",
                                 c->task.dry_run ? "Would take" : "Crawled",
                                 (long long)c->task.counts.indexed,
                                 c->task.counts.failed > 0 ? ", some could not be read" : "");
    if (!error)
        c->task.counts.progress = 100;
    TRY(crawl_count(db, c->task.id, &c->task.counts, reasons_json(c), *text));
    return crawl_finish(db, c->task.id, *status, error, *text);
}

static struct err
tell(struct crawler *c, struct db *db, const char *status, const char *text)
{
    int64_t now = clock_mono_ms();

    if (!c->finish && now - c->told_ms < CRAWL_TELL_MS)
        return OK;
    c->told_ms = now;
    if (!c->finish)
        TRY(job_progress(db, c->stored->work, &c->at->lease, c->at->job.id,
                         (int)c->task.counts.progress, text));
    return feed_add(db, c->task.user_id, "crawl-progress", progress_json(c, status, text));
}

/* ---- the transaction ----------------------------------------------------------------------- */

static struct err
store(struct crawler *c, struct db *db, const struct turn *t)
{
    struct crawl_outcome *outcomes = arena_array(t->work, t->count, sizeof(*outcomes));
    const char **again = arena_array(t->work, t->count, sizeof(*again));
    const struct item *it = t->batch.first;
    size_t count = 0, again_count = 0;
    int64_t requeued;

    TRY(add_links(c, db, t->list, t->count));
    TRY(store_pages(c, db, t));
    for (size_t i = 0; i < t->count; i++, it = it->next) {
        const struct reading *r = &t->list[i];

        if (it->kind != ITEM_PAGE)
            continue;
        outcomes[count++] = r->outcome;
        snprintf(c->read_url, sizeof(c->read_url), "%s", r->outcome.url);
        TRY(settle_known(c, db, it, r));
        if (r->again)
            again[again_count++] = r->again;
        count_outcome(c, it, r);
    }
    TRY(crawl_settle(db, t->work, c->task.id, outcomes, count));
    if (!c->task.dry_run)
        TRY(crawl_skip_pages(db, t->work, c->task.id, outcomes, count));
    TRY(crawl_again(db, t->work, c->task.id, again, again_count, &requeued));
    c->waiting += requeued;
    return OK;
}

struct err
crawl_store(struct attempt *at, struct db *db)
{
    struct crawler *c = at->state;
    struct turn *t = c->stored;
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);
    const char *status = "crawling", *text;

    TRY(db_begin(db, TX_WRITE, c->task.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(crawl_touch(db, t->work, c->task.id));
    TRY(store(c, db, t));
    TRY(next_urls(c, db));
    /* Something may have come up in the last moment. */
    c->finish &= c->close_reason || (c->queued == 0 && t->sitemap_count == 0);
    if (c->finish) {
        TRY(finish(c, db, &status, &text));
        TRY(job_progress(db, t->work, &at->lease, at->job.id, (int)c->task.counts.progress, text));
        TRY(job_end_here(db, t->work, &at->lease, &end));
    } else {
        count_progress(c);
        text = message(c);
        TRY(crawl_count(db, c->task.id, &c->task.counts, reasons_json(c), text));
    }
    TRY(tell(c, db, status, text));
    return db_commit(db);
}
