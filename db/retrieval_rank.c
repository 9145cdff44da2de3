/* Which chunks have the best scores, and a second look at them: see db/retrieval.h. */
#include "db/chunk_private.h"
#include "db/db.h"
#include "db/retrieval_private.h"
#include "lib/arena.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LOOKED_AT     64  /* chunks that BM25 finds and that are looked at again */
#define BIGRAM_WEIGHT 0.2 /* of a pair of neighbours, against a word */
#define BIGRAM_RARER  4.0 /* neighbours are so much rarer than the rarer of the two, about */

struct place {
    float score;
    size_t segment, doc;
};

/* A heap of the best, the worst of them on top. */
static void
sink(struct place *heap, size_t n, size_t i)
{
    for (;;) {
        size_t least = i, left = 2 * i + 1;
        struct place swap;

        if (left < n && heap[left].score < heap[least].score)
            least = left;
        if (left + 1 < n && heap[left + 1].score < heap[least].score)
            least = left + 1;
        if (least == i)
            return;
        swap = heap[i];
        heap[i] = heap[least];
        heap[least] = swap;
        i = least;
    }
}

static void
keep(struct place *heap, size_t *n, struct place p, size_t most)
{
    if (*n < most) {
        heap[(*n)++] = p;
        if (*n == most)
            for (size_t i = most / 2 + 1; i-- > 0;)
                sink(heap, most, i);
    } else if (p.score > heap[0].score) {
        heap[0] = p;
        sink(heap, most, 0);
    }
}

static size_t
best_places(const struct retrieval *s, struct place *heap, size_t most)
{
    size_t n = 0;

    for (size_t g = 0; g < s->segment_count; g++) {
        const struct retrieval_segment *segment = &s->segments[g];

        for (size_t d = 0; segment->scores && d < segment->docs; d++) {
            float score = segment->scores[d];

            if (score > 0 && (n < most || score > heap[0].score))
                keep(heap, &n, (struct place){ score, g, d }, most);
        }
    }
    return n;
}

static const struct retrieval_hit *
known_hit(const struct retrieval_hit *known, size_t n, const struct place *p)
{
    for (size_t i = 0; i < n; i++)
        if (known[i].segment == p->segment && known[i].doc == p->doc)
            return &known[i];
    return NULL;
}

static void
read_hit(struct retrieval_hit *hit, const struct row *r, const struct place *p)
{
    size_t bytes;

    *hit = (struct retrieval_hit){ .chunk_id = row_id(r, "chunk_id"),
                                   .page_id = row_id(r, "page_id"),
                                   .segment = p->segment,
                                   .doc = p->doc,
                                   .score = (double)p->score };
    hit->terms = row_bytes(r, "terms", &bytes);
    hit->term_count = bytes / 4;
}

/*
 * The chunks at these places, with their terms; those that were deleted are not among them. What is
 * a hit already is not read again.
 */
static struct err
load_hits(struct retrieval *s, struct place *places, size_t n)
{
    struct retrieval_hit *hits = arena_array(s->arena, n, sizeof(*hits));
    struct id *ids = arena_array(s->arena, n, sizeof(*ids));
    size_t count = 0, unknown = 0;
    struct rows rows = { .count = 0 };

    for (size_t i = 0; i < n; i++) {
        const struct retrieval_hit *known = known_hit(s->hits, s->hit_count, &places[i]);

        if (known) {
            hits[count] = *known;
            hits[count++].score = (double)places[i].score;
        } else {
            ids[unknown] =
                id_from_bytes(s->segments[places[i].segment].chunks + CHUNK_ID * places[i].doc);
            places[unknown++] = places[i];
        }
    }
    if (unknown > 0)
        TRY(db_all_binary(s->db, s->arena, Q_RETRIEVAL_TERMS_OF,
                          ARGS(arg_id(s->agent_id), arg_ids(s->arena, ids, unknown)), &rows));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);
        size_t place = (size_t)row_binary_int(&r, "place") - 1;

        assert(place < unknown);
        read_hit(&hits[count++], &r, &places[place]);
    }
    s->hits = hits;
    s->hit_count = count;
    return OK;
}

/* ---- a second look ----------------------------------------------------------------- */

static double
idf_of(const struct retrieval *s, uint32_t term)
{
    for (size_t i = 0; i < s->query.count; i++)
        if (s->query.terms[i].term == term)
            return s->query.terms[i].idf;
    return 0;
}

/* Whether a term may be one of some; most of the others are passed over by that alone. */
struct filter {
    uint64_t bits[16];
};

static void
filter_add(struct filter *f, uint32_t term)
{
    f->bits[term >> 6 & 15] |= UINT64_C(1) << (term & 63);
}

static bool
filter_may_have(const struct filter *f, uint32_t term)
{
    return f->bits[term >> 6 & 15] >> (term & 63) & 1;
}

/* How often the second of each pair follows the first. */
static void
count_pairs(const struct retrieval_query *q, const struct filter *firsts,
            const struct retrieval_hit *hit, size_t *counts)
{
    for (size_t i = 0; i + 1 < hit->term_count; i++) {
        uint32_t term = retrieval_hit_term(hit, i);

        if (!filter_may_have(firsts, term))
            continue;
        for (size_t k = 0; k < q->bigram_count; k++)
            counts[k] +=
                q->bigrams[k][0] == term && q->bigrams[k][1] == retrieval_hit_term(hit, i + 1);
    }
}

static double
pairs_score(const struct retrieval *s, const struct filter *firsts, const struct retrieval_hit *hit)
{
    uint8_t length = posting_length(hit->term_count);
    size_t counts[RETRIEVAL_BIGRAMS] = { 0 };
    double sum = 0;

    count_pairs(&s->query, firsts, hit, counts);
    for (size_t i = 0; i < s->query.bigram_count; i++) {
        const uint32_t *pair = s->query.bigrams[i];
        double idf;

        if (counts[i] == 0)
            continue;
        idf = fmax(idf_of(s, pair[0]), idf_of(s, pair[1])) + log(BIGRAM_RARER);
        sum += BIGRAM_WEIGHT * idf * bm25_part(&s->bm25, (double)counts[i], length);
    }
    return sum;
}

/* Which of the question's own terms stand in a hit. */
static void
mark_terms(const struct retrieval_query *q, const struct retrieval_hit *hit, bool *here)
{
    struct filter asked = { .bits = { 0 } };

    for (size_t k = 0; k < q->count; k++)
        if (q->terms[k].asked)
            filter_add(&asked, q->terms[k].term);
    for (size_t i = 0; i < hit->term_count; i++) {
        uint32_t term = retrieval_hit_term(hit, i);

        if (!filter_may_have(&asked, term))
            continue;
        for (size_t k = 0; k < q->count; k++)
            here[k] |= q->terms[k].term == term;
    }
}

/* Whether a form of the word stands in the hit, in whatever language; *first: of its forms. */
static bool
has_word(const struct retrieval *s, const bool *here, size_t i, bool *first)
{
    const struct retrieval_term *terms = s->query.terms;
    bool met = false;

    *first = true;
    for (size_t k = 0; k < s->query.count; k++) {
        if (k != i && (!terms[k].asked || terms[k].place != terms[i].place))
            continue;
        *first = *first && k >= i;
        met = met || (terms[k].df > 0 && here[k]);
    }
    return met;
}

double
retrieval_coverage(const struct retrieval *s, const struct retrieval_hit *hit)
{
    bool here[RETRIEVAL_TERMS] = { false };
    double all = 0, met = 0;

    mark_terms(&s->query, hit, here);
    for (size_t i = 0; i < s->query.count; i++) {
        const struct retrieval_term *t = &s->query.terms[i];
        bool first, is_here = t->asked && has_word(s, here, i, &first);

        if (!t->asked || !first)
            continue;
        all += t->idf;
        met += is_here ? t->idf : 0;
    }
    return all > 0 ? met / all : 0;
}

static int
by_score(const void *a, const void *b)
{
    const struct retrieval_hit *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return strcmp(x->chunk_id.s, y->chunk_id.s);
}

void
retrieval_sort(struct retrieval *s)
{
    qsort(s->hits, s->hit_count, sizeof(*s->hits), by_score);
}

struct err
retrieval_rank(struct retrieval *s)
{
    struct place *heap = arena_array(s->arena, LOOKED_AT, sizeof(*heap));
    size_t n = best_places(s, heap, LOOKED_AT);
    struct filter firsts = { .bits = { 0 } };

    TRY(load_hits(s, heap, n));
    s->moved = s->moved || (s->hit_count == 0 && n > 0);
    for (size_t i = 0; i < s->query.bigram_count; i++)
        filter_add(&firsts, s->query.bigrams[i][0]);
    for (size_t i = 0; i < s->hit_count; i++)
        s->hits[i].score += pairs_score(s, &firsts, &s->hits[i]);
    retrieval_sort(s);
    return OK;
}
