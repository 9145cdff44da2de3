/* The chunks nearest to a question's vector, among those that BM25 finds: see db/retrieval.h. */
#include "db/db.h"
#include "db/retrieval_private.h"
#include "lib/arena.h"
#include "lib/vector.h"

#include <assert.h>
#include <string.h>

#define NEAREST 100
#define RRF     60.0 /* reciprocal rank fusion: a place counts 1 / (RRF + place) */

struct near {
    struct id chunk_id;
    double similarity;
};

/* Keep the list sorted, best first, and no longer than NEAREST. */
static void
keep(struct near *list, size_t *n, struct near new)
{
    size_t at = *n < NEAREST ? (*n)++ : NEAREST - 1;

    while (at > 0 && list[at - 1].similarity < new.similarity) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = new;
}

/* Every vector of the agent's is looked at: exact, and quick up to some 100,000. */
static struct err
find_nearest(struct retrieval *s, const struct retrieval_vector *v, struct near *list, size_t *n)
{
    struct rows rows;

    *n = 0;
    TRY(db_all_binary(s->db, s->arena, Q_RETRIEVAL_VECTORS,
                      ARGS(arg_id(s->agent_id), arg_int((int64_t)v->count)), &rows));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);
        size_t count;
        const int8_t *numbers = (const int8_t *)row_bytes(&r, "vector", &count);
        double similarity = count == v->count ? vector_alike(v->numbers, numbers, count) : 0;

        if (similarity > 0 && (*n < NEAREST || similarity > list[NEAREST - 1].similarity))
            keep(list, n, (struct near){ row_id(&r, "chunk_id"), similarity });
    }
    return OK;
}

static struct retrieval_hit *
find_hit(struct retrieval_hit *hits, size_t n, struct id chunk_id)
{
    for (size_t i = 0; i < n; i++)
        if (id_eq(hits[i].chunk_id, chunk_id))
            return &hits[i];
    return NULL;
}

/* What BM25 has not found, as hits of no score behind those that it has. */
static struct err
add_unfound(struct retrieval *s, const struct near *list, size_t n)
{
    struct retrieval_hit *all = arena_array(s->arena, s->hit_count + n, sizeof(*all));
    struct id *ids = arena_array(s->arena, n, sizeof(*ids));
    size_t count = 0;
    struct rows rows;

    for (size_t i = 0; i < n; i++)
        if (!find_hit(s->hits, s->hit_count, list[i].chunk_id))
            ids[count++] = list[i].chunk_id;
    if (count == 0)
        return OK;
    TRY(db_all_binary(s->db, s->arena, Q_RETRIEVAL_TERMS_OF,
                      ARGS(arg_id(s->agent_id), arg_ids(s->arena, ids, count)), &rows));
    if (s->hit_count > 0)
        memcpy(all, s->hits, s->hit_count * sizeof(*all));
    s->hits = all;
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);
        struct retrieval_hit *hit = &s->hits[s->hit_count++];
        size_t bytes;

        *hit = (struct retrieval_hit){ .chunk_id = row_id(&r, "chunk_id"),
                                       .page_id = row_id(&r, "page_id") };
        hit->terms = row_bytes(&r, "terms", &bytes);
        hit->term_count = bytes / 4;
    }
    return OK;
}

struct err
retrieval_fuse(struct retrieval *s, const struct retrieval_vector *v)
{
    struct near *list = arena_array(s->arena, NEAREST, sizeof(*list));
    size_t n;

    TRY(find_nearest(s, v, list, &n));
    if (n == 0)
        return OK;
    for (size_t i = 0; i < s->hit_count; i++)
        s->hits[i].score = 1 / (RRF + 1 + (double)i);
    TRY(add_unfound(s, list, n));
    for (size_t i = 0; i < n; i++) {
        struct retrieval_hit *hit = find_hit(s->hits, s->hit_count, list[i].chunk_id);

        /* One that was deleted meanwhile is not there. */
        if (!hit)
            continue;
        hit->score += 1 / (RRF + 1 + (double)i);
        hit->similarity = list[i].similarity;
    }
    retrieval_sort(s);
    return OK;
}
