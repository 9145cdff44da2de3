#include "lib/buf.h"
#include "lib/json_check.h"
#include "lib/str.h"
#include "tests/harness/harness.h"

static void
takes_what_rfc_8259_allows(void **state)
{
    const struct str good[] = {
        STR("{}"),
        STR("[]"),
        STR(" \t\r\n[ ] \n"),
        STR("null"),
        STR("true"),
        STR("false"),
        STR("\"\""),
        STR("0"),
        STR("-0"),
        STR("-0.0"),
        STR("[1,-2,3.5,1e3,1E+3,1e-3,0.1e1]"),
        STR("1.7976931348623157e308"),
        STR("4.9e-324"),
        STR("1e-400"), /* nought, for a double */
        STR("18446744073709551615"),
        STR("-9223372036854775808"),
        STR("-0.000000000000000000000000000000000000000000000000000000000000000000000000000001"),
        STR("{\"a\":1,\"b\":{\"a\":1},\"c\":[{\"a\":1},{\"a\":1}]}"),
        STR("{\"\":0}"),
        STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fc\""),
        STR("\"\\ud83d\\ude42 \\uD83D\\uDE42\""),
        STR("\"\\u0001\\u001f\\uffff\""),
        STR("\"\x7f\xc3\xbc\xe2\x80\xa8\xf0\x9f\x99\x82\xef\xbf\xbf\xf4\x8f\xbf\xbf\""),
    };

    for (size_t i = 0; i < TEST_COUNT(good); i++)
        assert_ok(json_check(*state, good[i].p, good[i].len));
}

/* A text with a part of what is said of it. */
struct refusal {
    struct str text;
    const char *message;
};

static void
expect_refusals(struct arena *a, const struct refusal *bad, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err e = json_check(a, bad[i].text.p, bad[i].text.len);

        if (e.code != ERR_MALFORMED)
            fail_msg("case %zu: %s", i, bad[i].text.p);
        assert_contains(e.msg, bad[i].message);
    }
}

static void
refuses_what_is_not_exactly_one_value(void **state)
{
    const struct refusal bad[] = {
        { STR(""), "byte 0: the text ends too early" },
        { STR("  "), "byte 2: the text ends too early" },
        { STR("\xef\xbb\xbf{}"), "byte 0: a value was expected" },
        { STR("{} x"), "byte 3: there is more after the value" },
        { STR("{}{}"), "byte 2: there is more" },
        { STR("1 2"), "byte 2: there is more" },
        { STR("{}\0"), "byte 2: there is more" },
        { STR("\0"), "byte 0: a value was expected" },
        { STR("nul"), "a value was expected" },
        { STR("True"), "a value was expected" },
        { STR("[1,]"), "byte 3 in /1: a value was expected" },
        { STR("[,1]"), "byte 1 in /0: a value was expected" },
        { STR("[1 2]"), "a comma or \"]\" was expected" },
        { STR("[1"), "the text ends too early" },
        { STR("[1}"), "a comma or \"]\" was expected" },
        { STR("]"), "a value was expected" },
        { STR("{\"a\":1"), "the text ends too early" },
        { STR("{\"a\":1 \"b\":2}"), "a comma or \"}\" was expected" },
        { STR("{\"a\":1,}"), "a member's name was expected" },
        { STR("{\"a\"}"), "in /a: a colon was expected" },
        { STR("{\"a\":}"), "in /a: a value was expected" },
        { STR("{a:1}"), "a member's name was expected" },
        { STR("{'a':1}"), "a member's name was expected" },
        { STR("{1:1}"), "a member's name was expected" },
        { STR("['a']"), "a value was expected" },
        { STR("[1/**/]"), "a comma or" },
        { STR("[\xc3\xbc]"), "a value was expected" },
    };

    expect_refusals(*state, bad, TEST_COUNT(bad));
}

static void
refuses_numbers_in_other_spellings_or_out_of_range(void **state)
{
    const struct refusal bad[] = {
        { STR("NaN"), "a value was expected" },
        { STR("Infinity"), "a value was expected" },
        { STR("-Infinity"), "byte 1: a number needs a digit" },
        { STR("01"), "byte 1: there is more" },
        { STR("-01"), "byte 2: there is more" },
        { STR("+1"), "a value was expected" },
        { STR(".5"), "a value was expected" },
        { STR("2."), "a number needs a digit" },
        { STR("2.e1"), "a number needs a digit" },
        { STR("1e"), "a number needs a digit" },
        { STR("1e+"), "a number needs a digit" },
        { STR("0x10"), "there is more" },
        { STR("1e400"), "byte 0: a number is out of range" },
        { STR("-1e400"), "a number is out of range" },
        { STR("1e99999999999999999999"), "a number is out of range" },
        { STR("18446744073709551616"), "a number is out of range" },
        { STR("-9223372036854775809"), "a number is out of range" },
    };

    expect_refusals(*state, bad, TEST_COUNT(bad));
}

static void
refuses_strings_that_are_not_sound_text(void **state)
{
    const struct refusal bad[] = {
        { STR("\"abc"), "a string has no end" },
        { STR("\"abc\\"), "a string has no end" },
        { STR("\"\\"), "a string has no end" },
        { STR("\"\\x41\""), "an unknown escape" },
        { STR("\"\\'\""), "an unknown escape" },
        { STR("\"\\u12\""), "four hex digits" },
        { STR("\"\\u12g4\""), "four hex digits" },
        { STR("\"\\u"), "four hex digits" },
        { STR("\"a\tb\""), "byte 2: a control character" },
        { STR("\"a\nb\""), "a control character" },
        { STR("\"a\x1f\""), "a control character" },
        { STR("\"a\0b\""), "byte 2: U+0000" },
        { STR("\"\\u0000\""), "U+0000" },
        { STR("{\"title\\u0000x\":1}"), "byte 9: U+0000" },
        { STR("\"\\ud800\""), "half of a surrogate pair" },
        { STR("\"\\ud800x\""), "half of a surrogate pair" },
        { STR("\"\\ud800\\n\""), "half of a surrogate pair" },
        { STR("\"\\ud800\\u0041\""), "half of a surrogate pair" },
        { STR("\"\\ud800\\ud800\""), "half of a surrogate pair" },
        { STR("\"\\udc00\""), "half of a surrogate pair" },
        { STR("\"\\ud83d\\ude"), "half of a surrogate pair" },
        { STR("\"\xff\""), "byte 1: bytes that are not UTF-8" },
        { STR("\"\xc0\xaf\""), "not UTF-8" },
        { STR("\"\xe0\x80\xaf\""), "not UTF-8" },
        { STR("\"\xed\xa0\x80\""), "not UTF-8" },
        { STR("\"\xf4\x90\x80\x80\""), "not UTF-8" },
        { STR("\"\xe2\x82\""), "not UTF-8" },
    };

    expect_refusals(*state, bad, TEST_COUNT(bad));
}

static void
a_member_is_the_same_however_it_is_spelled(void **state)
{
    static const char *const bad[] = {
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"b\":2,\"\\u0061\":3}",
        "{\"\\u0061\":1,\"\\u0061\":3}",
        "{\"\":1,\"\":1}",
        "{\"/\":1,\"\\/\":1}",
        "{\"\\n\":1,\"\\u000a\":1}",
        "{\"\\n\":1,\"\\u000A\":1}",
        "{\"\xc3\xbc\":1,\"\\u00fc\":1}",
        "{\"\xe2\x82\xac\":1,\"\\u20AC\":1}",
        "{\"\xf0\x9f\x99\x82\":1,\"\\ud83d\\ude42\":1}",
        "{\"x\":{\"a\":1,\"a\":1}}",
        "[{\"a\":{\"b\":1},\"c\":[1],\"a\":1}]",
    };
    static const char *const good[] = {
        "{\"a\":1,\"A\":1}",
        "{\"a\":1,\"aa\":1,\"\":1}",
        "{\"n\":1,\"\\n\":1,\"\\\\n\":1}",
        "{\"u00fc\":1,\"\\u00fc\":1}",
    };

    for (size_t i = 0; i < TEST_COUNT(bad); i++) {
        struct err e = json_check(*state, bad[i], strlen(bad[i]));

        if (e.code != ERR_MALFORMED)
            fail_msg("%s was taken", bad[i]);
        assert_contains(e.msg, "a member is there twice");
    }
    for (size_t i = 0; i < TEST_COUNT(good); i++)
        assert_ok(json_check(*state, good[i], strlen(good[i])));
}

static void
names_the_place_by_a_json_pointer(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "{\"a\":[0,{\"b/c~d\":x}]}", "not valid JSON at byte 17 in /a/1/b~1c~0d: " },
        { "{\"\\u00e9\\\"\":x}", "in /\xc3\xa9\": " },
        { "{\"a\":{\"b\":1},\"c\":{\"d\":x}}", "in /c/d: " },
        { "{\"a\":{\"b\":1},\"a\":2}", "not valid JSON at byte 13: a member" },
        { "[[],[[],x]]", "in /1/1: " },
        { "{\"a\":[1}", "in /a/0: " },
    };

    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        assert_contains(json_check(*state, cases[i].text, strlen(cases[i].text)).msg,
                        cases[i].message);
}

static void
a_long_pointer_is_cut_between_characters(void **state)
{
    struct buf text;
    struct err e;

    buf_init(&text, *state, 100000);
    buf_add_str(&text, "{\"");
    for (int i = 0; i < 1000; i++)
        buf_add_str(&text, "\xe2\x82\xac");
    buf_add_str(&text, "\":x}");

    e = json_check(*state, text.data, text.len);

    assert_in_range(strlen(e.msg), 190, 300);
    assert_int_equal(str_utf8_valid(str_from(e.msg)), strlen(e.msg));
}

static struct err
check_nested(struct arena *a, int depth, const char *open, const char *close)
{
    struct buf text;

    buf_init(&text, a, 10000000);
    for (int i = 0; i < depth; i++)
        buf_add_str(&text, open);
    buf_add_str(&text, "0");
    for (int i = 0; i < depth; i++)
        buf_add_str(&text, close);
    return json_check(a, text.data, text.len);
}

static void
nesting_ends_at_its_limit(void **state)
{
    assert_ok(check_nested(*state, JSON_DEPTH_MAX, "[", "]"));
    assert_ok(check_nested(*state, JSON_DEPTH_MAX, "{\"a\":", "}"));
    assert_err(ERR_MALFORMED, check_nested(*state, JSON_DEPTH_MAX + 1, "[", "]"));
    assert_err(ERR_MALFORMED, check_nested(*state, JSON_DEPTH_MAX + 1, "{\"a\":", "}"));
    assert_err(ERR_MALFORMED, check_nested(*state, 1000000, "[", "]"));
    /* A closed level is free again. */
    assert_ok(json_check(*state, "[[[]],[[]],[[]]]", 16));
}

static struct err
check_members(struct arena *a, int objects, int members)
{
    struct buf text;

    buf_init(&text, a, 10000000);
    buf_add_char(&text, '[');
    for (int i = 0; i < objects; i++) {
        buf_add_str(&text, i > 0 ? ",{" : "{");
        for (int j = 0; j < members; j++)
            buf_printf(&text, "%s\"k%d\":%d", j > 0 ? "," : "", j, j);
        buf_add_char(&text, '}');
    }
    buf_add_char(&text, ']');
    return json_check(a, text.data, text.len);
}

static void
members_end_at_their_limit_in_each_object(void **state)
{
    assert_ok(check_members(*state, 3, JSON_MEMBERS_MAX));
    assert_err(ERR_MALFORMED, check_members(*state, 1, JSON_MEMBERS_MAX + 1));
}

static void
a_number_has_a_limited_length(void **state)
{
    char text[JSON_NUMBER_MAX + 2];

    memset(text, '1', sizeof(text));
    text[1] = '.';

    assert_ok(json_check(*state, text, JSON_NUMBER_MAX));
    assert_err(ERR_MALFORMED, json_check(*state, text, JSON_NUMBER_MAX + 1));
}

/* Reading one byte past the end would show under AddressSanitizer. */
static void
never_reads_past_the_end(void **state)
{
    static const char whole[] =
        "{\"a\\ud83d\\ude42\":[-1.5e+3,true,false,null,\"\xf0\x9f\x99\x82\\n\"]}";

    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        char *exact = malloc(len ? len : 1); /* of the exact size: an arena rounds up */

        assert_non_null(exact);
        memcpy(exact, whole, len);
        assert_err(ERR_MALFORMED, json_check(*state, exact, len));
        free(exact);
    }
    assert_ok(json_check(*state, whole, sizeof(whole) - 1));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(takes_what_rfc_8259_allows),
        UNIT_TEST(refuses_what_is_not_exactly_one_value),
        UNIT_TEST(refuses_numbers_in_other_spellings_or_out_of_range),
        UNIT_TEST(refuses_strings_that_are_not_sound_text),
        UNIT_TEST(a_member_is_the_same_however_it_is_spelled),
        UNIT_TEST(names_the_place_by_a_json_pointer),
        UNIT_TEST(a_long_pointer_is_cut_between_characters),
        UNIT_TEST(nesting_ends_at_its_limit),
        UNIT_TEST(members_end_at_their_limit_in_each_object),
        UNIT_TEST(a_number_has_a_limited_length),
        UNIT_TEST(never_reads_past_the_end),
    };

    return cmocka_run_group_tests_name("json_check", tests, NULL, NULL);
}
