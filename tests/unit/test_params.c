#include "app/params.h"
#include "tests/harness/harness.h"

#include <string.h>

static void
parameters_are_decoded(void **state)
{
    struct params p;

    params_parse(&p, *state, "a=1&b=x%20y+z&c=%C3%A9&empty=&flag&q=a%3Db%26c");
    assert_int_equal(params_int(&p, "a", 0, 10, -1), 1);
    assert_string_equal(params_str(&p, "b", 10), "x y z");
    assert_string_equal(params_str(&p, "c", 1), "\xc3\xa9");
    assert_string_equal(params_str(&p, "q", 10), "a=b&c");
    assert_null(params_str(&p, "empty", 10));
    assert_null(params_str(&p, "flag", 10));
    assert_null(params_str(&p, "absent", 10));
    assert_ok(params_check(&p));
}

static void
no_query_has_no_parameters(void **state)
{
    static const char *const texts[] = { NULL, "", "&", "&&&" };
    struct params p;

    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        params_parse(&p, *state, texts[i]);
        assert_int_equal(params_int(&p, "limit", 1, 100, 20), 20);
        assert_false(id_is_set(params_id(&p, "id")));
        assert_ok(params_check(&p));
    }
}

static void
every_problem_is_noted_and_the_first_is_told(void **state)
{
    static const char *const words[] = { "asc", "desc", NULL };
    struct params p;
    struct err e;

    params_parse(&p, *state, "limit=0&order=up&id=7&name=abc&odd=1");
    assert_int_equal(params_int(&p, "limit", 1, 100, 20), 20);
    assert_int_equal(params_word(&p, "order", words), -1);
    assert_false(id_is_set(params_id(&p, "id")));
    assert_null(params_str(&p, "name", 2));
    e = params_check(&p);
    assert_int_equal(e.code, ERR_INVALID);
    assert_contains(e.msg, "limit must be an integer from 1 to 100");
    assert_contains(p.problems.data,
                    "{\"parameter\":\"order\",\"detail\":\"must be asc or desc\"}");
    assert_contains(p.problems.data, "\"id\",\"detail\":\"must be a UUID\"");
    assert_contains(p.problems.data, "at most 2 characters");
    assert_contains(p.problems.data, "{\"parameter\":\"odd\",\"detail\":\"is not known here\"}");
}

static void
an_empty_number_or_id_or_word_is_a_problem(void **state)
{
    static const char *const words[] = { "asc", "desc", NULL };
    struct params p;

    params_parse(&p, *state, "limit=&order=&id");
    assert_int_equal(params_int(&p, "limit", 1, 100, 20), 20);
    assert_int_equal(params_word(&p, "order", words), -1);
    assert_false(id_is_set(params_id(&p, "id")));
    assert_true(params_has(&p, "id"));
    assert_false(params_has(&p, "name"));
    assert_int_equal(params_check(&p).code, ERR_INVALID);
    assert_contains(p.problems.data, "\"limit\"");
    assert_contains(p.problems.data, "\"order\"");
    assert_contains(p.problems.data, "\"id\"");
}

static void
a_word_gives_its_index(void **state)
{
    static const char *const words[] = { "asc", "desc", NULL };
    struct params p;

    params_parse(&p, *state, "order=desc");
    assert_int_equal(params_word(&p, "order", words), 1);
    assert_ok(params_check(&p));
}

static void
a_parameter_given_twice_is_a_problem(void **state)
{
    struct params p;

    params_parse(&p, *state, "a=1&a=1");
    (void)params_str(&p, "a", 10);
    assert_err(ERR_INVALID, params_check(&p));
}

static void
bytes_that_are_no_query_are_malformed(void **state)
{
    static const char *const texts[] = {
        "a=%",      "a=%2", "a=%zz",       "%00=1",    "a=%00",   "a=%ff",         "a=\xff",
        "a=%c0%af", "%=",   "a=%ed%a0%80", "a=%2%30b", "a=%-1%2", "a=%f4%90%80%80"
    };
    struct params p;

    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        params_parse(&p, *state, texts[i]);
        assert_err(ERR_MALFORMED, params_check(&p));
    }
}

static void
too_many_parameters_are_malformed(void **state)
{
    char text[200] = "";
    struct params p;

    for (size_t i = 0; i <= PARAMS_MAX; i++)
        (void)snprintf(text + 4 * i, sizeof(text) - 4 * i, "%c%c=&", (int)('a' + i % 26),
                       (int)('a' + i / 26));
    params_parse(&p, *state, text);
    assert_err(ERR_MALFORMED, params_check(&p));
}

static void
a_plus_is_a_space_in_a_query_only(void **state)
{
    const char *text;

    assert_true(percent_decode(*state, STR("a+b%2B"), PERCENT_QUERY, &text));
    assert_string_equal(text, "a b+");
    assert_true(percent_decode(*state, STR("a+b%2B"), PERCENT_PATH, &text));
    assert_string_equal(text, "a+b+");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(parameters_are_decoded),
        UNIT_TEST(no_query_has_no_parameters),
        UNIT_TEST(every_problem_is_noted_and_the_first_is_told),
        UNIT_TEST(an_empty_number_or_id_or_word_is_a_problem),
        UNIT_TEST(a_word_gives_its_index),
        UNIT_TEST(a_parameter_given_twice_is_a_problem),
        UNIT_TEST(bytes_that_are_no_query_are_malformed),
        UNIT_TEST(too_many_parameters_are_malformed),
        UNIT_TEST(a_plus_is_a_space_in_a_query_only),
    };

    return cmocka_run_group_tests_name("params", tests, NULL, NULL);
}
