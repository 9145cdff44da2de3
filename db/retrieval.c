#include "db/retrieval.h"

#include "db/db.h"
#include "db/retrieval_private.h"
#include "lib/arena.h"

#define SMALL 20000.0 /* chunks up to which feedback is always used */
#define SHORT 3       /* words of a question for which it is used in any case */
#define TRIES 3       /* at reading while segments are merged */

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
    TRY(retrieval_load_postings(s, 0));
    for (size_t i = 0; i < s->query.count; i++)
        s->query.terms[i].idf = idf_in_all_languages(s, &s->query.terms[i]);
    for (size_t i = 0; i < s->query.count; i++)
        retrieval_add_scores(s, i, s->query.terms[i].weight * s->query.terms[i].idf);
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
    unsigned languages;

    s->hit_count = 0;
    s->moved = false;
    TRY(retrieval_load_index(s, &languages));
    retrieval_read_query(&s->query, s->arena, languages, question, earlier, count);
    if (s->query.count == 0)
        return OK;
    TRY(score_question(s));
    TRY(retrieval_rank(s));
    return wants_feedback(s) ? retrieval_feed_back(s) : OK;
}

struct err
retrieval_chunks(struct db *db, struct arena *a, struct id agent_id, const char *question,
                 const struct retrieval_turn *earlier, size_t earlier_count,
                 const struct retrieval_vector *vector, size_t most, struct retrieval **search,
                 struct retrieval_hit **out, size_t *count)
{
    struct retrieval *s = ARENA_NEW(a, struct retrieval);

    *s = (struct retrieval){ .db = db, .arena = a, .agent_id = agent_id, .moved = true };
    for (int i = 0; i < TRIES && s->moved; i++)
        TRY(retrieve_once(s, question, earlier, earlier_count));
    if (vector->count > 0)
        TRY(retrieval_fuse(s, vector));
    if (s->hit_count > most)
        s->hit_count = most;
    *search = s;
    *out = s->hits;
    *count = s->hit_count;
    return OK;
}
