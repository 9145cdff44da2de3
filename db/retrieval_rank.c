/* Which chunks have the best scores, and a second look at them: see db/retrieval.h. */
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
        const struct segment_scores *segment = &s->segments[g];

        for (size_t d = 0; d < segment->docs; d++) {
            float score = segment->scores[d];

            if (score > 0 && (n < most || score > heap[0].score))
                keep(heap, &n, (struct place){ score, g, d }, most);
        }
    }
    return n;
}

/* The chunks at these places, with their terms; those that were deleted are not among them. */
static struct err
load_hits(struct retrieval *s, const struct place *places, size_t n)
{
    int64_t *segments = arena_array(s->arena, n, sizeof(*segments));
    int64_t *docs = arena_array(s->arena, n, sizeof(*docs));
    struct rows rows;

    for (size_t i = 0; i < n; i++) {
        segments[i] = s->segments[places[i].segment].id;
        docs[i] = (int64_t)places[i].doc;
    }
    TRY(db_all_binary(
        s->db, s->arena, Q_RETRIEVAL_TERMS,
        ARGS(arg_id(s->agent_id), arg_ints(s->arena, segments, n), arg_ints(s->arena, docs, n)),
        &rows));
    s->hits = arena_array(s->arena, (size_t)rows.count, sizeof(*s->hits));
    s->hit_count = (size_t)rows.count;
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);
        size_t bytes, place = (size_t)row_binary_int(&r, "place") - 1;
        struct retrieval_hit *hit = &s->hits[i];

        assert(place < n);
        hit->chunk_id = row_binary_id(&r, "chunk_id");
        hit->page_id = row_binary_id(&r, "page_id");
        hit->terms = row_bytes(&r, "terms", &bytes);
        hit->term_count = bytes / 4;
        hit->score = (double)places[place].score;
    }
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

/* How often b follows a. */
static size_t
count_pair(const struct retrieval_hit *hit, uint32_t a, uint32_t b)
{
    size_t n = 0;

    for (size_t i = 0; i + 1 < hit->term_count; i++)
        n += retrieval_hit_term(hit, i) == a && retrieval_hit_term(hit, i + 1) == b;
    return n;
}

static double
pairs_score(const struct retrieval *s, const struct retrieval_hit *hit)
{
    uint8_t length = posting_length(hit->term_count);
    double sum = 0;

    for (size_t i = 0; i < s->query.bigram_count; i++) {
        const uint32_t *pair = s->query.bigrams[i];
        size_t n = count_pair(hit, pair[0], pair[1]);
        double idf = fmax(idf_of(s, pair[0]), idf_of(s, pair[1])) + log(BIGRAM_RARER);

        if (n > 0)
            sum += BIGRAM_WEIGHT * idf * bm25_part(&s->bm25, (double)n, length);
    }
    return sum;
}

static bool
has_term(const struct retrieval_hit *hit, uint32_t term)
{
    for (size_t i = 0; i < hit->term_count; i++)
        if (retrieval_hit_term(hit, i) == term)
            return true;
    return false;
}

/* Whether a form of the word stands in the hit, in whatever language; *first: of its forms. */
static bool
has_word(const struct retrieval *s, const struct retrieval_hit *hit, size_t i, bool *first)
{
    const struct retrieval_term *terms = s->query.terms;
    bool met = false;

    *first = true;
    for (size_t k = 0; k < s->query.count; k++) {
        if (k != i && (!terms[k].asked || terms[k].place != terms[i].place))
            continue;
        *first = *first && k >= i;
        met = met || (terms[k].df > 0 && has_term(hit, terms[k].term));
    }
    return met;
}

double
retrieval_coverage(const struct retrieval *s, const struct retrieval_hit *hit)
{
    double all = 0, met = 0;

    for (size_t i = 0; i < s->query.count; i++) {
        const struct retrieval_term *t = &s->query.terms[i];
        bool first, here = t->asked && has_word(s, hit, i, &first);

        if (!t->asked || !first)
            continue;
        all += t->idf;
        met += here ? t->idf : 0;
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

    TRY(load_hits(s, heap, n));
    s->moved = s->hit_count == 0 && n > 0;
    for (size_t i = 0; i < s->hit_count; i++)
        s->hits[i].score += pairs_score(s, &s->hits[i]);
    retrieval_sort(s);
    return OK;
}
