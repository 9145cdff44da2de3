#include "worker/crawl/crawl.h"

#include "db/crawl.h"
#include "db/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "worker/attempt.h"
#include "worker/kind.h"

#include <string.h>

static void
free_arena(void *arg)
{
    arena_free(arg);
}

static struct arena *
child_arena(struct arena *a)
{
    struct arena *child = arena_new();

    arena_defer(a, free_arena, child);
    return child;
}

/* ---- its end without success ---------------------------------------------------- */

/* What an attempt that has no crawl to go on with leaves behind. */
struct failure {
    const char *status, *error;
    enum job_outcome outcome;
};

static struct err
record(struct attempt *at, struct db *db)
{
    struct failure *f = at->state;
    struct job_end end = attempt_job_end(at, f->outcome, 0, f->error);

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(crawl_over(db, at->job.subject_id, f->status, f->error));
    TRY(job_end_here(db, at->arena, &at->lease, &end));
    return db_commit(db);
}

static void
recorded(struct attempt *at, struct err err)
{
    struct failure *f = at->state;
    struct job_end end = attempt_job_end(at, f->outcome, 0, f->error);

    if (!err.code)
        attempt_ended(at, &end);
    else if (attempt_may_retry(at, err))
        attempt_fail(at, err);
    else
        attempt_end(at, f->outcome, err.msg);
}

static void
end_as(struct attempt *at, const char *status, enum job_outcome outcome, const char *error)
{
    struct failure *f = ARENA_NEW(at->arena, struct failure);

    *f = (struct failure){ status, error ? arena_strdup(at->arena, error) : NULL, outcome };
    at->state = f;
    attempt_work(at, record, recorded);
}

static void
give_up(struct attempt *at)
{
    const char *why = attempt_refusal(at);

    if (at->job.cancel)
        end_as(at, "cancelled", JOB_END_CANCELLED, NULL);
    else
        end_as(at, "failed", JOB_END_DISCARDED, why);
}

/* The crawl went wrong in a way that another attempt might not, or would as well. */
static void
failed(struct crawler *c, struct err err)
{
    struct attempt *at = c->at;

    crawl_drop_all(c);
    attempt_wait_no_more(at);
    if (err.code == ERR_CONFLICT || err.code == ERR_NOT_FOUND)
        attempt_end(at, JOB_END_CANCELLED, "the crawl was paused, cancelled or deleted");
    else if (attempt_may_retry(at, err))
        attempt_fail(at, err);
    else
        end_as(at, "failed", JOB_END_DISCARDED, err.msg);
}

/* ---- turns ------------------------------------------------------------------------ */

static void
take_fresh(struct crawler *c)
{
    struct arena *scratch = c->at->services->scratch;

    for (size_t i = 0; i < c->fresh_count; i++) {
        const struct crawl_url *u = &c->fresh[i];
        const struct crawl_known *known = known_find(&c->earlier, u->url);
        struct item *it = crawl_item(c);
        struct weburl url;

        it->url = *u;
        it->url.url = arena_strdup(it->arena, u->url);
        it->url.via = u->via ? arena_strdup(it->arena, u->via) : NULL;
        it->known = known && known->indexed;
        if (it->known) {
            it->etag = known->etag;
            it->last_modified = known->last_modified;
        }
        if (!weburl_parse(scratch, str_from(u->url), NULL, &url).code)
            it->site = crawl_site(c, &url);
        items_add(&c->window, it);
    }
    arena_reset(scratch);
    c->fresh_count = 0;
}

static void
take_stored(struct crawler *c, struct turn *t)
{
    for (size_t i = 0; i < t->sitemap_count; i++)
        crawl_add_sitemap(c, arena_strdup(c->arena, t->sitemaps[i]), t->nesting[i]);
    for (struct item *it = t->batch.first; it; it = t->batch.first) {
        items_remove(&t->batch, it);
        c->in_hand -= it->kind == ITEM_PAGE && it->fetched;
        crawl_item_done(c, it);
    }
    c->run_room = c->task.settings.max_pages - c->used;
    c->more = c->queued > (int64_t)c->fresh_count;
    c->more_later = c->due_in_ms >= 0;
    c->due_ms = clock_mono_ms() + c->due_in_ms;
    /* All that is left waits for its time. */
    if (c->more_later && c->fresh_count == 0)
        c->more = false;
    take_fresh(c);
}

/* Not while a turn is read: what it works on is the attempt's. */
static void
fail(struct crawler *c, struct err err)
{
    c->failure = err;
    if (!attempt_is_computing(c->at))
        failed(c, err);
    else
        crawl_drop_all(c);
}

static void
stored(struct attempt *at, struct err err)
{
    struct crawler *c = at->state;
    struct job_end end = attempt_job_end(at, JOB_END_COMPLETED, 0, NULL);

    c->storing = false;
    c->stored->state = TURN_FREE;
    if (err.code) {
        fail(c, err);
        return;
    }
    if (c->finish) {
        crawl_drop_all(c);
        attempt_wait_no_more(at);
        attempt_ended(at, &end);
        return;
    }
    take_stored(c, c->stored);
    crawl_go_on(c);
}

static size_t
hold(struct crawler *c, const struct items *list, size_t n)
{
    for (const struct item *it = list->first; it; it = it->next)
        if (it->kind == ITEM_PAGE && n < CRAWL_HELD)
            c->held[n++] = it->url.id;
    return n;
}

static struct turn *
find_turn(struct crawler *c, int state)
{
    for (size_t i = 0; i < CRAWL_TURNS; i++)
        if ((int)c->turns[i].state == state)
            return &c->turns[i];
    return NULL;
}

struct turn *
crawl_free_turn(struct crawler *c)
{
    struct turn *t = find_turn(c, TURN_FREE);

    if (t) {
        arena_reset(t->work);
        *t = (struct turn){ .work = t->work };
    }
    return t;
}

struct turn *
crawl_read_turn(struct crawler *c)
{
    return find_turn(c, TURN_READ);
}

void
crawl_store_on(struct crawler *c, struct turn *turn)
{
    struct turn *read = find_turn(c, TURN_READING);
    size_t n = hold(c, &c->window, 0);

    n = hold(c, &c->flying, n);
    n = hold(c, &c->landed, n);
    if (read)
        n = hold(c, &read->batch, n);
    c->held_count = n;
    turn->state = TURN_STORING;
    c->stored = turn;
    c->storing = true;
    attempt_work(c->at, crawl_store, stored);
}

static void
was_read(struct attempt *at)
{
    struct crawler *c = at->state;
    struct turn *t = c->read;

    t->state = TURN_READ;
    if (c->failure.code) {
        failed(c, c->failure);
        return;
    }
    for (const struct item *it = t->batch.first; it; it = it->next)
        c->unknown -= it->kind == ITEM_PAGE && it->fetched && !it->known;
    c->room = c->task.settings.max_pages - t->indexed;
    crawl_go_on(c);
}

void
crawl_read_on(struct crawler *c, struct turn *turn)
{
    turn->state = TURN_READING;
    c->read = turn;
    attempt_compute(c->at, crawl_read, was_read);
}

/* ---- the start -------------------------------------------------------------------- */

static void
loaded(struct attempt *at, struct err err)
{
    struct crawler *c = at->state;

    if (err.code) {
        failed(c, err);
        return;
    }
    /* The first turn has no batch: it brings the first addresses. */
    c->run_room = c->task.settings.max_pages - c->used;
    c->room = c->task.settings.max_pages - c->known.indexed;
    c->more = true;
    c->had_robots = true;
    if (!attempt_is_cancelled(at) && !attempt_is_returning(at))
        crawl_store_on(c, crawl_free_turn(c));
}

static void
start(struct attempt *at)
{
    struct crawler *c = ARENA_NEW(at->arena, struct crawler);

    at->state = c;
    c->at = at;
    c->arena = child_arena(at->arena);
    c->store = child_arena(at->arena);
    c->notes = child_arena(at->arena);
    c->page = child_arena(at->arena);
    for (size_t i = 0; i < CRAWL_TURNS; i++)
        c->turns[i].work = child_arena(at->arena);
    c->read = c->stored = &c->turns[0];
    seen_init(&c->known.by_url, c->store);
    seen_init(&c->known.by_content, c->store);
    seen_init(&c->earlier.by_url, c->store);
    seen_init(&c->met, c->store);
    seen_init(&c->templates, c->store);
    seen_init(&c->repeats, c->store);
    attempt_work(at, crawl_load, loaded);
}

/* ---- told to end ------------------------------------------------------------------ */

static void
cancel(struct attempt *at)
{
    struct crawler *c = at->state;

    crawl_drop_all(c);
    attempt_wait_no_more(at);
    end_as(at, "cancelled", JOB_END_CANCELLED, NULL);
}

/* What was not stored is fetched again by whoever goes on. */
static void
hand_back(struct attempt *at)
{
    crawl_drop_all(at->state);
    attempt_wait_no_more(at);
    attempt_end(at, JOB_END_RETURN, NULL);
}

static void
stop(struct attempt *at)
{
    struct crawler *c = at->state;

    if (c && c->at == at)
        crawl_drop_all(c);
}

const struct kind kind_crawl = {
    .name = CRAWL_KIND,
    .queue = CRAWL_QUEUE,
    .summary = "Read a website into pages",
    .max_attempts = 1,
    .backoff_ms = 1000,
    .backoff_max_ms = 60000,
    .start = start,
    .cancel = cancel,
    .hand_back = hand_back,
    .stop = stop,
    .give_up = give_up,
};
