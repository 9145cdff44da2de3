#include "lib/buf.h"
#include "lib/str.h"
#include "tests/harness/harness.h"

#define FFFD "\xef\xbf\xbd"

static void
compares_by_length_and_bytes(void **state)
{
    (void)state;
    assert_true(str_eq(STR("ab"), str_from("ab")));
    assert_false(str_eq(STR("ab"), STR("abc")));
    assert_true(str_eq(str_from(NULL), STR("")));
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_eq_nocase(STR("a["), STR("A{")));
    assert_true(str_starts(STR("abc"), STR("ab")));
    assert_false(str_starts(STR("ab"), STR("abc")));
}

static void
trims_only_at_the_ends(void **state)
{
    (void)state;
    assert_true(str_eq(str_trim(STR(" \t a b \r\n")), STR("a b")));
    assert_true(str_eq(str_trim(STR(" \n ")), STR("")));
}

static void
cuts_at_the_first_separator(void **state)
{
    struct str rest;

    (void)state;
    assert_true(str_eq(str_cut(STR("a:b:c"), ':', &rest), STR("a")));
    assert_true(str_eq(rest, STR("b:c")));
    assert_true(str_eq(str_cut(STR("abc"), ':', &rest), STR("abc")));
    assert_int_equal(rest.len, 0);
    assert_int_equal(str_cut(STR(":"), ':', &rest).len, 0);
    assert_int_equal(rest.len, 0);
    assert_int_equal(str_cut((struct str){ NULL, 0 }, ':', &rest).len, 0);
    assert_int_equal(rest.len, 0);
}

static void
reads_decimal_integers_that_fill_the_slice(void **state)
{
    int64_t n;

    (void)state;
    assert_true(str_int(STR("0"), 0, 9, &n) && n == 0);
    assert_true(str_int(STR("-12"), -12, 9, &n) && n == -12);
    assert_true(str_int(STR("9223372036854775807"), INT64_MIN, INT64_MAX, &n) && n == INT64_MAX);
    assert_true(str_int(STR("-9223372036854775808"), INT64_MIN, INT64_MAX, &n) && n == INT64_MIN);
}

static void
refuses_what_is_no_such_integer_or_out_of_range(void **state)
{
    static const char *const bad[] = {
        "",
        "-",
        "+1",
        " 1",
        "1 ",
        "01",
        "-0",
        "-01",
        "1.0",
        "1e3",
        "0x1",
        "1a",
        "9223372036854775808",
        "-9223372036854775809",
        "99999999999999999999",
    };
    int64_t n = 7;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        if (str_int(str_from(bad[i]), INT64_MIN, INT64_MAX, &n))
            fail_msg("\"%s\" was read", bad[i]);
    assert_false(str_int(STR("10"), 0, 9, &n));
    assert_false(str_int(STR("-1"), 0, 9, &n));
    assert_int_equal(n, 7);
}

static void
finds_where_utf8_stops_being_valid(void **state)
{
    static const struct {
        const char *text;
        size_t valid;
    } cases[] = {
        { "plain ascii that is longer than eight bytes", 43 },
        { "\xc3\xbc\xe2\x82\xac\xf0\x9f\x99\x82", 9 },
        { "12345678\xff", 8 },
        { "a\xc0\xaf", 1 },                /* overlong slash */
        { "a\xe0\x80\xaf", 1 },            /* overlong in three bytes */
        { "a\xf0\x80\x80\xaf", 1 },        /* overlong in four */
        { "a\xed\xa0\x80", 1 },            /* surrogate */
        { "\xed\x9f\xbf\xee\x80\x80", 6 }, /* around the surrogates */
        { "\xf4\x8f\xbf\xbf", 4 },         /* U+10FFFF */
        { "\xf4\x90\x80\x80", 0 },         /* above it */
        { "\xf5\x80\x80\x80", 0 },
        { "\x80", 0 },      /* a continuation alone */
        { "a\xe2\x82", 1 }, /* cut off */
        { "\xc3(", 0 },
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        if (str_utf8_valid(str_from(cases[i].text)) != cases[i].valid)
            fail_msg("case %zu: %zu bytes valid", i, str_utf8_valid(str_from(cases[i].text)));
}

static void
counts_code_points_and_cuts_between_them(void **state)
{
    struct str s = STR("a\xc3\xbc\xe2\x82\xac\xf0\x9f\x99\x82");

    (void)state;
    assert_int_equal(str_utf8_count(s), 4);
    assert_int_equal(str_utf8_prefix(s, 100).len, 10);
    assert_int_equal(str_utf8_prefix(s, 9).len, 6);
    assert_int_equal(str_utf8_prefix(s, 6).len, 6);
    assert_int_equal(str_utf8_prefix(s, 5).len, 3);
    assert_int_equal(str_utf8_prefix(s, 2).len, 1);
    assert_int_equal(str_utf8_prefix(s, 0).len, 0);
    assert_int_equal(str_utf8_first((struct str){ s.p + 3, 7 }), 3);
    assert_int_equal(str_utf8_first((struct str){ s.p + 2, 8 }), 0);
    assert_int_equal(str_utf8_first(STR("")), 0);
}

/* Repair `text` in pieces of `piece` bytes. */
static const char *
repaired(struct arena *a, struct str text, size_t piece)
{
    char carry[4];
    size_t carry_len = 0;
    struct buf out;

    buf_init(&out, a, 1000);
    for (size_t i = 0; i < text.len; i += piece) {
        size_t len = text.len - i < piece ? text.len - i : piece;

        str_utf8_repair((struct str){ text.p + i, len }, carry, &carry_len, &out);
    }
    str_utf8_repair_end(&carry_len, &out);
    return out.data;
}

/* Expected results are those of TextDecoder, but for NUL. */
static void
replaces_each_maximal_subpart_however_it_is_cut(void **state)
{
    const struct {
        struct str in;
        const char *out;
    } cases[] = {
        { STR("ok \xc3\xbc"), "ok \xc3\xbc" },
        { STR("\xf0\x9f\x99\x82"), "\xf0\x9f\x99\x82" },
        { STR("a\xff"
              "b"),
          "a" FFFD "b" },
        { STR("\xc0\xaf"), FFFD FFFD },
        { STR("\xed\xa0\x80"), FFFD FFFD FFFD },
        { STR("\xf0\x9f\x99"
              "a"),
          FFFD "a" },
        { STR("\xf0\x9f\xf0\x9f\x99\x82"), FFFD "\xf0\x9f\x99\x82" },
        { STR("\xe2\x82\xe2\x82\xac"), FFFD "\xe2\x82\xac" },
        { STR("\xe2\x82"), FFFD },
        { STR("\xf4\x90\x80\x80"), FFFD FFFD FFFD FFFD },
        { STR("a\0b"), "a" FFFD "b" },
        { STR("\xe2\0\x82"), FFFD FFFD FFFD },
    };

    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        for (size_t piece = 1; piece <= cases[i].in.len; piece++)
            assert_string_equal(repaired(*state, cases[i].in, piece), cases[i].out);
}

static void
ascii_at_the_start_is_counted_to_the_byte(void **state)
{
    char text[40];

    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        memset(text, 'a', sizeof(text));
        text[n] = (char)0xc3;
        assert_int_equal(str_ascii((struct str){ text, sizeof(text) }), n);
        assert_int_equal(str_ascii((struct str){ text, n }), n);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(compares_by_length_and_bytes),
        UNIT_TEST(trims_only_at_the_ends),
        UNIT_TEST(cuts_at_the_first_separator),
        UNIT_TEST(reads_decimal_integers_that_fill_the_slice),
        UNIT_TEST(refuses_what_is_no_such_integer_or_out_of_range),
        UNIT_TEST(finds_where_utf8_stops_being_valid),
        UNIT_TEST(counts_code_points_and_cuts_between_them),
        UNIT_TEST(replaces_each_maximal_subpart_however_it_is_cut),
        UNIT_TEST(ascii_at_the_start_is_counted_to_the_byte),
    };

    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
