#include "db/crawl.h"

#include "db/db.h"
#include "db/job.h"
#include "db/source_private.h"
#include "lib/arena.h"

#include <string.h>

/*
 * Attempts are cheap: each goes on where the one before was ended, by whatever.
 * One that gets nowhere again and again is given up by the worker (CRAWL_STALLS).
 */
#define ATTEMPTS_MAX 1000

static struct crawl
read_crawl(const struct row *r)
{
    return (struct crawl){
        .id = row_id(r, "id"),
        .source_id = row_id(r, "source_id"),
        .job_id = row_id(r, "job_id"),
        .dry_run = row_bool(r, "dry_run"),
        .status = row_str(r, "status"),
        .progress = row_int(r, "progress"),
        .found = row_int(r, "found"),
        .fetched = row_int(r, "fetched"),
        .indexed = row_int(r, "indexed"),
        .unchanged = row_int(r, "unchanged"),
        .skipped = row_int(r, "skipped"),
        .failed = row_int(r, "failed"),
        .reasons = row_str(r, "reasons"),
        .message = row_str(r, "message"),
        .error = row_opt_str(r, "error"),
        .version = row_int(r, "version"),
        .created_at = row_str(r, "created_at"),
        .updated_at = row_str(r, "updated_at"),
        .started_at = row_opt_str(r, "started_at"),
        .finished_at = row_opt_str(r, "finished_at"),
    };
}

static struct err
add_job(struct db *db, struct arena *a, struct id id, struct id user_id, struct id crawl_id,
        const char *http_request_id)
{
    struct job_new job = { .id = id,
                           .kind = CRAWL_KIND,
                           .queue = CRAWL_QUEUE,
                           .priority = JOB_PRIORITY_USUAL,
                           .max_attempts = ATTEMPTS_MAX,
                           .user_id = user_id,
                           .subject_id = crawl_id,
                           .serial_key = crawl_id,
                           .request_id = http_request_id };

    return job_add(db, a, &job);
}

struct err
crawl_start(struct db *db, struct arena *a, const struct source *source, enum crawl_purpose purpose,
            const char *http_request_id, struct crawl *out)
{
    struct row row;
    struct err e;

    if (!source->url)
        return ERR(ERR_INVALID, "only a source of type \"url\" can be crawled");
    e = db_one(db, a, Q_CRAWL_INSERT,
               ARGS(arg_id(id_new()), arg_id(source->id), arg_id(id_new()),
                    arg_bool(purpose == CRAWL_DRY)),
               &row);
    if (e.code == ERR_CONFLICT)
        return ERR(ERR_CONFLICT, "this source is being crawled, or its crawl is paused");
    if (e.code)
        return e;
    *out = read_crawl(&row);
    TRY(db_later(db, Q_CRAWL_SOURCE_STATUS, ARGS(arg_id(out->id))));
    return add_job(db, a, out->job_id, source->user_id, out->id, http_request_id);
}

struct err
crawl_latest(struct db *db, struct arena *a, struct id source_id, struct crawl *out)
{
    struct row row;

    TRY(db_one(db, a, Q_CRAWL_LATEST, ARGS(arg_id(source_id)), &row));
    *out = read_crawl(&row);
    return OK;
}

struct err
crawl_latest_of(struct db *db, struct arena *a, struct id source_id, struct id user_id,
                struct crawl *out)
{
    struct row row;

    TRY(db_one(db, a, Q_CRAWL_LATEST_OF, ARGS(arg_id(source_id), arg_id(user_id)), &row));
    *out = read_crawl(&row);
    return OK;
}

struct err
crawl_news(struct db *db, struct arena *a, const struct crawl_watch *watched, size_t n,
           struct crawl **out, size_t *count)
{
    struct id *ids = arena_array(a, n, sizeof(*ids));
    int64_t *versions = arena_array(a, n, sizeof(*versions));
    struct crawl *list;
    struct rows rows;

    for (size_t i = 0; i < n; i++) {
        ids[i] = watched[i].id;
        versions[i] = watched[i].version;
    }
    TRY(db_all(db, a, Q_CRAWL_NEWS, ARGS(arg_ids(a, ids, n), arg_ints(a, versions, n)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = read_crawl(&r);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
crawl_gone(struct db *db, struct arena *a, const struct crawl_watch *watched, size_t n,
           struct id **out, size_t *count)
{
    struct id *ids = arena_array(a, n, sizeof(*ids)), *gone;
    struct rows rows;

    for (size_t i = 0; i < n; i++)
        ids[i] = watched[i].id;
    TRY(db_all(db, a, Q_CRAWL_GONE, ARGS(arg_ids(a, ids, n)), &rows));
    gone = arena_array(a, (size_t)rows.count, sizeof(*gone));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        gone[i] = row_id(&r, "id");
    }
    *out = gone;
    *count = (size_t)rows.count;
    return OK;
}

static struct err
set(struct db *db, struct id crawl_id, const char *status, struct id job_id, const char *error,
    const char *message)
{
    TRY(db_later(
        db, Q_CRAWL_SET,
        ARGS(arg_id(crawl_id), arg_str(status), arg_id(job_id), arg_str(error), arg_str(message))));
    return db_later(db, Q_CRAWL_SOURCE_STATUS, ARGS(arg_id(crawl_id)));
}

struct err
crawl_pause(struct db *db, struct arena *a, struct id source_id, struct crawl *out)
{
    struct row row;
    struct err e;

    TRY(crawl_latest(db, a, source_id, out));
    e = db_one(db, a, Q_CRAWL_LOCK, ARGS(arg_id(source_id)), &row);
    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_CONFLICT, "the crawl is over");
    if (e.code)
        return e;
    if (strcmp(row_str(&row, "status"), "paused") != 0) {
        TRY(set(db, row_id(&row, "id"), "paused", ID_NONE, NULL, "Paused"));
        TRY(source_cancel_job(db, a, row_id(&row, "job_id")));
    }
    return crawl_latest(db, a, source_id, out);
}

struct err
crawl_resume(struct db *db, struct arena *a, struct id source_id, const char *http_request_id,
             struct crawl *out)
{
    struct id job_id = id_new();
    struct source source;
    struct row row;
    struct err e;

    TRY(source_get(db, a, source_id, &source));
    e = db_one(db, a, Q_CRAWL_LOCK, ARGS(arg_id(source_id)), &row);
    if (e.code && e.code != ERR_NOT_FOUND)
        return e;
    if (e.code || strcmp(row_str(&row, "status"), "paused") != 0)
        return ERR(ERR_CONFLICT, "the crawl is not paused");
    TRY(set(db, row_id(&row, "id"), "queued", job_id, NULL, "Waiting to go on"));
    TRY(add_job(db, a, job_id, source.user_id, row_id(&row, "id"), http_request_id));
    return crawl_latest(db, a, source_id, out);
}

struct err
crawl_cancel(struct db *db, struct arena *a, struct id source_id)
{
    struct row row;
    struct err e = db_one(db, a, Q_CRAWL_LOCK, ARGS(arg_id(source_id)), &row);

    if (e.code)
        return e.code == ERR_NOT_FOUND ? OK : e;
    TRY(set(db, row_id(&row, "id"), "cancelled", ID_NONE, NULL, "Cancelled"));
    return source_cancel_job(db, a, row_id(&row, "job_id"));
}

struct err
crawl_over(struct db *db, struct id crawl_id, const char *status, const char *error)
{
    TRY(db_later(db, Q_CRAWL_OVER,
                 ARGS(arg_id(crawl_id), arg_str(status), arg_str(error),
                      arg_str(strcmp(status, "cancelled") == 0 ? "Cancelled" : "Failed"))));
    return db_later(db, Q_CRAWL_SOURCE_STATUS, ARGS(arg_id(crawl_id)));
}

struct err
crawl_addresses(struct db *db, struct arena *a, struct id crawl_id, const char *state,
                struct id after, int64_t limit, struct crawl_address **out, size_t *count)
{
    struct crawl_address *list;
    struct rows rows;

    TRY(db_all(db, a, Q_CRAWL_ADDRESSES,
               ARGS(arg_id(crawl_id), arg_str(state), arg_id(after), arg_int(limit)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        list[i] = (struct crawl_address){ .id = row_id(&r, "id"),
                                          .url = row_str(&r, "url"),
                                          .via = row_opt_str(&r, "via"),
                                          .state = row_str(&r, "state"),
                                          .reason = row_opt_str(&r, "reason"),
                                          .depth = row_int(&r, "depth") };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

const char *
crawl_reason(const char *word)
{
    static const struct {
        const char *word, *sentence;
    } reasons[] = {
        { "scheme", "It is no web address that can be fetched without a password." },
        { "bad_address", "It is not a valid address." },
        { "long_address", "Its address is longer than 2,048 bytes." },
        { "trap", "Its address repeats itself as those of endless sites do." },
        { "other_site", "It is on another site." },
        { "other_section", "It is outside the section where the crawl started." },
        { "excluded", "A pattern of \"exclude\" takes it out." },
        { "not_included", "No pattern of \"include\" takes it in." },
        { "type", "It is no page of text: an image, an archive or the like." },
        { "depth", "It is further from the start than max_depth." },
        { "max_pages", "The source had max_pages pages already." },
        { "too_many", "The site has more addresses than one crawl keeps." },
        { "alike", "Many addresses of this making brought nothing new." },
        { "robots", "The site's robots.txt forbids it." },
        { "robots_unreachable", "The site's robots.txt could not be read, so nothing may be." },
        { "noindex", "The page asks not to be indexed." },
        { "redirect", "It leads to another address." },
        { "redirect_loop", "It leads from one address to the next without end." },
        { "canonical", "The page names another address as its own." },
        { "duplicate", "Another page has the same text." },
        { "near_duplicate", "Another page has nearly the same text." },
        { "empty", "There is no text on it." },
        { "needs_js", "Its text only appears when its scripts run in a browser." },
        { "gone", "The site says that it is gone." },
        { "http_error", "The site refused it." },
        { "server_error", "The site failed, also when it was tried again." },
        { "rate_limited", "The site asked to slow down, again and again." },
        { "private_address", "It leads to an address that is not public." },
        { "dns", "The name of the site could not be looked up." },
        { "connection", "The connection failed, also when it was tried again." },
        { "timeout", "The site took too long, also when it was tried again." },
        { "too_large", "It is larger than a page may be." },
        { "unreadable", "The document could not be read." },
        { "host_down", "The site failed so often in a row that it was left alone." },
    };

    for (size_t i = 0; word && i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (strcmp(word, reasons[i].word) == 0)
            return reasons[i].sentence;
    return word;
}
