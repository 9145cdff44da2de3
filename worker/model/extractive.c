/*
 * Dialect "extractive": no model. The answer is made of the sentences of the
 * agent's own sources that say most about the question, word for word, each
 * group with the number of the passage that it is from.
 */
#include "worker/model/dialect.h"

#include "db/passage.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/sentence.h"
#include "worker/model/terms.h"

#include <math.h>
#include <string.h>

#define SENTENCES_MAX   400 /* looked at, of all passages together */
#define CHOSEN_MAX      5   /* sentences in an answer */
#define PER_PASSAGE_MAX 3
#define ANSWER_MAX      1200         /* bytes, about */
#define LENGTH_USUAL    240          /* bytes; longer sentences count for less */
#define ENOUGH          0.4          /* of the question's weight must be met by the best sentence */
#define LENGTH_MOST     500          /* bytes; what is longer is no sentence but a list of words */
#define FOLLOWERS_MAX   6            /* items that are said with the line that leads to them */
#define SUBJECT_BYTES   ((size_t)48) /* at the start of a sentence: what it is about */
#define SUBJECT         0.25         /* of its weight is added for what it is about */
#define EXAMPLE_ROOM    80           /* bytes around a question that is quoted */
#define CLOSE_TO_BEST   0.45         /* of the best score a sentence must reach to be said too */
#define FAR_FROM_BEST   0.1          /* of the score of the best sentence's passage */
#define UNSEEN          8            /* sentences more, for whether the best says enough */

#define NOTHING_FITS                                                                               \
    "I found nothing in my sources that answers this. Asking with other words may help."
#define NO_QUESTION "I need a question with at least one word to look for."

struct candidate {
    struct str text;
    size_t passage, position;
    uint64_t met; /* which terms of the question, a bit each */
    double score;
    bool code, item;  /* between fences; of a list */
    struct str head;  /* of the table that it is a row of; its own text when it is the head */
    bool chosen, led; /* to be said; for the line above leads to it */
};

struct search {
    struct terms question;
    double weight[TERMS_MAX]; /* of each term: the rarer, the more */
    double total;
    struct candidate list[SENTENCES_MAX];
    size_t count;
};

/* Marks of Markdown at the start of a line, which mean nothing in running text. */
static struct str
without_marks(struct str s)
{
    while (s.len > 1 && strchr("-*+#>|", s.p[0]) && strchr("-*+#>| ", s.p[1]))
        s = str_trim((struct str){ s.p + 1, s.len - 1 });
    return s;
}

/* Does `s` hold the words of `part`, in small or capital letters? */
static bool
holds(struct str s, struct str part)
{
    for (size_t i = 0; part.len > 0 && i + part.len <= s.len; i++)
        if (str_eq_nocase((struct str){ s.p + i, part.len }, part))
            return true;
    return false;
}

/* What asks is no answer: neither another question nor the very one, quoted as an example. */
static bool
is_asking(struct str sentence, struct str question)
{
    bool asks;

    while (sentence.len > 0 && strchr("\"'`*_)], ", sentence.p[sentence.len - 1]))
        sentence.len--;
    question = str_trim(question);
    asks = question.len > 0 && question.p[question.len - 1] == '?';
    while (question.len > 0 && strchr(".!? ", question.p[question.len - 1]))
        question.len--;
    if (sentence.len > 0 && sentence.p[sentence.len - 1] == '?')
        return true;
    return memchr(question.p, ' ', question.len) != NULL && asks &&
           sentence.len < 2 * question.len + EXAMPLE_ROOM && holds(sentence, question);
}

static void
collect(struct search *s, const struct dialect_question *q)
{
    struct str question = str_from(q->messages[q->message_count - 1].content);

    for (size_t i = 0; i < q->passage_count; i++) {
        struct str rest = str_from(q->passages[i].content), sentence, head = { NULL, 0 };
        uint64_t heading = terms_met(&s->question, str_from(q->passages[i].heading));

        for (size_t n = 0; s->count < SENTENCES_MAX; n++) {
            struct candidate *c = &s->list[s->count];
            bool code = sentence_code(&rest, &sentence);
            bool heads = !code && sentence_table_head(&rest, &sentence);

            if (!code && !heads && !sentence_next(&rest, &sentence))
                break;
            head = heads ? sentence : sentence.p[0] == '|' ? head : (struct str){ NULL, 0 };
            *c = (struct candidate){ .text = without_marks(sentence), .passage = i, .position = n };
            c->code = code;
            if (head.len > 0) {
                c->text = sentence;
                c->head = head;
            }
            c->item = c->text.p != sentence.p && strchr("-*+", sentence.p[0]);
            s->count++;
            /* A heading lends its words to what stands below it, but says nothing itself; and so
             * does the head of a table. */
            if (code || heads || sentence.p[0] == '#' || c->text.len > LENGTH_MOST)
                continue;
            c->met = terms_met(&s->question, c->text);
            if (c->met)
                c->met |= heading | (head.len > 0 ? terms_met(&s->question, head) : 0);
            if (is_asking(sentence, question))
                c->met = 0;
        }
    }
}

/* As if there were `unseen` sentences more, without any of the words. */
static void
weigh(struct search *s, size_t unseen)
{
    s->total = 0;
    for (size_t t = 0; t < s->question.count; t++) {
        size_t in = 0;

        for (size_t i = 0; i < s->count; i++)
            in += s->list[i].met >> t & 1;
        s->weight[t] = log(1.0 + ((double)(s->count + unseen) + 1.0) / ((double)in + 1.0));
        s->total += s->weight[t];
    }
}

static double
weight_of(const struct search *s, uint64_t met)
{
    double sum = 0;

    for (size_t t = 0; t < s->question.count; t++)
        if (met >> t & 1)
            sum += s->weight[t];
    return sum;
}

/* Scores every candidate and returns the best, or NULL when none says enough. */
static const struct candidate *
score(struct search *s, const struct dialect_question *q)
{
    const struct candidate *best = NULL;

    for (size_t i = 0; i < s->count; i++) {
        struct candidate *c = &s->list[i];
        double rank = (double)(q->passage_count - c->passage) / (double)q->passage_count;
        double length = (double)c->text.len / LENGTH_USUAL;
        struct str start = str_utf8_prefix(c->text, SUBJECT_BYTES);
        double subject = weight_of(s, terms_met(&s->question, start) & c->met);

        c->score = (weight_of(s, c->met) + SUBJECT * subject) * (1.0 + 0.2 * rank) /
                   (length > 1 ? sqrt(length) : 1);
        if (c->met && (!best || c->score > best->score))
            best = c;
    }
    return best;
}

/* Whether enough of the question is met. Of few sentences each is a large share, so that its words
   seem common: they are weighed here as if there were more. */
static bool
says_enough(struct search *s, const struct candidate *c)
{
    weigh(s, UNSEEN);
    return weight_of(s, c->met) >= ENOUGH * s->total;
}

static bool
same_text(struct str a, struct str b)
{
    return str_eq_nocase(a, b);
}

/* ---- what leads to something ------------------------------------------------------------ */

/* "To do so:" says nothing without what stands below it. */
static bool
leads_on(const struct candidate *c)
{
    return !c->code && c->text.len > 0 && c->text.p[c->text.len - 1] == ':';
}

/* How many of those after c it leads to: the code, items of a list, rows, or the next sentence. */
static size_t
count_followers(const struct search *s, const struct candidate *c)
{
    const struct candidate *next = c + 1, *end = s->list + s->count;
    size_t n = 0;

    if (next == end || next->passage != c->passage || next->text.p[0] == '#')
        return 0;
    if (!next->item && !next->head.p)
        return next->text.len <= LENGTH_MOST && !leads_on(next);
    while (n < FOLLOWERS_MAX && next + n < end && next[n].passage == c->passage &&
           next[n].item == next->item && next[n].head.p == next->head.p &&
           next[n].text.len <= LENGTH_USUAL)
        n++;
    return n;
}

/* May this sentence be said beside those that are chosen? */
static bool
is_welcome(const struct search *s, const struct candidate *c)
{
    size_t of_passage = 0;

    if (leads_on(c) && count_followers(s, c) == 0)
        return false;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->list[i].chosen)
            continue;
        if (same_text(s->list[i].text, c->text))
            return false;
        of_passage += s->list[i].passage == c->passage;
    }
    return of_passage < PER_PASSAGE_MAX;
}

/* Choose it; returns the bytes that this adds. */
static size_t
take(struct candidate *c, bool led)
{
    size_t bytes = c->chosen ? 0 : c->text.len;

    c->chosen = true;
    c->led |= led;
    return bytes;
}

/* A sentence of a passage that is hardly like the question has the words that all have: it is about
 * something else. */
static bool
is_far(const struct dialect_question *q, const struct candidate *c, const struct candidate *best)
{
    return q->passages[c->passage].score < FAR_FROM_BEST * q->passages[best->passage].score;
}

static void
choose(struct search *s, const struct dialect_question *q, const struct candidate *best)
{
    size_t bytes = 0;

    for (int n = 0; n < CHOSEN_MAX; n++) {
        struct candidate *next = NULL;

        for (size_t i = 0; i < s->count; i++) {
            struct candidate *c = &s->list[i];

            if (!c->chosen && c->met && c->score >= CLOSE_TO_BEST * best->score &&
                !is_far(q, c, best) && (!next || c->score > next->score) && is_welcome(s, c))
                next = c;
        }
        if (!next || (n > 0 && bytes + next->text.len > ANSWER_MAX))
            return;
        bytes += take(next, false);
        for (size_t i = leads_on(next) ? count_followers(s, next) : 0; i > 0; i--)
            bytes += take(&next[i], true);
    }
}

static void
add_words(struct buf *out, struct str text)
{
    bool space = false;

    for (size_t i = 0; i < text.len; i++) {
        if (strchr(" \t\r\n", text.p[i])) {
            space = true;
            continue;
        }
        if (space)
            buf_add_char(out, ' ');
        space = false;
        buf_add_char(out, text.p[i]);
    }
}

/* A row on a line of its own, the first of its table below the head. */
static void
add_row(const struct candidate *c, bool first, struct buf *out)
{
    if (first)
        buf_printf(out, "%s%.*s", out->len > 0 && out->data[out->len - 1] != '\n' ? "\n\n" : "",
                   (int)c->head.len, c->head.p);
    if (c->text.p != c->head.p)
        buf_printf(out, "\n%.*s", (int)c->text.len, c->text.p);
}

/*
 * A sentence and a space, or code and tables on lines of their own; items below what leads to
 * them, too. `before` is what was said before in this passage, or NULL.
 */
static void
add_sentence(const struct candidate *c, const struct candidate *before, struct buf *out)
{
    bool listed = c->led && c->item, same = before && before->head.p == c->head.p;

    if ((c->code || listed || c->head.p) && out->len > 0 && out->data[out->len - 1] == ' ')
        buf_truncate(out, out->len - 1);
    if (c->code) {
        buf_printf(out, "\n\n%.*s\n\n", (int)c->text.len, c->text.p);
        return;
    }
    if (c->head.p) {
        add_row(c, !same, out);
        return;
    }
    if (before && before->head.p)
        buf_add_str(out, "\n\n");
    if (listed)
        buf_add_str(out, c[-1].led ? "\n- " : "\n\n- ");
    add_words(out, c->text);
    buf_add_char(out, ' ');
}

/* The chosen sentences of one passage in their order, and the passage's number. */
static void
write_passage(const struct search *s, size_t passage, size_t number, struct buf *out)
{
    const struct candidate *before = NULL;

    if (out->len > 0)
        buf_add_str(out, "\n\n");
    for (size_t i = 0; i < s->count; i++) {
        if (!s->list[i].chosen || s->list[i].passage != passage)
            continue;
        add_sentence(&s->list[i], before, out);
        before = &s->list[i];
    }
    buf_printf(out, "%s[%zu]", before && before->head.p ? "\n\n" : "", number);
}

static void
write_answer(struct search *s, struct arena *a, const struct dialect_question *q,
             struct dialect_answer *out)
{
    size_t *cited = arena_array(a, q->passage_count, sizeof(*cited));
    size_t count = 0;
    struct buf text;

    buf_init(&text, a, SIZE_MAX);
    for (size_t p = 0; p < q->passage_count; p++) {
        bool has_any = false;

        for (size_t i = 0; i < s->count; i++)
            has_any |= s->list[i].chosen && s->list[i].passage == p;
        if (!has_any)
            continue;
        cited[count++] = p;
        write_passage(s, p, count, &text);
    }
    *out = (struct dialect_answer){ text.data, cited, count };
}

static struct err
answer(struct arena *a, const struct dialect_question *q, struct dialect_answer *out)
{
    struct search *s = ARENA_NEW(a, struct search);
    const struct candidate *best;

    terms_read(&s->question, a, str_from(q->messages[q->message_count - 1].content));
    if (s->question.count == 0) {
        *out = (struct dialect_answer){ .text = NO_QUESTION };
        return OK;
    }
    collect(s, q);
    weigh(s, 0);
    best = score(s, q);
    if (!best || !says_enough(s, best)) {
        *out = (struct dialect_answer){ .text = NOTHING_FITS };
        return OK;
    }
    choose(s, q, best);
    write_answer(s, a, q, out);
    return OK;
}

const struct dialect dialect_extractive = {
    .kind = "extractive",
    .summary = "Answers with the best sentences of its sources; needs no model",
    .answer = answer,
};
