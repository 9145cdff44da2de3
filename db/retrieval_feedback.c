/* Terms that the best chunks have in common (RM3): see db/retrieval.h. */
#include "db/retrieval_private.h"
#include "lib/arena.h"

#include <math.h>

#define DOCS       6    /* chunks of which terms are taken */
#define CANDIDATES 24   /* terms that are looked at */
#define TERMS      10   /* of them that are used */
#define SHARE      0.35 /* of their weights to those of the question */
#define DF_MOST    0.1  /* terms of a larger share of all chunks say nothing */

struct candidate {
    uint32_t term;
    double weight;
};

static int
by_term(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    return (x->term > y->term) - (x->term < y->term);
}

static int
by_weight(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;

    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return by_term(a, b);
}

/* The terms of the best chunks, each weighted by its share there; returns how many. */
static size_t
common_terms(const struct retrieval *s, struct candidate **out)
{
    size_t docs = s->hit_count < DOCS ? s->hit_count : DOCS, n = 0, all = 0;
    double sum = 0;
    struct candidate *list;

    for (size_t i = 0; i < docs; i++) {
        all += s->hits[i].term_count;
        sum += s->hits[i].score;
    }
    list = arena_array(s->arena, all, sizeof(*list));
    for (size_t i = 0; i < docs; i++) {
        const struct retrieval_hit *hit = &s->hits[i];

        for (size_t k = 0; k < hit->term_count; k++) {
            uint32_t term = retrieval_hit_term(hit, k);

            if (term)
                list[n++] = (struct candidate){ term, hit->score / sum / (double)hit->term_count };
        }
    }
    qsort(list, n, sizeof(*list), by_term);
    all = 0;
    for (size_t i = 0; i < n; i++) {
        if (all > 0 && list[all - 1].term == list[i].term)
            list[all - 1].weight += list[i].weight;
        else
            list[all++] = list[i];
    }
    qsort(list, all, sizeof(*list), by_weight);
    *out = list;
    return all;
}

/* The question's term, or a new one of no weight; NULL when there is no room. */
static struct retrieval_term *
term_of(struct retrieval_query *q, uint32_t term)
{
    for (size_t i = 0; i < q->count; i++)
        if (q->terms[i].term == term)
            return &q->terms[i];
    if (q->count == RETRIEVAL_TERMS)
        return NULL;
    retrieval_add_term(q, term, 0, false);
    return &q->terms[q->count - 1];
}

/* A term that is to count more. */
struct choice {
    struct retrieval_term *term;
    double weight;
    bool is_new;
};

/* Of the candidates those that are rare enough, the best TERMS of them. */
static size_t
choose(struct retrieval *s, const struct candidate *list, size_t n, size_t first,
       struct retrieval_bucket *buckets, size_t count, struct choice *out)
{
    size_t chosen = 0;

    for (size_t i = 0; i < n && chosen < TERMS; i++) {
        struct retrieval_term *t = term_of(&s->query, list[i].term);
        bool is_new = t && t >= &s->query.terms[first];

        if (is_new)
            retrieval_find_term(s, buckets, count, t);
        if (!t || (is_new && t->df > DF_MOST * s->bm25.docs))
            continue;
        out[chosen++] = (struct choice){ t, list[i].weight * sqrt(t->idf), is_new };
    }
    return chosen;
}

struct err
retrieval_feed_back(struct retrieval *s)
{
    size_t first = s->query.count, n, count;
    struct retrieval_bucket *buckets;
    struct choice chosen[TERMS];
    struct candidate *list;
    double own = 0, theirs = 0;

    n = common_terms(s, &list);
    n = n < CANDIDATES ? n : CANDIDATES;
    for (size_t i = 0; i < first; i++)
        own += s->query.terms[i].weight;
    for (size_t i = 0; i < n; i++)
        (void)term_of(&s->query, list[i].term);
    TRY(retrieval_load_buckets(s, first, &buckets, &count));
    n = choose(s, list, n, first, buckets, count, chosen);
    for (size_t i = 0; i < n; i++)
        theirs += chosen[i].weight;
    for (size_t i = 0; i < n; i++) {
        struct retrieval_bucket *from = chosen[i].is_new ? buckets : s->buckets;
        size_t from_count = chosen[i].is_new ? count : s->bucket_count;
        struct retrieval_term *t = chosen[i].term;

        (void)retrieval_point(from, from_count, t->term);
        retrieval_add_scores(s, from, from_count, SHARE * own * chosen[i].weight / theirs * t->idf);
    }
    return retrieval_rank(s);
}
