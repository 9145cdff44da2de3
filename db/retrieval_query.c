/* The terms of a question: see db/retrieval.h. */
#include "db/retrieval.h"
#include "lib/words.h"

#define QUESTION_MAX ((size_t)8000) /* bytes that are looked at */
#define EARLIER_MAX  ((size_t)4000)
#define TURNS_MAX    6 /* earlier turns that are looked at */

/* Weights beside the question's own words, which count 1. */
#define EXTRA_WEIGHT  0.5  /* other forms of its words */
#define LAST_WEIGHT   0.25 /* words of the turn before */
#define OLDER_WEIGHT  0.15
#define ANSWER_WEIGHT 0.05 /* of the last answer */

static struct retrieval_term *
find(struct retrieval_query *q, uint32_t term)
{
    for (size_t i = 0; i < q->count; i++)
        if (q->terms[i].term == term)
            return &q->terms[i];
    return NULL;
}

void
retrieval_add_term(struct retrieval_query *q, uint32_t term, double weight, bool asked)
{
    struct retrieval_term *t = find(q, term);

    if (!t && q->count < RETRIEVAL_TERMS) {
        t = &q->terms[q->count++];
        *t = (struct retrieval_term){ .term = term };
    }
    if (!t)
        return;
    t->weight += weight;
    t->asked |= asked;
}

/* A term of the question; its forms in several languages have the same place. */
static void
add_asked(struct retrieval_query *q, const struct word *word, double weight, bool asked)
{
    struct retrieval_term *t;

    retrieval_add_term(q, word->term, weight, asked);
    t = find(q, word->term);
    if (t && t->place == 0)
        t->place = word->start + 1;
}

/* At least that weight: what the question says itself does not count twice. */
static void
raise_term(struct retrieval_query *q, uint32_t term, double weight)
{
    const struct retrieval_term *t = find(q, term);

    if (!t || t->weight < weight)
        retrieval_add_term(q, term, t ? weight - t->weight : weight, false);
}

static void
add_bigram(struct retrieval_query *q, uint32_t first, uint32_t second)
{
    if (q->bigram_count == RETRIEVAL_BIGRAMS || first == second)
        return;
    q->bigrams[q->bigram_count][0] = first;
    q->bigrams[q->bigram_count++][1] = second;
}

static void
add_question(struct retrieval_query *q, const struct word *list, size_t n)
{
    uint32_t before = 0;
    size_t asked = 0;

    for (size_t i = 0; i < n; i++) {
        if (list[i].kind == WORD_COMMON && q->common_count < RETRIEVAL_TERMS)
            q->common[q->common_count++] = list[i].start + 1;
        if (list[i].kind == WORD_EXTRA)
            add_asked(q, &list[i], EXTRA_WEIGHT, false);
        if (list[i].kind != WORD_PLAIN)
            continue;
        add_asked(q, &list[i], 1, true);
        asked++;
        if (before)
            add_bigram(q, before, list[i].term);
        before = list[i].term;
    }
    if (asked > q->asked)
        q->asked = asked;
}

static void
add_turn(struct retrieval_query *q, struct words *words, struct arena *a, const char *text,
         double weight)
{
    struct word *list;
    size_t n = words_read(words, a, str_utf8_prefix(str_from(text), EARLIER_MAX), &list);

    for (size_t i = 0; i < n; i++)
        if (list[i].kind == WORD_PLAIN)
            raise_term(q, list[i].term, weight);
}

static void
add_earlier(struct retrieval_query *q, struct words *words, struct arena *a,
            const struct retrieval_turn *earlier, size_t count)
{
    size_t users = 0, answers = 0;

    for (size_t i = count; i-- > 0 && count - i <= TURNS_MAX;) {
        if (earlier[i].by_user)
            add_turn(q, words, a, earlier[i].text, users++ == 0 ? LAST_WEIGHT : OLDER_WEIGHT);
        else if (answers++ == 0)
            add_turn(q, words, a, earlier[i].text, ANSWER_WEIGHT);
    }
}

static void
read_in(struct retrieval_query *q, struct arena *a, enum language language, const char *question,
        const struct retrieval_turn *earlier, size_t count)
{
    struct words *words = words_new(a, language);
    struct word *list;
    size_t n = words_read(words, a, str_utf8_prefix(str_from(question), QUESTION_MAX), &list);
    struct retrieval_query own = { .count = 0 };

    /* A word whose stem is the same in two languages counts once. */
    add_question(&own, list, n);
    for (size_t i = 0; i < own.count; i++)
        if (!find(q, own.terms[i].term) && q->count < RETRIEVAL_TERMS)
            q->terms[q->count++] = own.terms[i];
    for (size_t i = 0; i < own.bigram_count; i++)
        add_bigram(q, own.bigrams[i][0], own.bigrams[i][1]);
    for (size_t i = 0; i < own.common_count && q->common_count < RETRIEVAL_TERMS; i++)
        q->common[q->common_count++] = own.common[i];
    if (own.asked > q->asked)
        q->asked = own.asked;
    add_earlier(q, words, a, earlier, count);
}

static bool
is_common(const struct retrieval_query *q, size_t place)
{
    for (size_t i = 0; i < q->common_count; i++)
        if (q->common[i] == place)
            return true;
    return false;
}

/* "What" is no word that French texts lack: it is one that English ones have anyway. */
static void
forget_common(struct retrieval_query *q)
{
    size_t rest = 0;

    for (size_t i = 0; i < q->count; i++)
        rest += q->terms[i].asked && !is_common(q, q->terms[i].place);
    for (size_t i = 0; i < q->count && rest > 0; i++)
        q->terms[i].asked = q->terms[i].asked && !is_common(q, q->terms[i].place);
}

void
retrieval_read_query(struct retrieval_query *q, struct arena *a, unsigned languages,
                     const char *question, const struct retrieval_turn *earlier, size_t count)
{
    *q = (struct retrieval_query){ .count = 0 };
    for (int l = 0; l < LANGUAGE_COUNT; l++)
        if (languages >> l & 1)
            read_in(q, a, (enum language)l, question, earlier, count);
    forget_common(q);
}
