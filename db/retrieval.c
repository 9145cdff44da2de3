#include "db/retrieval.h"

#include "db/db.h"
#include "db/retrieval_private.h"
#include "lib/arena.h"

#define SEGMENTS_MAX 1024
#define SMALL        20000.0 /* chunks up to which feedback is always used */
#define SHORT        3       /* words of a question for which it is used in any case */
#define TRIES        3       /* at reading while segments are merged */

/* ---- postings ------------------------------------------------------------------- */

static struct err
load_index(struct retrieval *s, const char *question, const struct retrieval_turn *earlier,
           size_t count)
{
    struct row row;
    double docs;

    TRY(db_one(s->db, s->arena, Q_RETRIEVAL_INDEX, ARGS(arg_id(s->agent_id)), &row));
    docs = (double)row_int(&row, "docs");
    bm25_init(&s->bm25, docs, docs > 0 ? (double)row_int(&row, "words") / docs : 1);
    retrieval_read_query(&s->query, s->arena, (unsigned)row_int(&row, "languages"), question,
                         earlier, count);
    return OK;
}

static struct segment_scores *
segment_of(struct retrieval *s, int64_t id, size_t docs)
{
    struct segment_scores *segment;

    for (size_t i = s->segment_count; i-- > 0;)
        if (s->segments[i].id == id)
            return &s->segments[i];
    if (s->segment_count == SEGMENTS_MAX)
        return NULL;
    segment = &s->segments[s->segment_count++];
    *segment =
        (struct segment_scores){ id, docs, arena_array(s->arena, docs, sizeof(*segment->scores)) };
    return segment;
}

struct err
retrieval_load_buckets(struct retrieval *s, size_t first, struct retrieval_bucket **out,
                       size_t *count)
{
    size_t terms = s->query.count - first;
    int64_t *list = arena_array(s->arena, terms, sizeof(*list));
    struct retrieval_bucket *buckets;
    struct rows rows;

    for (size_t i = 0; i < terms; i++)
        list[i] = (int64_t)s->query.terms[first + i].term;
    TRY(db_all_binary(s->db, s->arena, Q_RETRIEVAL_BUCKETS,
                      ARGS(arg_id(s->agent_id), arg_ints(s->arena, list, terms)), &rows));
    buckets = arena_array(s->arena, (size_t)rows.count, sizeof(*buckets));
    *count = 0;
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);
        struct retrieval_bucket *b = &buckets[*count];
        int64_t id = row_binary_int(&r, "segment_id");

        b->segment = segment_of(s, id, (size_t)row_binary_int(&r, "docs"));
        b->bits = (unsigned)row_binary_int(&r, "bits");
        b->number = (size_t)row_binary_int(&r, "bucket");
        b->bytes = row_bytes(&r, "postings", &b->len);
        *count += b->segment != NULL;
    }
    *out = buckets;
    return OK;
}

size_t
retrieval_point(struct retrieval_bucket *buckets, size_t count, uint32_t term)
{
    size_t df = 0;

    for (size_t i = 0; i < count; i++) {
        struct retrieval_bucket *b = &buckets[i];
        bool here = (b->bits ? term >> (32 - b->bits) : 0) == b->number;

        b->n = here ? postings_find(b->bytes, b->len, term, &b->postings) : 0;
        df += b->n;
    }
    return df;
}

void
retrieval_find_term(const struct retrieval *s, struct retrieval_bucket *buckets, size_t count,
                    struct retrieval_term *t)
{
    t->df = (double)retrieval_point(buckets, count, t->term);
    t->idf = bm25_idf(&s->bm25, t->df);
}

void
retrieval_add_scores(struct retrieval *s, const struct retrieval_bucket *buckets, size_t count,
                     double weight)
{
    for (size_t i = 0; i < count; i++)
        bm25_add(&s->bm25, buckets[i].postings, buckets[i].n, weight, buckets[i].segment->scores,
                 buckets[i].segment->docs);
}

/*
 * A word is as rare as all its forms together: where a few pages are in another language than
 * the rest, or were taken for it, its form there is rare and says no more for that.
 */
static double
idf_in_all_languages(const struct retrieval *s, const struct retrieval_term *t)
{
    double df = t->place == 0 ? t->df : 0;

    for (size_t i = 0; i < s->query.count; i++)
        if (t->place > 0 && s->query.terms[i].place == t->place &&
            s->query.terms[i].asked == t->asked)
            df += s->query.terms[i].df;
    return bm25_idf(&s->bm25, df);
}

static struct err
score_question(struct retrieval *s)
{
    TRY(retrieval_load_buckets(s, 0, &s->buckets, &s->bucket_count));
    for (size_t i = 0; i < s->query.count; i++)
        retrieval_find_term(s, s->buckets, s->bucket_count, &s->query.terms[i]);
    for (size_t i = 0; i < s->query.count; i++)
        s->query.terms[i].idf = idf_in_all_languages(s, &s->query.terms[i]);
    for (size_t i = 0; i < s->query.count; i++) {
        const struct retrieval_term *t = &s->query.terms[i];

        retrieval_point(s->buckets, s->bucket_count, t->term);
        retrieval_add_scores(s, s->buckets, s->bucket_count, t->weight * t->idf);
    }
    return OK;
}

/* ---- the whole --------------------------------------------------------------------------- */

static bool
wants_feedback(const struct retrieval *s)
{
    return s->hit_count > 1 && (s->bm25.docs <= SMALL || s->query.asked <= SHORT);
}

static struct err
retrieve_once(struct retrieval *s, const char *question, const struct retrieval_turn *earlier,
              size_t count)
{
    s->segments = arena_array(s->arena, SEGMENTS_MAX, sizeof(*s->segments));
    s->segment_count = s->hit_count = 0;
    s->moved = false;
    TRY(load_index(s, question, earlier, count));
    if (s->query.count == 0)
        return OK;
    TRY(score_question(s));
    TRY(retrieval_rank(s));
    return wants_feedback(s) ? retrieval_feed_back(s) : OK;
}

struct err
retrieval_chunks(struct db *db, struct arena *a, struct id agent_id, const char *question,
                 const struct retrieval_turn *earlier, size_t earlier_count,
                 const struct retrieval_vector *vector, size_t most, struct retrieval_hit **out,
                 size_t *count)
{
    struct retrieval *s = ARENA_NEW(a, struct retrieval);

    *s = (struct retrieval){ .db = db, .arena = a, .agent_id = agent_id, .moved = true };
    for (int i = 0; i < TRIES && s->moved; i++)
        TRY(retrieve_once(s, question, earlier, earlier_count));
    if (vector->count > 0)
        TRY(retrieval_fuse(s, vector));
    if (s->hit_count > most)
        s->hit_count = most;
    for (size_t i = 0; i < s->hit_count; i++)
        s->hits[i].coverage = retrieval_coverage(s, &s->hits[i]);
    *out = s->hits;
    *count = s->hit_count;
    return OK;
}
