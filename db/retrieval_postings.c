/*
 * The postings of a question's terms: see db/retrieval.h.
 *
 * Segments never change and their numbers are not given twice, so what was read of them is kept in
 * memory, see db_recent(). Which segments there are, and whether the caller may use them, is asked
 * at each search: nothing of a segment is looked at that this search has not been given the number
 * of.
 */
#include "db/chunk_private.h"
#include "db/db.h"
#include "db/retrieval_private.h"
#include "lib/arena.h"
#include "lib/recent.h"

#define SEGMENTS_MAX 1024
#define CHUNKS       (-1) /* the part of a segment that is the ids of its chunks; others are buckets */
#define CHUNKS_KEY   UINT64_MAX /* it is no term */

struct err
retrieval_load_index(struct retrieval *s, unsigned *languages)
{
    double docs = 0, words = 0;
    struct rows rows;

    recent_turn(db_recent(s->db));
    *languages = 0;
    TRY(db_all_binary(s->db, s->arena, Q_RETRIEVAL_INDEX, ARGS(arg_id(s->agent_id)), &rows));
    s->segment_count = 0;
    s->segments = arena_array(s->arena, (size_t)rows.count, sizeof(*s->segments));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);
        struct retrieval_segment *g = &s->segments[s->segment_count];

        g->id = row_binary_int(&r, "segment_id");
        g->docs = (size_t)row_binary_int(&r, "docs");
        words += (double)row_binary_int(&r, "words");
        g->bits = (unsigned)row_binary_int(&r, "bits");
        *languages |= (unsigned)row_binary_int(&r, "languages");
        docs += (double)g->docs;
        s->segment_count += s->segment_count < SEGMENTS_MAX;
    }
    bm25_init(&s->bm25, docs, docs > 0 ? words / docs : 1);
    return OK;
}

/* ---- what is not in memory ---------------------------------------------------------- */

static struct recent_key
key_of(const struct retrieval_segment *g, uint64_t part)
{
    return (struct recent_key){ (uint64_t)g->id, part };
}

/* Parts of segments that are to be read. */
struct missing {
    int64_t *segments, *buckets;
    size_t count;
};

/* `from`: where those of the segment begin. */
static void
miss(struct missing *m, size_t from, int64_t segment, int64_t bucket)
{
    for (size_t i = from; i < m->count; i++)
        if (m->buckets[i] == bucket)
            return;
    m->segments[m->count] = segment;
    m->buckets[m->count++] = bucket;
}

/* What is there of a segment; the rest is missing. */
static void
look(struct retrieval *s, size_t segment, size_t first, struct missing *m)
{
    struct recent *recent = db_recent(s->db);
    struct retrieval_segment *g = &s->segments[segment];
    size_t from = m->count, len;

    if (!g->chunks)
        g->chunks = recent_find(recent, key_of(g, CHUNKS_KEY), &len);
    if (!g->chunks)
        miss(m, from, g->id, CHUNKS);
    for (size_t i = first; i < s->query.count; i++) {
        struct retrieval_postings *here = &s->postings[i][segment];
        uint32_t term = s->query.terms[i].term;

        here->p = recent_find(recent, key_of(g, term), &len);
        if (here->p)
            here->n = len / 4;
        else
            miss(m, from, g->id, (int64_t)postings_bucket(term, g->bits));
    }
}

/* The postings of the terms that a bucket of a segment has, or would have. */
static void
take_bucket(struct retrieval *s, size_t segment, size_t first, int64_t bucket, const uint8_t *bytes,
            size_t len)
{
    const struct retrieval_segment *g = &s->segments[segment];

    for (size_t i = first; i < s->query.count; i++) {
        struct retrieval_postings *here = &s->postings[i][segment];
        uint32_t term = s->query.terms[i].term;

        if (here->p || (int64_t)postings_bucket(term, g->bits) != bucket)
            continue;
        here->n = postings_find(bytes, len, term, &here->p);
        recent_add(db_recent(s->db), key_of(g, term), here->p, 4 * here->n);
    }
}

static size_t
segment_at(const struct retrieval *s, int64_t id)
{
    size_t low = 0, high = s->segment_count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (s->segments[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->segment_count && s->segments[low].id == id ? low : SEGMENTS_MAX;
}

static void
take(struct retrieval *s, size_t first, const struct row *r)
{
    size_t segment = segment_at(s, row_binary_int(r, "segment_id")), len = 0;
    int64_t bucket = row_binary_int(r, "bucket");
    const uint8_t *bytes = row_opt_bytes(r, "bytes", &len);
    struct retrieval_segment *g;

    if (segment == SEGMENTS_MAX)
        return;
    g = &s->segments[segment];
    if (bucket != CHUNKS) {
        take_bucket(s, segment, first, bucket, bytes, len);
    } else if (len / CHUNK_ID >= g->docs) {
        g->chunks = bytes;
        recent_add(db_recent(s->db), key_of(g, CHUNKS_KEY), bytes, len);
    }
}

static struct err
read_missing(struct retrieval *s, size_t first, const struct missing *m)
{
    struct rows rows;

    TRY(db_all_binary(s->db, s->arena, Q_RETRIEVAL_PARTS,
                      ARGS(arg_id(s->agent_id), arg_ints(s->arena, m->segments, m->count),
                           arg_ints(s->arena, m->buckets, m->count)),
                      &rows));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        take(s, first, &r);
    }
    s->moved = s->moved || (size_t)rows.count < m->count;
    return OK;
}

/* ---- postings ------------------------------------------------------------------------- */

struct err
retrieval_load_postings(struct retrieval *s, size_t first)
{
    size_t most = s->segment_count * (s->query.count - first + 1);
    struct missing m = { .segments = arena_array(s->arena, most, sizeof(*m.segments)),
                         .buckets = arena_array(s->arena, most, sizeof(*m.buckets)) };

    for (size_t i = first; i < s->query.count; i++)
        s->postings[i] = arena_array(s->arena, s->segment_count, sizeof(**s->postings));
    for (size_t g = 0; g < s->segment_count; g++)
        look(s, g, first, &m);
    if (m.count > 0)
        TRY(read_missing(s, first, &m));
    for (size_t i = first; i < s->query.count; i++) {
        struct retrieval_term *t = &s->query.terms[i];

        t->df = 0;
        for (size_t g = 0; g < s->segment_count; g++)
            t->df += (double)s->postings[i][g].n;
        t->idf = bm25_idf(&s->bm25, t->df);
    }
    return OK;
}

void
retrieval_add_scores(struct retrieval *s, size_t i, double weight)
{
    for (size_t g = 0; g < s->segment_count; g++) {
        const struct retrieval_postings *here = &s->postings[i][g];
        struct retrieval_segment *segment = &s->segments[g];

        /* Without their ids none of its chunks could be found. */
        if (here->n == 0 || !segment->chunks)
            continue;
        if (!segment->scores)
            segment->scores = arena_array(s->arena, segment->docs, sizeof(*segment->scores));
        bm25_add(&s->bm25, here->p, here->n, weight, segment->scores, segment->docs);
    }
}
