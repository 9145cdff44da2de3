#include "lib/json_check.h"
#include "tests/harness/harness.h"
#include "worker/tool/mcp.h"

#include <string.h>

#define JSON   "application/json"
#define STREAM "text/event-stream; charset=utf-8"

static struct str
result(struct arena *a, const char *type, const char *body)
{
    struct str found = { "", 0 };
    bool done;

    assert_ok(mcp_result(a, type, str_from(body), 2, &done, &found));
    return done ? found : (struct str){ "", 0 };
}

static void
requests_are_json_rpc(void **state)
{
    const char *call = mcp_call(*state, 3, "ec\"ho", "{\"a\":1}");

    assert_string_equal(call, "{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"tools/call\",\"params\":{"
                              "\"name\":\"ec\\\"ho\",\"arguments\":{\"a\":1}}}");
    assert_contains(mcp_initialize(*state, 1), "\"protocolVersion\":\"" MCP_VERSION "\"");
    assert_contains(mcp_list(*state, 2, "next"), "\"params\":{\"cursor\":\"next\"}");
    assert_contains(mcp_list(*state, 2, NULL), "\"params\":{}");
}

static void
an_answer_is_found_in_both_forms(void **state)
{
    struct str found = result(*state, JSON, "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"x\":1}}");

    assert_int_equal(found.len, strlen("{\"x\":1}"));
    found = result(*state, STREAM,
                   "id: 1\nretry: 5\ndata: \n\n"
                   "data: {\"method\":\"notifications/progress\",\"params\":{}}\n\n"
                   "data: {\"id\":1,\"result\":{}}\n\ndata: {\"id\":2,\"result\":{\"y\":1}}\n\n");
    assert_memory_equal(found.p, "{\"y\":1}", 7);
    assert_int_equal(result(*state, STREAM, "data: {\"id\":2,\"resu").len, 0);
}

static void
refusals_and_nonsense_are_told(void **state)
{
    static const char *const bodies[] = {
        "", "<html>", "[]", "{}", "{\"id\":5,\"result\":{}}", "{\"id\":2}"
    };
    struct str found;
    struct err e;
    bool done;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_err(ERR_UPSTREAM, mcp_result(*state, JSON, str_from(bodies[i]), 2, &done, &found));
    e = mcp_result(*state, JSON, STR("{\"id\":2,\"error\":{\"code\":-3,\"message\":\"no\"}}"), 2,
                   &done, &found);
    assert_string_equal(e.msg, "The MCP server refused it: no");
}

static void
a_version_is_a_date(void **state)
{
    const char *version;

    assert_ok(mcp_version(*state, STR("{\"protocolVersion\":\"2025-06-18\"}"), &version));
    assert_string_equal(version, "2025-06-18");
    assert_err(ERR_UPSTREAM,
               mcp_version(*state, STR("{\"protocolVersion\":\"1\\r\\nX: y\"}"), &version));
    assert_err(ERR_UPSTREAM, mcp_version(*state, STR("{}"), &version));
}

static void
tools_that_a_model_can_call_are_taken(void **state)
{
    struct mcp_tool list[MCP_TOOLS_MAX];
    const char *cursor;
    size_t n = 0;

    mcp_tools(
        *state,
        STR("{\"tools\":[{\"name\":\"echo\",\"description\":\"d\",\"inputSchema\":{\"type\":"
            "\"object\"}},{\"name\":\"no space\"},{\"name\":\"bare\"},5],\"nextCursor\":\"c\"}"),
        list, &n, &cursor);
    assert_int_equal(n, 2);
    assert_string_equal(list[0].parameters, "{\"type\":\"object\"}");
    assert_string_equal(list[1].name, "bare");
    assert_string_equal(list[1].description, "");
    assert_ok(json_check(*state, list[1].parameters, strlen(list[1].parameters)));
    assert_string_equal(cursor, "c");
}

static void
an_output_is_its_texts(void **state)
{
    bool failed;

    assert_string_equal(
        mcp_output(*state,
                   STR("{\"content\":[{\"type\":\"text\",\"text\":\"a\"},{\"type\":"
                       "\"image\",\"data\":\"x\"},{\"type\":\"resource\",\"resource\":{"
                       "\"text\":\"b\"}}],\"isError\":true}"),
                   &failed),
        "a\nb");
    assert_true(failed);
    assert_string_equal(
        mcp_output(*state, STR("{\"content\":[],\"structuredContent\":{\"n\":1}}"), &failed),
        "{\"n\":1}");
    assert_false(failed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(requests_are_json_rpc),
        UNIT_TEST(an_answer_is_found_in_both_forms),
        UNIT_TEST(refusals_and_nonsense_are_told),
        UNIT_TEST(a_version_is_a_date),
        UNIT_TEST(tools_that_a_model_can_call_are_taken),
        UNIT_TEST(an_output_is_its_texts),
    };

    return cmocka_run_group_tests_name("mcp", tests, NULL, NULL);
}
