#include "lib/json_slice.h"
#include "tests/harness/harness.h"
#include "worker/tool/schema.h"

#include <string.h>

/* "" when it fits, else what is wrong. */
static const char *
wrong(struct arena *a, const char *schema, const char *value)
{
    struct err e = schema_check(a, json_value(str_from(schema)), json_value(str_from(value)));

    return e.code ? e.msg : "";
}

static void
values_have_their_types(void **state)
{
    static const struct {
        const char *schema, *value, *wrong;
    } cases[] = {
        { "{\"type\":\"string\"}", "\"x\"", "" },
        { "{\"type\":\"string\"}", "5", "arguments must be of type string" },
        { "{\"type\":\"integer\"}", "5.0", "" },
        { "{\"type\":\"integer\"}", "5.5", "arguments must be of type integer" },
        { "{\"type\":[\"string\",\"null\"]}", "null", "" },
        { "{\"type\":[\"string\",\"null\"]}", "{}",
          "arguments must be of one of the types [\"string\",\"null\"]" },
        { "{\"type\":\"boolean\"}", "true", "" },
        { "{\"enum\":[\"a\",1]}", "\"a\"", "" },
        { "{\"enum\":[\"a\",1]}", "\"1\"", "arguments must be one of [\"a\",1]" },
        { "{\"minimum\":1,\"maximum\":3}", "4", "arguments must be at most 3" },
        { "{\"minLength\":2}", "\"\\u00e9\"", "arguments must be at least 2 characters" },
        { "true", "5", "" },
        { "{}", "5", "" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(wrong(*state, cases[i].schema, cases[i].value), cases[i].wrong);
}

static void
members_are_checked_in_depth(void **state)
{
    static const char schema[] =
        "{\"type\":\"object\",\"properties\":{\"list\":{\"type\":\"array\",\"items\":{\"type\":"
        "\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"],"
        "\"additionalProperties\":false}}}}";

    assert_string_equal(wrong(*state, schema, "{\"list\":[{\"n\":1}],\"other\":5}"), "");
    assert_string_equal(wrong(*state, schema, "{\"list\":[{\"n\":\"1\"}]}"),
                        "arguments.list[].n must be of type integer");
    assert_string_equal(wrong(*state, schema, "{\"list\":[{}]}"),
                        "arguments.list[] lacks the member n");
    assert_string_equal(wrong(*state, schema, "{\"list\":[{\"n\":1,\"m\":2}]}"),
                        "arguments.list[] has no member m");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(values_have_their_types),
        UNIT_TEST(members_are_checked_in_depth),
    };

    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
