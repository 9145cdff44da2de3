/* Job "import_chats": store the chats of a file, some in each transaction. */
#include "db/db.h"
#include "db/feed.h"
#include "db/import.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/secret.h"
#include "worker/attempt.h"
#include "worker/import/import_file.h"
#include "worker/kind.h"

#define BATCH_MESSAGES 2000          /* after as many a transaction ends, some tenths of a second */
#define RESULT_MAX     ((size_t)200) /* bytes */

struct importing {
    struct import_state state;
    struct import_file file;
    struct arena *scratch; /* of one chat's reading */
    bool opened, over;
    const char *why; /* it failed */
};

/* ---- a transaction ----------------------------------------------------------------- */

static struct err
open_file(struct attempt *at, struct db *db, struct importing *im)
{
    struct str passed;

    TRY(import_load(db, at->arena, at->job.subject_id, &im->state));
    TRY(import_open(at->arena, im->state.content, im->state.len, &im->file));
    for (int64_t i = 0; i < im->state.done; i++)
        (void)import_next(&im->file, &passed);
    im->opened = true;
    return OK;
}

static struct import_row *
rows_of(struct arena *a, const struct import_chat *chat)
{
    struct import_row *rows = arena_array(a, chat->count, sizeof(*rows));

    for (size_t i = 0; i < chat->count; i++) {
        const struct import_message *m = &chat->messages[i];

        rows[i] = (struct import_row){ .id = id_new(),
                                       .parent_id = m->parent >= 0 ? rows[m->parent].id : ID_NONE,
                                       .file_id = m->id,
                                       .role = m->role,
                                       .status = m->status,
                                       .content = m->content,
                                       .sources = m->sources,
                                       .rating = m->rating,
                                       .comment = m->comment,
                                       .hidden = !m->shown,
                                       .at_us = m->at_us };
    }
    return rows;
}

/* Unless it is there already, as it is when a file is imported again. */
static struct err
store_chat(struct db *db, struct arena *a, struct str conversation, const struct import_chat *chat,
           bool *known)
{
    struct import_new_chat new = { .title = chat->title,
                                   .pinned = chat->pinned,
                                   .archived = chat->archived,
                                   .rows = rows_of(a, chat),
                                   .count = chat->count };

    secret_hash(conversation.p, conversation.len, new.hash);
    TRY(import_known(db, a, &new, known));
    return *known ? OK : import_chat(db, a, &new);
}

/* A chat that cannot be read, or says nothing, is passed over: the others are wanted all the same.
 */
static struct err
store_some(struct db *db, struct importing *im)
{
    struct str conversation;
    struct import_chat chat;
    size_t read = 0;

    while (read < BATCH_MESSAGES) {
        struct err e;
        bool known;

        if (!import_next(&im->file, &conversation)) {
            im->over = true;
            return OK;
        }
        im->state.done++;
        e = import_read(im->scratch, conversation, clock_wall_us(), &chat);
        if (e.code || chat.count == 0) {
            im->state.skipped++;
            continue;
        }
        TRY(store_chat(db, im->scratch, conversation, &chat, &known));
        TRY(db_flush(db)); /* what is queued lies in the scratch arena */
        im->state.known += known;
        read += chat.count;
        arena_reset(im->scratch);
    }
    return OK;
}

/* What came of it, in one line. */
static const char *
result(struct arena *a, const struct import_state *state)
{
    long long imported = state->done - state->skipped - state->known;
    struct buf out;

    buf_init(&out, a, RESULT_MAX);
    buf_printf(&out, "Imported %lld %s", imported, imported == 1 ? "chat" : "chats");
    if (state->known > 0)
        buf_printf(&out, ", %lld %s there already", (long long)state->known,
                   state->known == 1 ? "was" : "were");
    if (state->skipped > 0)
        buf_printf(&out, ", %lld could not be read", (long long)state->skipped);
    return out.data;
}

static struct err
tell_end(struct attempt *at, struct db *db, const struct import_state *state)
{
    const char *text = arena_printf(
        at->arena,
        "{\"id\":\"%s\",\"kind\":\"%s\",\"state\":\"completed\",\"imported\":%lld,"
        "\"known\":%lld,\"skipped\":%lld}",
        at->job.id.s, IMPORT_KIND, (long long)(state->done - state->skipped - state->known),
        (long long)state->known, (long long)state->skipped);

    return feed_add(db, at->job.user_id, "job", text);
}

static struct err
mark(struct attempt *at, struct db *db, struct importing *im)
{
    int64_t all = im->file.count ? (int64_t)im->file.count : 1;
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);
    const char *text = im->over ? result(at->arena, &im->state)
                                : arena_printf(at->arena, "Read chat %lld of %lld",
                                               (long long)im->state.done, (long long)all);

    TRY(job_progress(db, at->arena, &at->lease, at->job.id, (int)(im->state.done * 100 / all),
                     text));
    if (!im->over)
        return import_mark(db, at->job.subject_id, &im->state);
    TRY(import_end(db, at->job.subject_id));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    return tell_end(at, db, &im->state);
}

static struct err
work(struct attempt *at, struct db *db)
{
    struct importing *im = at->state;

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    if (!im->opened)
        TRY(open_file(at, db, im));
    TRY(store_some(db, im));
    if (im->over && im->state.skipped == im->state.done)
        return ERR(ERR_INVALID, "none of the chats could be read");
    TRY(mark(at, db, im));
    return db_commit(db);
}

/* ---- the end ------------------------------------------------------------------------ */

static struct err
record_failure(struct attempt *at, struct db *db)
{
    struct importing *im = at->state;
    struct job_end end = attempt_job_end(at, JOB_END_DISCARDED, 0, im->why);

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(import_end(db, at->job.subject_id));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    return db_commit(db);
}

static void
recorded(struct attempt *at, struct err err)
{
    struct importing *im = at->state;
    struct job_end end = attempt_job_end(at, JOB_END_DISCARDED, 0, im->why);

    if (err.code)
        attempt_end(at, JOB_END_DISCARDED, im->why);
    else
        attempt_ended(at, &end);
}

static void
give_up_because(struct attempt *at, const char *why)
{
    struct importing *im = at->state;

    im->why = arena_strdup(at->arena, why);
    attempt_work(at, record_failure, recorded);
}

static void
done(struct attempt *at, struct err err)
{
    struct importing *im = at->state;
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);

    if (!err.code && !im->over) {
        attempt_work(at, work, done);
        return;
    }
    if (!err.code)
        attempt_ended(at, &end);
    else if (err.code == ERR_NOT_FOUND)
        attempt_end(at, JOB_END_CANCELLED, "the file is gone");
    else if (attempt_may_retry(at, err))
        attempt_fail(at, err);
    else
        give_up_because(at, err.msg);
}

static void
free_scratch(void *scratch)
{
    arena_free(scratch);
}

static void
start(struct attempt *at)
{
    struct importing *im = at->state = ARENA_NEW(at->arena, struct importing);

    im->scratch = arena_new();
    arena_defer(at->arena, free_scratch, im->scratch);
    attempt_work(at, work, done);
}

static void
give_up(struct attempt *at)
{
    at->state = ARENA_NEW(at->arena, struct importing);
    give_up_because(at, attempt_refusal(at));
}

const struct kind kind_import_chats = {
    .name = IMPORT_KIND,
    .queue = "default",
    .summary = "Store the chats of a file",
    .max_attempts = 5,
    .backoff_ms = 1000,
    .backoff_max_ms = 60000,
    .slow = true,
    .start = start,
    .give_up = give_up,
};
