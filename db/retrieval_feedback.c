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

/* The place of the question's term, or of a new one of no weight; RETRIEVAL_TERMS without room. */
static size_t
place_of(struct retrieval_query *q, uint32_t term)
{
    for (size_t i = 0; i < q->count; i++)
        if (q->terms[i].term == term)
            return i;
    if (q->count == RETRIEVAL_TERMS)
        return RETRIEVAL_TERMS;
    retrieval_add_term(q, term, 0, false);
    return q->count - 1;
}

/* A term that is to count more. */
struct choice {
    size_t place;
    double weight;
};

/* Of the candidates those that are rare enough, the best TERMS of them; those from `first` on are
 * new. */
static size_t
choose(struct retrieval *s, const struct candidate *list, size_t n, size_t first,
       struct choice *out)
{
    size_t chosen = 0;

    for (size_t i = 0; i < n && chosen < TERMS; i++) {
        size_t place = place_of(&s->query, list[i].term);
        const struct retrieval_term *t = place < RETRIEVAL_TERMS ? &s->query.terms[place] : NULL;

        if (!t || (place >= first && t->df > DF_MOST * s->bm25.docs))
            continue;
        out[chosen++] = (struct choice){ place, list[i].weight * sqrt(t->idf) };
    }
    return chosen;
}

struct err
retrieval_feed_back(struct retrieval *s)
{
    size_t first = s->query.count, n;
    struct choice chosen[TERMS];
    struct candidate *list;
    double own = 0, theirs = 0;

    n = common_terms(s, &list);
    n = n < CANDIDATES ? n : CANDIDATES;
    for (size_t i = 0; i < first; i++)
        own += s->query.terms[i].weight;
    for (size_t i = 0; i < n; i++)
        (void)place_of(&s->query, list[i].term);
    TRY(retrieval_load_postings(s, first));
    n = choose(s, list, n, first, chosen);
    for (size_t i = 0; i < n; i++)
        theirs += chosen[i].weight;
    for (size_t i = 0; i < n; i++)
        retrieval_add_scores(s, chosen[i].place,
                             SHARE * own * chosen[i].weight / theirs *
                                 s->query.terms[chosen[i].place].idf);
    return retrieval_rank(s);
}
