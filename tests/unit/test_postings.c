#include "lib/arena.h"
#include "lib/postings.h"
#include "tests/harness/harness.h"

#include <string.h>

/* Documents of terms 1, 2, 3… as a multiplier spreads them: document d has the terms that divide d
 * + 1. */
static struct segment
divisors(struct arena *a, size_t docs)
{
    struct posting *list = arena_array(a, docs * 20, sizeof(*list));
    size_t n = 0;

    for (size_t d = 0; d < docs; d++)
        for (uint32_t t = 1; t <= 20; t++)
            if ((d + 1) % t == 0)
                list[n++] = (struct posting){ t * 0x9e3779b1u, (uint16_t)d, (uint8_t)t, 100 };
    return postings_pack(a, list, n, docs);
}

static size_t
find(const struct segment *s, uint32_t term, const uint8_t **out)
{
    size_t number = s->bits ? term >> (32 - s->bits) : 0;

    for (size_t i = 0; i < s->count; i++)
        if (s->buckets[i].number == number)
            return postings_find(s->buckets[i].p, s->buckets[i].len, term, out);
    return 0;
}

static void
every_posting_is_found_again(void **state)
{
    struct segment s = divisors(*state, 3000);
    const uint8_t *p;

    assert_true(s.bits > 5);
    for (uint32_t t = 1; t <= 20; t++) {
        assert_int_equal(find(&s, t * 0x9e3779b1u, &p), 3000 / t);
        assert_int_equal(p[0] | p[1] << 8, t - 1);
        assert_int_equal(p[2], t);
    }
    assert_int_equal(find(&s, 12345, &p), 0);
}

static void
merging_is_the_same_as_packing_all_at_once(void **state)
{
    struct segment whole = divisors(*state, 200), merged;
    uint16_t first[100], second[100];
    struct segment_part parts[2] = { { divisors(*state, 100), first, 100 },
                                     { divisors(*state, 100), second, 100 } };
    const uint8_t *p;

    for (uint16_t i = 0; i < 100; i++) {
        first[i] = i;
        second[i] = (uint16_t)(100 + i);
    }
    merged = postings_merge(*state, parts, 2, 200);
    assert_int_equal(merged.bits, whole.bits);
    /* 100 is no multiple of 3, so only terms that divide it stand in the same places. */
    assert_int_equal(find(&merged, 5 * 0x9e3779b1u, &p), find(&whole, 5 * 0x9e3779b1u, &p));
    assert_int_equal(find(&merged, 3 * 0x9e3779b1u, &p), 66);
    assert_int_equal(p[4 * 33] | p[4 * 33 + 1] << 8, 102);
}

static void
documents_that_are_gone_are_left_out_and_terms_of_none_too(void **state)
{
    uint16_t numbers[20];
    struct segment_part part = { divisors(*state, 20), numbers, 20 };
    struct segment merged;
    const uint8_t *p;

    for (uint16_t i = 0; i < 20; i++)
        numbers[i] = i < 10 ? i : POSTINGS_GONE;
    merged = postings_merge(*state, &part, 1, 10);
    assert_int_equal(find(&merged, 2 * 0x9e3779b1u, &p), 5);
    assert_int_equal(find(&merged, 15 * 0x9e3779b1u, &p), 0);
}

static void
bytes_that_make_no_sense_are_no_postings(void **state)
{
    static const uint8_t bytes[] = { 2, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255,
                                     7, 0, 0, 0, 1, 0, 0, 0, 9,   9,   9,   9 };
    const uint8_t *p;

    (void)state;
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        assert_int_equal(postings_find(bytes, len, 1, &p), 0);
        assert_int_equal(postings_find(bytes, len, 9, &p), 0);
    }
}

static void
a_rare_term_in_a_short_document_scores_higher(void **state)
{
    struct bm25 b;

    (void)state;
    bm25_init(&b, 1000, 100);
    assert_true(bm25_idf(&b, 3) > bm25_idf(&b, 300));
    assert_true(bm25_idf(&b, 2000) > 0);
    assert_true(bm25_part(&b, 1, posting_length(50)) > bm25_part(&b, 1, posting_length(200)));
    assert_true(bm25_part(&b, 3, 100) > bm25_part(&b, 1, 100));
    assert_true(posting_length(100000) == UINT8_MAX && posting_length(127) == 127);
}

static void
scores_are_added_to_their_documents_alone(void **state)
{
    struct segment s = divisors(*state, 10);
    float scores[10] = { 0 };
    struct bm25 b;
    const uint8_t *p;
    size_t n = find(&s, 5 * 0x9e3779b1u, &p);

    bm25_init(&b, 10, 100);
    bm25_add(&b, p, n, 2, scores, 6);
    for (int d = 0; d < 10; d++)
        assert_true((scores[d] > 0) == (d == 4));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(every_posting_is_found_again),
        UNIT_TEST(merging_is_the_same_as_packing_all_at_once),
        UNIT_TEST(documents_that_are_gone_are_left_out_and_terms_of_none_too),
        UNIT_TEST(bytes_that_make_no_sense_are_no_postings),
        UNIT_TEST(a_rare_term_in_a_short_document_scores_higher),
        UNIT_TEST(scores_are_added_to_their_documents_alone),
    };

    return cmocka_run_group_tests_name("postings", tests, NULL, NULL);
}
