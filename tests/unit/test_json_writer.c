#include "lib/json_check.h"
#include "lib/json_writer.h"
#include "tests/harness/harness.h"

#include <json-c/json.h>
#include <math.h>

static void
put(void *object)
{
    (void)json_object_put(object);
}

static struct json_writer *
writer(struct arena *a, struct buf *out)
{
    struct json_writer *w = ARENA_NEW(a, struct json_writer);

    buf_init(out, a, 100000);
    jw_begin(w, out);
    return w;
}

static void
commas_and_nesting_are_taken_care_of(void **state)
{
    struct buf out;
    struct json_writer *w = writer(*state, &out);

    jw_object(w, NULL);
    jw_array(w, "empty");
    jw_array_end(w);
    jw_array(w, "list");
    jw_int(w, NULL, 1);
    jw_object(w, NULL);
    jw_object_end(w);
    jw_array(w, NULL);
    jw_bool(w, NULL, true);
    jw_null(w, NULL);
    jw_array_end(w);
    jw_array_end(w);
    jw_bool(w, "last", false);
    jw_object_end(w);

    assert_string_equal(out.data, "{\"empty\":[],\"list\":[1,{},[true,null]],\"last\":false}");
}

static void
every_kind_of_value_has_its_spelling(void **state)
{
    struct id id;
    struct buf out;
    struct json_writer *w = writer(*state, &out);

    assert_true(id_parse("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", &id));
    jw_object(w, NULL);
    jw_str(w, "s", "x");
    jw_str(w, "no_s", NULL);
    jw_str_len(w, "part", "abcdef", 3);
    jw_id(w, "id", id);
    jw_id(w, "no_id", ID_NONE);
    jw_int(w, "min", INT64_MIN);
    jw_raw(w, "raw", "[1]");
    jw_raw(w, "no_raw", NULL);
    jw_object_end(w);

    assert_string_equal(out.data, "{\"s\":\"x\",\"no_s\":null,\"part\":\"abc\","
                                  "\"id\":\"0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b\",\"no_id\":null,"
                                  "\"min\":-9223372036854775808,\"raw\":[1],\"no_raw\":null}");
}

static void
text_is_safe_inside_html_and_javascript(void **state)
{
    struct buf out;
    struct json_writer *w = writer(*state, &out);

    jw_str(w, NULL,
           "</script>&\"\\/\b\f\n\r\t\x01\x1f\x7f\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xa7\xe2\x82");

    assert_string_equal(out.data, "\"\\u003c/script\\u003e\\u0026\\\"\\\\/\\b\\f\\n\\r\\t\\u0001"
                                  "\\u001f\\u007f\\u2028\\u2029\xe2\x80\xa7\xe2\x82\"");
}

static void
keys_are_escaped_like_text(void **state)
{
    struct buf out;
    struct json_writer *w = writer(*state, &out);

    jw_object(w, NULL);
    jw_int(w, "a\"<\n", 1);
    jw_object_end(w);

    assert_string_equal(out.data, "{\"a\\\"\\u003c\\n\":1}");
}

static void
any_text_comes_back_from_a_parser_as_it_was(void **state)
{
    struct buf out, text;
    struct json_writer *w = writer(*state, &out);
    struct json_object *o;

    buf_init(&text, *state, 1000);
    for (int i = 1; i < 128; i++) /* but for NUL, which the check refuses */
        buf_add_char(&text, (char)i);
    buf_add_str(&text, "\xc3\xbc\xf0\x9f\x99\x82\xe2\x80\xa8");
    jw_object(w, NULL);
    jw_str_len(w, "t", text.data, text.len);
    jw_object_end(w);

    assert_ok(json_check(*state, out.data, out.len));
    o = json_tokener_parse(out.data);
    arena_defer(*state, put, o);
    o = json_object_object_get(o, "t");
    assert_int_equal(json_object_get_string_len(o), text.len);
    assert_memory_equal(json_object_get_string(o), text.data, text.len);
}

static const char *
spelled(struct arena *a, double value)
{
    struct buf out;
    struct json_writer *w = writer(a, &out);

    jw_double(w, NULL, value);
    return out.data;
}

static void
doubles_are_short_and_read_back_as_they_were(void **state)
{
    static const double exact[] = { 0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -123456.789e-30 };

    assert_string_equal(spelled(*state, 0.1), "0.1");
    assert_string_equal(spelled(*state, 2), "2");
    assert_string_equal(spelled(*state, -0.5), "-0.5");
    for (size_t i = 0; i < TEST_COUNT(exact); i++)
        assert_true(strtod(spelled(*state, exact[i]), NULL) == exact[i]);
    assert_string_equal(spelled(*state, (double)NAN), "null");
    assert_string_equal(spelled(*state, -(double)INFINITY), "null");
}

static void
nesting_may_be_as_deep_as_the_check_allows(void **state)
{
    struct buf out;
    struct json_writer *w = writer(*state, &out);

    for (int i = 0; i < JW_DEPTH_MAX; i++)
        jw_array(w, NULL);
    for (int i = 0; i < JW_DEPTH_MAX; i++)
        jw_array_end(w);

    assert_ok(json_check(*state, out.data, out.len));
}

static void
a_full_buffer_is_told_by_the_buffer(void **state)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, *state, 10);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_str(&w, "k", "a value that is too long");
    jw_object_end(&w);

    assert_false(buf_ok(&out));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(commas_and_nesting_are_taken_care_of),
        UNIT_TEST(every_kind_of_value_has_its_spelling),
        UNIT_TEST(text_is_safe_inside_html_and_javascript),
        UNIT_TEST(keys_are_escaped_like_text),
        UNIT_TEST(any_text_comes_back_from_a_parser_as_it_was),
        UNIT_TEST(doubles_are_short_and_read_back_as_they_were),
        UNIT_TEST(nesting_may_be_as_deep_as_the_check_allows),
        UNIT_TEST(a_full_buffer_is_told_by_the_buffer),
    };

    return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
