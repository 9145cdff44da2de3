#include "lib/json_check.h"
#include "tests/harness/harness.h"
#include "worker/trace/assessment.h"
#include "worker/trace/server.h"

#include <string.h>

#define MESSAGE "01976f3e-8c7a-7d2e-9b41-5f0c2d7e8a10"
#define OURS(id, more)                                                                             \
    "{\"assessment_id\":\"" id "\",\"assessment_name\":\"user_feedback\",\"feedback\":{\"value\":" \
    "true},\"metadata\":{\"offstage.message_id\":\"" MESSAGE "\"}" more "}"
#define INFO(list) "{\"trace\":{\"trace_info\":{\"trace_id\":\"tr-1\",\"assessments\":" list "}}}"

static struct assessment
feedback(const char *id, const char *trace_id)
{
    return (struct assessment){ .id = id,
                                .trace_id = trace_id,
                                .message_id = MESSAGE,
                                .user_id = "u",
                                .good = true,
                                .comment = "So \"good\"",
                                .created_at = "2026-01-31T12:00:00.123456Z",
                                .updated_at = "2026-01-31T12:00:01.000000Z" };
}

static const char *
written(struct arena *a, const char *id, const char *trace_id)
{
    struct assessment as = feedback(id, trace_id);
    const char *json = assessment_json(a, &as);

    assert_ok(json_check(a, json, strlen(json)));
    return json;
}

static void
a_new_one_is_whole(void **state)
{
    assert_string_equal(
        written(*state, NULL, "tr-1"),
        "{\"assessment\":{\"assessment_name\":\"user_feedback\",\"trace_id\":\"tr-1\","
        "\"source\":{\"source_type\":\"HUMAN\",\"source_id\":\"u\"},"
        "\"metadata\":{\"offstage.message_id\":\"" MESSAGE "\"},"
        "\"feedback\":{\"value\":true},\"rationale\":\"So \\\"good\\\"\","
        "\"create_time\":\"2026-01-31T12:00:00.123456Z\","
        "\"last_update_time\":\"2026-01-31T12:00:01.000000Z\"}}");
}

static void
a_changed_one_says_what_has_changed(void **state)
{
    const char *json = written(*state, "a-1", "tr-1");

    assert_contains(json, "{\"assessment\":{\"assessment_id\":\"a-1\",");
    assert_contains(json, "},\"update_mask\":\"feedback,rationale\"}");
}

static void
a_trace_in_unity_catalog_is_named_by_its_place(void **state)
{
    const char *json = written(*state, "a-1", "trace:/main.agents/0af7");

    assert_contains(json, "{\"assessment_id\":\"a-1\",");
    assert_contains(json, "\"trace_id\":\"0af7\",\"trace_location\":{\"type\":\"UC_SCHEMA\","
                          "\"uc_schema\":{\"catalog_name\":\"main\",\"schema_name\":\"agents\"}}");
    assert_null(strstr(json, "update_mask"));
    assert_contains(written(*state, NULL, "trace:/main.agents.t/0af7"),
                    "\"type\":\"UC_TABLE_PREFIX\",\"uc_table_prefix\":{\"catalog_name\":\"main\","
                    "\"schema_name\":\"agents\",\"table_prefix\":\"t\"}");
}

static void
paths_are_those_of_the_id_s_kind(void **state)
{
    const char *location;

    assert_string_equal(mlflow_trace_path(*state, "tr-1", &location),
                        "/api/3.0/mlflow/traces/tr-1");
    assert_null(location);
    assert_string_equal(mlflow_trace_path(*state, "trace:/main.agents/0af7", &location),
                        "/api/4.0/mlflow/traces/main.agents/0af7");
    assert_string_equal(location, "main.agents");
    assert_string_equal(mlflow_trace_path(*state, "trace:/a/x?y/../z#", &location),
                        "/api/4.0/mlflow/traces/a/x%3Fy%2F..%2Fz%23");
}

static void
an_id_does_not_leave_its_place(void **state)
{
    static const char *const ids[] = { "",          ".",           "..",
                                       "trace:/",   "trace:/a",    "trace:/a/",
                                       "trace://b", "trace:/../b", "trace:/a/.." };
    const char *location;

    for (size_t i = 0; i < TEST_COUNT(ids); i++)
        assert_null(mlflow_trace_path(*state, ids[i], &location));
}

static const char *
found(struct arena *a, const char *text)
{
    const char *id;

    assert_ok(assessment_find(a, arena_strdup(a, text), strlen(text), MESSAGE, &id));
    return id;
}

static void
the_message_s_own_is_found(void **state)
{
    assert_string_equal(found(*state, INFO("[" OURS("a-1", "") "]")), "a-1");
    assert_string_equal(
        found(*state, INFO("[{},5,{\"assessment_id\":\"x\"}," OURS("a-2", ",\"valid\":true") "]")),
        "a-2");
}

static void
others_are_not_taken_for_it(void **state)
{
    assert_null(found(*state, INFO("[]")));
    assert_null(found(*state, INFO("null")));
    assert_null(found(*state, "{\"trace\":{\"trace_info\":{}}}"));
    assert_null(found(*state, INFO("[" OURS("", "") "]")));
    assert_null(found(*state, INFO("[" OURS("a-1", ",\"valid\":false") "]")));
    assert_null(found(*state, INFO("[{\"assessment_id\":\"a\",\"assessment_name\":\"safety\","
                                   "\"metadata\":{\"offstage.message_id\":\"" MESSAGE "\"}}]")));
}

static void
what_is_no_trace_is_refused(void **state)
{
    static const char *const texts[] = { "",       "[]",
                                         "{}",     "{\"trace\":{}}",
                                         "<html>", "{\"trace\":{\"trace_info\":5}}" };
    struct arena *a = *state;
    const char *id;

    for (size_t i = 0; i < TEST_COUNT(texts); i++)
        assert_err(ERR_UPSTREAM,
                   assessment_find(a, arena_strdup(a, texts[i]), strlen(texts[i]), MESSAGE, &id));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_new_one_is_whole),
        UNIT_TEST(a_changed_one_says_what_has_changed),
        UNIT_TEST(a_trace_in_unity_catalog_is_named_by_its_place),
        UNIT_TEST(paths_are_those_of_the_id_s_kind),
        UNIT_TEST(an_id_does_not_leave_its_place),
        UNIT_TEST(the_message_s_own_is_found),
        UNIT_TEST(others_are_not_taken_for_it),
        UNIT_TEST(what_is_no_trace_is_refused),
    };

    return cmocka_run_group_tests_name("assessment", tests, NULL, NULL);
}
