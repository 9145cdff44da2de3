/* How an attempt begins: what the table knows, and the first addresses when it knows nothing. */
#include "db/db.h"
#include "db/job.h"
#include "lib/arena.h"
#include "worker/attempt.h"
#include "worker/crawl/crawl.h"

#include <string.h>

static void
read_scope(struct crawler *c)
{
    const struct source_crawl *s = &c->task.settings;

    c->scope = (struct scope){
        .kind = strcmp(s->scope, "site") == 0   ? SCOPE_SITE
                : strcmp(s->scope, "page") == 0 ? SCOPE_PAGE
                                                : SCOPE_SECTION,
        .subdomains = s->subdomains,
        .include = s->include,
        .include_count = s->include_count,
        .exclude = s->exclude,
        .exclude_count = s->exclude_count,
        .section = "/",
    };
}

static void
add_start(struct crawler *c, const char *text)
{
    struct weburl url;

    if (address_read(c->store, str_from(text), NULL, &url) == ADDRESS_OK)
        scope_add(c->store, &c->scope, &url);
}

/* How many addresses were not taken, by reason: the words are those that this file's peers write.
 */
static void
read_reasons(struct crawler *c)
{
    struct str rest = str_from(c->task.reasons);

    /* {"a": 1, "b": 2}, as PostgreSQL writes it. */
    while (rest.len > 0 && c->reason_count < sizeof(c->reasons) / sizeof(c->reasons[0])) {
        struct str word, number;
        int64_t n;

        (void)str_cut(rest, '"', &rest);
        word = str_cut(rest, '"', &rest);
        (void)str_cut(rest, ':', &rest);
        number = str_cut(rest, ',', &rest);
        if (number.len > 0 && number.p[number.len - 1] == '}')
            number.len--;
        if (word.len == 0 || !str_int(str_trim(number), 0, INT64_MAX, &n))
            return;
        c->reasons[c->reason_count++] = (struct reason_count){ str_dup(c->notes, word), n };
    }
}

static void
take_known(struct crawler *c, const struct crawl_known *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        known_add(c, &list[i]);
        c->known.indexed += list[i].indexed;
    }
    c->is_again = c->known.indexed > 0;
    c->earlier.list = arena_array(c->store, n, sizeof(*c->earlier.list));
    for (size_t i = 0; i < n; i++) {
        c->earlier.list[i] = list[i];
        *seen_at(&c->earlier.by_url, str_from(list[i].url)) = (int64_t)i;
    }
}

/* The start address, and all that earlier runs have stored, as far as it is still in scope. */
static struct err
seed(struct crawler *c, struct db *db)
{
    struct reading r = { .has_page = false };
    struct crawl_added *added;
    size_t count;

    crawl_add_link(c, &r, NULL, str_from(c->task.url), NULL, 0, CRAWL_URL_START);
    for (size_t i = 0; i < c->known.count; i++)
        if (c->known.list[i].indexed)
            crawl_add_link(c, &r, NULL, str_from(c->known.list[i].url), NULL,
                           c->known.list[i].depth, 0);
    TRY(crawl_add(db, c->stored->work, c->task.id, r.links, r.link_count, &added, &count));
    for (size_t i = 0; i < count; i++) {
        c->task.counts.found += added[i].n;
        c->task.counts.skipped += added[i].reason[0] ? added[i].n : 0;
    }
    return crawl_count(db, c->task.id, &c->task.counts, "{}", "Starting");
}

struct err
crawl_load(struct attempt *at, struct db *db)
{
    struct crawler *c = at->state;
    struct crawl_known *known;
    size_t n;

    TRY(db_begin(db, TX_WRITE, at->job.user_id));
    TRY(job_fence(db, &at->lease));
    TRY(crawl_begin(db, c->store, at->job.subject_id, &c->task));
    if (c->task.stalls > CRAWL_STALLS)
        return ERR(ERR_INVALID, "its worker was lost again and again before anything was stored");
    read_scope(c);
    read_reasons(c);
    add_start(c, c->task.url);
    for (size_t i = 0; i < c->task.start_count; i++)
        add_start(c, c->task.starts[i]);
    if (!c->task.dry_run) {
        TRY(crawl_known(db, c->store, c->task.source_id, &known, &n));
        take_known(c, known, n);
    }
    if (c->task.dry_run)
        c->used = c->known.indexed = c->task.counts.indexed;
    if (!c->task.dry_run && c->task.seeded)
        TRY(crawl_used(db, c->stored->work, &c->task, &c->used));
    if (!c->task.seeded)
        TRY(seed(c, db));
    return db_commit(db);
}
