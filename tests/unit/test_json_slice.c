#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "tests/harness/harness.h"

#include <string.h>

static struct str
checked(struct arena *a, const char *text)
{
    assert_ok(json_check(a, text, strlen(text)));
    return json_value(str_from(text));
}

static void
assert_slice(struct str got, const char *expected)
{
    assert_int_equal(got.len, strlen(expected));
    assert_memory_equal(got.p, expected, got.len);
}

static void
finds_members_whatever_stands_around_them(void **state)
{
    struct str o =
        checked(*state, " { \"a\" : { \"b\":[1,{\"c\":\"}]\"}] } ,\"b\":\"\\\"x\" , \"c\" :-1.5e3,"
                        "\n\"d\":[ ],\"e\":true}\n");

    assert_slice(json_member(o, "a"), "{ \"b\":[1,{\"c\":\"}]\"}] }");
    assert_slice(json_member(o, "b"), "\"\\\"x\"");
    assert_slice(json_member(o, "c"), "-1.5e3");
    assert_slice(json_member(o, "d"), "[ ]");
    assert_slice(json_member(o, "e"), "true");
    assert_slice(json_member(o, "x"), "");
    assert_slice(json_member(json_member(o, "a"), "b"), "[1,{\"c\":\"}]\"}]");
}

static void
the_wrong_type_gives_nothing(void **state)
{
    struct str o = checked(*state, "{\"n\":null,\"s\":\"x\",\"a\":[1],\"big\":1e30}");
    struct str element, rest = json_member(o, "s");

    assert_slice(json_member(json_member(o, "a"), "x"), "");
    assert_slice(json_member(json_member(o, "n"), "x"), "");
    assert_slice(json_text(*state, json_member(o, "a")), "");
    assert_slice(json_text(*state, json_member(o, "n")), "");
    assert_int_equal(json_int(json_member(o, "s")), 0);
    assert_int_equal(json_int(json_member(o, "big")), 0);
    assert_int_equal(json_int(json_member(o, "nowhere")), 0);
    assert_false(json_next(&rest, &element));
}

static void
walks_over_arrays(void **state)
{
    struct str rest = checked(*state, "[ 1 ,\"a,]\",[2,3], {\"x\":[]} ]"), element;
    const char *const expected[] = { "1", "\"a,]\"", "[2,3]", "{\"x\":[]}" };
    size_t n = 0;

    while (json_next(&rest, &element))
        assert_slice(element, expected[n++]);
    assert_int_equal(n, 4);
}

static void
tells_empty_from_full(void **state)
{
    assert_true(json_is_empty(checked(*state, "{ }")));
    assert_true(json_is_empty(checked(*state, "[\n]")));
    assert_true(json_is_empty((struct str){ "", 0 }));
    assert_false(json_is_empty(checked(*state, "[0]")));
    assert_false(json_is_empty(checked(*state, "{\"a\":1}")));
    assert_false(json_is_empty(checked(*state, "null")));
}

static void
reads_escapes(void **state)
{
    assert_slice(json_text(*state, checked(*state, "\"plain\"")), "plain");
    assert_slice(json_text(*state, checked(*state, "\"\"")), "");
    assert_slice(json_text(*state, checked(*state, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")),
                 "\"\\/\b\f\n\r\t");
    assert_slice(json_text(*state, checked(*state, "\"a\\u0041\\u00e9\\u4E16\\ud83d\\uDE00z\"")),
                 "aA\xc3\xa9\xe4\xb8\x96\xf0\x9f\x98\x80z");
}

static void
reads_whole_numbers(void **state)
{
    assert_int_equal(json_int(checked(*state, "-12")), -12);
    assert_int_equal(json_int(checked(*state, "1.0")), 0);
    assert_int_equal(json_int(checked(*state, "9223372036854775807")), INT64_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(finds_members_whatever_stands_around_them),
        UNIT_TEST(the_wrong_type_gives_nothing),
        UNIT_TEST(walks_over_arrays),
        UNIT_TEST(tells_empty_from_full),
        UNIT_TEST(reads_escapes),
        UNIT_TEST(reads_whole_numbers),
    };

    return cmocka_run_group_tests_name("json_slice", tests, NULL, NULL);
}
