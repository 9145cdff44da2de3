#include "lib/json_check.h"
#include "lib/json_reader.h"
#include "tests/harness/harness.h"

#define UUID "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"

static struct json_reader *
reading(struct arena *a, const char *text)
{
    struct json_reader *in = ARENA_NEW(a, struct json_reader);

    jr_parse(in, a, text, strlen(text));
    return in;
}

static void
members_are_read_as_what_they_are(void **state)
{
    static const char *const words[] = { "public", "private", NULL };
    struct json_reader *in =
        reading(*state, "{\"s\":\"t\\u00fc\",\"w\":\"private\",\"i\":-7,\"d\":0.5,\"whole\":2,"
                        "\"b\":true,\"id\":\"" UUID "\",\"raw\":{\"x\":[1, 2.50, \"/\"]}}");

    assert_string_equal(jr_str(in, "s", 1, 2), "t\xc3\xbc");
    assert_int_equal(jr_word(in, "w", words), 1);
    assert_int_equal(jr_int(in, "i", -10, 10), -7);
    assert_true(jr_opt_double(in, "d", 0, 1, 9) == 0.5);
    assert_true(jr_opt_double(in, "whole", 0, 2, 9) == 2);
    assert_true(jr_opt_bool(in, "b", false));
    assert_string_equal(jr_id(in, "id").s, UUID);
    assert_string_equal(jr_opt_raw(in, "raw", 100), "{\"x\":[1,2.50,\"/\"]}");
    assert_ok(jr_check(in));
    assert_string_equal(in->problems->data, "");
}

static void
escaped_pairs_mean_the_same_in_every_plane(void **state)
{
    struct json_reader *in =
        reading(*state, "{\"s\":\"\\u00e9\\ud837\\ude00-\\\\ud837-\\uD83D\\uDE42\\uD836\\uDC00\","
                        "\"\\ud836\\udc00\":1}");

    assert_string_equal(jr_str(in, "s", 1, 100),
                        "\xc3\xa9\xf0\x9d\xb8\x80-\\ud837-\xf0\x9f\x99\x82\xf0\x9d\xa0\x80");
    assert_int_equal(jr_int(in, "\xf0\x9d\xa0\x80", 0, 1), 1);
    assert_ok(jr_check(in));
}

static void
absent_and_null_members_are_unset(void **state)
{
    static const char *const words[] = { "a", NULL };
    static const char *const texts[] = {
        "{}",
        "{\"s\":null,\"w\":null,\"i\":null,\"d\":null,\"b\":null,\"id\":null,\"l\":null,"
        "\"o\":null,\"raw\":null}",
    };

    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        struct json_reader *in = reading(*state, texts[i]), nested;

        assert_null(jr_opt_str(in, "s", 1, 2));
        assert_int_equal(jr_opt_word(in, "w", words), -1);
        assert_int_equal(jr_opt_int(in, "i", 1, 2, 77), 77);
        assert_true(jr_opt_double(in, "d", 1, 2, 7.5) == 7.5);
        assert_true(jr_opt_bool(in, "b", true));
        assert_false(id_is_set(jr_opt_id(in, "id")));
        assert_int_equal(jr_opt_array(in, "l", 1), 0);
        assert_false(jr_opt_object(in, "o", &nested));
        assert_null(jr_opt_raw(in, "raw", 10));
        assert_int_equal(jr_has(in, "s"), i == 1);
        assert_ok(jr_check(in));
    }
}

static void
required_members_must_be_there_and_not_null(void **state)
{
    static const char *const words[] = { "a", NULL };
    struct json_reader *in = reading(*state, "{\"s\":null}");

    assert_null(jr_str(in, "s", 0, 2));
    assert_int_equal(jr_word(in, "w", words), -1);
    assert_int_equal(jr_int(in, "i", 1, 2), 0);
    assert_false(id_is_set(jr_id(in, "id")));

    assert_err(ERR_INVALID, jr_check(in));
    assert_string_equal(in->problems->data, "{\"pointer\":\"/s\",\"detail\":\"must not be null\"},"
                                            "{\"pointer\":\"/w\",\"detail\":\"is required\"},"
                                            "{\"pointer\":\"/i\",\"detail\":\"is required\"},"
                                            "{\"pointer\":\"/id\",\"detail\":\"is required\"}");
}

/* Read member "x" of the text in one way or another; the problems noted. */
enum way { STR_, WORD_, INT_, DOUBLE_, BOOL_, ID_, ARRAY_, OBJECT_, RAW_ };

static const char *
problem_of(struct arena *a, enum way way, const char *text)
{
    static const char *const words[] = { "one", "two", "three", NULL };
    struct json_reader *in = reading(a, text), nested;

    switch (way) {
    case STR_:
        (void)jr_str(in, "x", 2, 3);
        break;
    case WORD_:
        (void)jr_opt_word(in, "x", words);
        break;
    case INT_:
        (void)jr_int(in, "x", INT64_MIN, INT64_MAX);
        break;
    case DOUBLE_:
        (void)jr_opt_double(in, "x", 0, 2, 0);
        break;
    case BOOL_:
        (void)jr_opt_bool(in, "x", false);
        break;
    case ID_:
        (void)jr_opt_id(in, "x");
        break;
    case ARRAY_:
        (void)jr_opt_array(in, "x", 2);
        break;
    case OBJECT_:
        (void)jr_opt_object(in, "x", &nested);
        break;
    case RAW_:
        (void)jr_opt_raw(in, "x", 5);
        break;
    }
    if (!jr_check(in).code)
        return "none";
    return in->problems->data;
}

static void
nothing_is_coerced_from_another_type(void **state)
{
    static const struct {
        enum way way;
        const char *text, *problem;
    } cases[] = {
        { STR_, "{\"x\":12}", "must be a string" },
        { STR_, "{\"x\":true}", "must be a string" },
        { STR_, "{\"x\":[\"ab\"]}", "must be a string" },
        { WORD_, "{\"x\":1}", "must be \\\"one\\\", \\\"two\\\" or \\\"three\\\"" },
        { INT_, "{\"x\":\"12\"}", "must be an integer" },
        { INT_, "{\"x\":1.5}", "must be an integer" },
        { INT_, "{\"x\":1e300}", "must be an integer" },
        { INT_, "{\"x\":true}", "must be an integer" },
        { INT_, "{\"x\":9223372036854775808}", "must be an integer" },
        { INT_, "{\"x\":18446744073709551615}", "must be an integer" },
        { DOUBLE_, "{\"x\":\"1.5\"}", "must be a number from 0 to 2" },
        { DOUBLE_, "{\"x\":true}", "must be a number from 0 to 2" },
        { BOOL_, "{\"x\":1}", "must be true or false" },
        { BOOL_, "{\"x\":\"true\"}", "must be true or false" },
        { ID_, "{\"x\":\"not-an-id\"}", "must be a UUID" },
        { ID_, "{\"x\":1}", "must be a UUID" },
        { ARRAY_, "{\"x\":{}}", "must be an array" },
        { ARRAY_, "{\"x\":\"ab\"}", "must be an array" },
        { OBJECT_, "{\"x\":[]}", "must be an object" },
        { OBJECT_, "{\"x\":\"{}\"}", "must be an object" },
    };

    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        assert_contains(problem_of(*state, cases[i].way, cases[i].text), cases[i].problem);
}

static void
limits_hold_at_both_ends(void **state)
{
    struct arena *a = *state;

    /* Two to three characters, of whatever length in bytes. */
    assert_contains(problem_of(a, STR_, "{\"x\":\"a\"}"), "must have 2 to 3 characters");
    assert_string_equal(problem_of(a, STR_, "{\"x\":\"ab\"}"), "none");
    assert_string_equal(problem_of(a, STR_, "{\"x\":\"\\ud83d\\ude42\xc3\xbc\xe2\x82\xac\"}"),
                        "none");
    assert_contains(problem_of(a, STR_, "{\"x\":\"abcd\"}"), "must have 2 to 3 characters");

    assert_string_equal(problem_of(a, DOUBLE_, "{\"x\":2}"), "none");
    assert_contains(problem_of(a, DOUBLE_, "{\"x\":2.0000001}"), "must be a number");
    assert_contains(problem_of(a, DOUBLE_, "{\"x\":-0.1}"), "must be a number");

    assert_string_equal(problem_of(a, ARRAY_, "{\"x\":[1,2]}"), "none");
    assert_contains(problem_of(a, ARRAY_, "{\"x\":[1,2,3]}"), "must have at most 2 elements");

    assert_string_equal(problem_of(a, RAW_, "{\"x\":  \"abc\" }"), "none");
    assert_contains(problem_of(a, RAW_, "{\"x\":\"abcd\"}"), "must have at most 5 bytes as JSON");

    assert_string_equal(problem_of(a, INT_, "{\"x\":9223372036854775807}"), "none");
    assert_string_equal(problem_of(a, INT_, "{\"x\":-9223372036854775808}"), "none");
    assert_string_equal(problem_of(a, INT_, "{\"x\":12.0}"), "none");
}

static void
every_problem_is_noted_and_the_first_is_the_message(void **state)
{
    struct json_reader *in = reading(*state, "{\"title\":\"\",\"count\":11,\"typo\":1}");
    struct err e;

    (void)jr_str(in, "title", 1, 10);
    assert_int_equal(jr_int(in, "count", 1, 10), 0);
    e = jr_check(in);

    assert_int_equal(e.code, ERR_INVALID);
    assert_string_equal(e.msg, "/title must have 1 to 10 characters");
    assert_string_equal(in->problems->data,
                        "{\"pointer\":\"/title\",\"detail\":\"must have 1 to 10 characters\"},"
                        "{\"pointer\":\"/count\",\"detail\":\"must be an integer from 1 to 10\"},"
                        "{\"pointer\":\"/typo\",\"detail\":\"is not a known member\"}");
}

static void
nested_objects_and_arrays_point_to_their_place(void **state)
{
    struct json_reader *in =
        reading(*state, "{\"a/b\":{\"c~d\":1,\"odd\":2},"
                        "\"list\":[{\"n\":1},3,{\"n\":\"x\"}],\"words\":[\"ok\",\"\"]}");
    struct json_reader nested, element;

    assert_true(jr_opt_object(in, "a/b", &nested));
    assert_int_equal(jr_int(&nested, "c~d", 5, 9), 0);
    assert_err(ERR_INVALID, jr_check(&nested));
    assert_int_equal(jr_opt_array(in, "list", 9), 3);
    for (size_t i = 0; i < 3; i++) {
        jr_array_object(in, "list", i, &element);
        assert_int_equal(jr_int(&element, "n", 0, 9), i == 0 ? 1 : 0);
        assert_err(ERR_INVALID, jr_check(&element));
    }
    assert_int_equal(jr_opt_array(in, "words", 9), 2);
    assert_string_equal(jr_array_str(in, "words", 0, 1, 9), "ok");
    assert_null(jr_array_str(in, "words", 1, 1, 9));

    assert_err(ERR_INVALID, jr_check(in));
    assert_string_equal(
        in->problems->data,
        "{\"pointer\":\"/a~1b/c~0d\",\"detail\":\"must be an integer from 5 to 9\"},"
        "{\"pointer\":\"/a~1b/odd\",\"detail\":\"is not a known member\"},"
        "{\"pointer\":\"/list/1\",\"detail\":\"must be an object\"},"
        "{\"pointer\":\"/list/2/n\",\"detail\":\"must be an integer from 0 to 9\"},"
        "{\"pointer\":\"/words/1\",\"detail\":\"must have 1 to 9 characters\"}");
}

static void
a_caller_may_note_problems_in_its_own_words(void **state)
{
    struct json_reader *in = reading(*state, "{}");

    jr_problem(in, "url", "must not be \"<private>\"");
    jr_problem(in, NULL, "must have a or b");

    assert_err(ERR_INVALID, jr_check(in));
    assert_string_equal(
        in->problems->data,
        "{\"pointer\":\"/url\",\"detail\":\"must not be \\\"\\u003cprivate\\u003e\\\"\"},"
        "{\"pointer\":\"\",\"detail\":\"must have a or b\"}");
}

static void
an_error_that_speaks_for_itself_follows_its_member_behind_a_colon(void **state)
{
    struct json_reader *in = reading(*state, "{}");
    struct err e;

    jr_error(in, "url", ERR(ERR_INVALID, "the host is not public"));
    e = jr_check(in);
    assert_string_equal(e.msg, "/url: the host is not public");
    assert_string_equal(in->problems->data,
                        "{\"pointer\":\"/url\",\"detail\":\"the host is not public\"}");
}

static void
what_is_no_object_is_malformed_and_reads_as_nothing(void **state)
{
    static const char *const bad[] = { "", "[]", "1", "\"x\"", "null", "{", "{\"a\":1,\"a\":2}" };

    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        struct json_reader *in = reading(*state, bad[i]), nested;

        assert_null(jr_str(in, "a", 0, 9));
        assert_int_equal(jr_int(in, "a", 0, 9), 0);
        assert_int_equal(jr_opt_int(in, "a", 0, 9, 5), 5);
        assert_false(jr_has(in, "a"));
        assert_int_equal(jr_opt_array(in, "a", 9), 0);
        assert_false(jr_opt_object(in, "a", &nested));
        assert_err(ERR_MALFORMED, jr_check(in));
        assert_string_equal(in->problems->data, "");
    }
}

static void
the_parser_takes_whatever_the_check_lets_pass(void **state)
{
    char deep[2 * JSON_DEPTH_MAX + 16] = "{\"x\":";
    struct json_reader *in;

    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        deep[strlen(deep)] = '[';
    for (int i = 1; i < JSON_DEPTH_MAX; i++)
        deep[strlen(deep)] = ']';
    deep[strlen(deep)] = '}';
    in = reading(*state, deep);
    assert_non_null(jr_opt_raw(in, "x", 1000));
    assert_ok(jr_check(in));

    in = reading(*state, "{\"x\":[-0,-0.0,1e-400,18446744073709551615,1E5,\"\\u2028\\uffff\"]}");
    assert_non_null(jr_opt_raw(in, "x", 1000));
    assert_ok(jr_check(in));
}

static void
a_flood_of_problems_is_bounded(void **state)
{
    struct json_reader *in;
    struct buf text, whole;

    buf_init(&text, *state, 10000000);
    buf_add_char(&text, '{');
    for (int i = 0; i < JSON_MEMBERS_MAX; i++)
        buf_printf(&text, "%s\"%0200d\":1", i > 0 ? "," : "", i);
    buf_add_char(&text, '}');
    in = reading(*state, text.data);

    assert_err(ERR_INVALID, jr_check(in));
    assert_in_range(in->problems->len, 10000, 20000);
    buf_init(&whole, *state, 100000);
    buf_printf(&whole, "[%s]", in->problems->data);
    assert_ok(json_check(*state, whole.data, whole.len));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(members_are_read_as_what_they_are),
        UNIT_TEST(escaped_pairs_mean_the_same_in_every_plane),
        UNIT_TEST(absent_and_null_members_are_unset),
        UNIT_TEST(required_members_must_be_there_and_not_null),
        UNIT_TEST(nothing_is_coerced_from_another_type),
        UNIT_TEST(limits_hold_at_both_ends),
        UNIT_TEST(every_problem_is_noted_and_the_first_is_the_message),
        UNIT_TEST(nested_objects_and_arrays_point_to_their_place),
        UNIT_TEST(a_caller_may_note_problems_in_its_own_words),
        UNIT_TEST(an_error_that_speaks_for_itself_follows_its_member_behind_a_colon),
        UNIT_TEST(what_is_no_object_is_malformed_and_reads_as_nothing),
        UNIT_TEST(the_parser_takes_whatever_the_check_lets_pass),
        UNIT_TEST(a_flood_of_problems_is_bounded),
    };

    return cmocka_run_group_tests_name("json_reader", tests, NULL, NULL);
}
