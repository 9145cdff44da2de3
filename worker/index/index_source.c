/* Job "index_source": make a text or a file into a page, and its passages that search finds. */
#include "db/db.h"
#include "db/embedding.h"
#include "db/source.h"
#include "lib/arena.h"
#include "lib/str.h"
#include "worker/attempt.h"
#include "worker/extract/extract.h"
#include "worker/index/page_index.h"
#include "worker/kind.h"

#include <sodium.h>
#include <string.h>

/* The bytes of a file, which come in base64. */
static struct str
file_bytes(struct arena *a, const char *base64)
{
    size_t len = strlen(base64), n = 0;
    char *bytes = arena_alloc(a, len / 4 * 3 + 4);

    /* PostgreSQL breaks it into lines. */
    if (sodium_base642bin((unsigned char *)bytes, len / 4 * 3 + 3, base64, len, "\n", &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0)
        n = 0;
    return (struct str){ bytes, n };
}

/* A file's text, in no transaction: reading a PDF may take half a minute. */
static struct err
read_file(struct arena *a, struct source_task *source, const char **language)
{
    struct extract_input in = { .bytes = file_bytes(a, source->file),
                                .content_type = source->file_type[0] ? source->file_type : NULL,
                                .url = source->file_name };
    struct extract_page page;

    TRY(extract_page(a, &in, &page));
    if (page.text[0] == '\0')
        return ERR(ERR_MALFORMED, "there is no text in the file");
    source->content = page.text;
    *language = page.language[0] ? page.language : NULL;
    return OK;
}

static struct err
load(struct attempt *at, struct db *db, struct source_task *source)
{
    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(source_load(db, at->arena, at->job.subject_id, source));
    return db_commit(db);
}

static struct err
work(struct attempt *at, struct db *db)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);
    const char *language = NULL;
    struct source_task source;
    struct page_indexer *indexer;
    struct page_text page;
    size_t n;

    TRY(load(at, db, &source));
    if (source.file)
        TRY(read_file(at->arena, &source, &language));
    page = (struct page_text){
        .page_id = source.id, .title = source.title, .language = language, .text = source.content
    };
    indexer = page_index_begin(at->arena, source.user_id, source.agent_id, source.id);
    n = page_index_add(indexer, &page);
    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(source_store_page(db, &source, language));
    TRY(page_index_store(indexer, db));
    TRY(source_ready(db, source.id, n));
    TRY(embedding_want_if(db, at->arena, source.user_id, source.agent_id));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    return db_commit(db);
}

/* ---- its end without success ---------------------------------------------------- */

/* at->state: why, as text. */
static struct job_end
failed_end(const struct attempt *at)
{
    return attempt_job_end(at, at->job.cancel ? JOB_END_CANCELLED : JOB_END_DISCARDED, 0,
                           at->state);
}

static struct err
record_failure(struct attempt *at, struct db *db)
{
    struct job_end end = failed_end(at);

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(source_failed(db, at->job.subject_id, at->state));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    return db_commit(db);
}

static void
recorded(struct attempt *at, struct err err)
{
    struct job_end end = failed_end(at);

    if (err.code)
        attempt_end(at, end.outcome, err.msg);
    else
        attempt_ended(at, &end);
}

static void
fail(struct attempt *at, const char *why)
{
    at->state = arena_strdup(at->arena, why);
    attempt_work(at, record_failure, recorded);
}

static void
give_up(struct attempt *at)
{
    fail(at, attempt_refusal(at));
}

/* ---- the start -------------------------------------------------------------------- */

static void
done(struct attempt *at, struct err err)
{
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);

    if (!err.code)
        attempt_ended(at, &end);
    else if (err.code == ERR_NOT_FOUND)
        attempt_end(at, JOB_END_CANCELLED, "the source was deleted");
    else if (attempt_may_retry(at, err))
        attempt_fail(at, err);
    else
        fail(at, err.msg);
}

static void
start(struct attempt *at)
{
    attempt_work(at, work, done);
}

const struct kind kind_index_source = {
    .name = SOURCE_INDEX_KIND,
    .queue = "default",
    .summary = "Cut a text into passages",
    .max_attempts = 5,
    .backoff_ms = 1000,
    .backoff_max_ms = 60000,
    .slow = true,
    .start = start,
    .give_up = give_up,
};
