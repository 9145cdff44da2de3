#include "db/passage.h"

#include "db/db.h"
#include "db/request.h"
#include "db/retrieval.h"
#include "lib/arena.h"

#include <string.h>

#define CANDIDATES 50 /* chunks that are chosen from */
#define PER_PAGE   3  /* of one page, unless there are too few others */

static bool
is_same(const struct retrieval_hit *a, const struct retrieval_hit *b)
{
    return a->term_count == b->term_count && a->term_count > 0 &&
           memcmp(a->terms, b->terms, a->term_count * 4) == 0;
}

/* May this hit stand beside those chosen? */
static bool
is_welcome(const struct retrieval_hit *hit, const struct retrieval_hit *chosen, size_t n,
           size_t per_page)
{
    size_t of_page = 0;

    for (size_t i = 0; i < n; i++) {
        if (is_same(hit, &chosen[i]))
            return false;
        of_page += id_eq(hit->page_id, chosen[i].page_id);
    }
    return of_page < per_page;
}

static size_t
choose(const struct retrieval_hit *hits, size_t count, size_t most, size_t per_page,
       struct retrieval_hit *out)
{
    size_t n = 0;

    for (size_t i = 0; i < count && n < most; i++)
        if (is_welcome(&hits[i], out, n, per_page))
            out[n++] = hits[i];
    return n;
}

static struct err
load(struct db *db, struct arena *a, struct id agent_id, const struct retrieval *search,
     const struct retrieval_hit *hits, size_t n, struct passage **out, size_t *count)
{
    struct id *ids = arena_array(a, n, sizeof(*ids));
    struct passage *list = arena_array(a, n, sizeof(*list));
    struct rows rows;
    size_t hit = 0;

    for (size_t i = 0; i < n; i++)
        ids[i] = hits[i].chunk_id;
    TRY(db_all(db, a, Q_PASSAGE_LOAD, ARGS(arg_id(agent_id), arg_ids(a, ids, n)), &rows));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);
        struct id id = row_id(&r, "chunk_id");

        /* In the same order, but one may have been deleted since. */
        while (!id_eq(hits[hit].chunk_id, id))
            hit++;
        list[i] = (struct passage){ .chunk_id = id,
                                    .source_id = row_id(&r, "source_id"),
                                    .page_id = row_id(&r, "page_id"),
                                    .title = row_str(&r, "title"),
                                    .url = row_opt_str(&r, "url"),
                                    .heading = row_str(&r, "heading"),
                                    .anchor = row_str(&r, "anchor"),
                                    .content = row_str(&r, "content"),
                                    .score = hits[hit].score,
                                    .coverage = retrieval_coverage(search, &hits[hit]),
                                    .similarity = hits[hit].similarity };
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
passage_search(struct db *db, struct arena *a, const struct passage_question *q,
               struct passage **out, size_t *count)
{
    struct retrieval_turn *turns = arena_array(a, q->earlier_count, sizeof(*turns));
    struct retrieval_vector vector = { q->vector, q->vector ? q->vector_count : 0 };
    size_t candidates = q->most > CANDIDATES ? q->most : CANDIDATES, hit_count, n;
    struct retrieval_hit *hits, *chosen;
    struct retrieval *search;

    for (size_t i = 0; i < q->earlier_count; i++)
        turns[i] = (struct retrieval_turn){ q->earlier[i].content,
                                            strcmp(q->earlier[i].role, "user") == 0 };
    TRY(retrieval_chunks(db, a, q->agent_id, q->text, turns, q->earlier_count, &vector, candidates,
                         &search, &hits, &hit_count));
    chosen = arena_array(a, hit_count, sizeof(*chosen));
    n = choose(hits, hit_count, q->most, PER_PAGE, chosen);
    if (n < q->most)
        n = choose(hits, hit_count, q->most, SIZE_MAX, chosen);
    *out = NULL;
    *count = 0;
    return n ? load(db, a, q->agent_id, search, chosen, n, out, count) : OK;
}
