#include "lib/buf.h"
#include "lib/json_check.h"
#include "tests/harness/harness.h"
#include "worker/trace/mlflow.h"

#include <string.h>

#define ZERO INT64_C(1769860800000000000) /* the request, Unix time in nanoseconds */
#define OURS "00000000000000aa"

#define HEX(id, parent, from, to)                                                                  \
    "{\"span_id\":\"000000000000000" id "\",\"parent_span_id\":" parent ",\"name\":\"s" id         \
    "\",\"start_time_unix_nano\":" from ",\"end_time_unix_nano\":" to                              \
    ",\"status\":{\"code\":\"OK\"},\"attributes\":{}}"
#define AT(ms)     "17698608000" ms "000000"
#define PARENT(id) "\"000000000000000" id "\""

static struct err
reading(struct arena *a, const char *text, struct mlflow_trace *out)
{
    const struct mlflow_place place = { ZERO, 10000000, OURS };
    struct err e = mlflow_read(a, arena_strdup(a, text), strlen(text), &place, out);

    if (!e.code) {
        const char *all = arena_printf(a, "[%s]", out->spans);

        assert_int_equal(json_check(a, all, strlen(all)).code, ERR_NONE);
    }
    return e;
}

static const char *
spans(struct arena *a, const char *text)
{
    struct mlflow_trace trace;

    assert_ok(reading(a, text, &trace));
    return trace.spans;
}

static void
an_artifact_is_read(void **state)
{
    const char *json = spans(
        *state,
        "{\"spans\":[{\"span_id\":\"00000000000000B1\",\"parent_span_id\":null,\"name\":\"agent\","
        "\"start_time_unix_nano\":" AT("20") ",\"end_time_unix_nano\":" AT(
            "50") ",\"status\":{\"code\":\"ERROR\",\"message\":\"no\"},\"attributes\":{"
                  "\"mlflow.spanType\":\"\\\"CHAT_MODEL\\\"\",\"mlflow.spanInputs\":\"{\\\"q\\\": "
                  "1}\","
                  "\"mlflow.spanOutputs\":\"\\\"hi\\\"\",\"mlflow.llm.model\":\"\\\"m\\\"\"}}]}");

    assert_string_equal(json,
                        "{\"span_id\":\"00000000000000b1\",\"parent_id\":\"" OURS
                        "\",\"name\":\"agent\",\"kind\":\"chat_model\",\"source\":\"mlflow\","
                        "\"start_ms\":20.000000,\"duration_ms\":30.000000,\"status\":\"error\","
                        "\"error\":\"no\",\"attributes\":{\"mlflow.llm.model\":\"m\"},"
                        "\"inputs\":{\"q\": 1},\"outputs\":\"hi\"}");
}

static void
the_rest_api_s_spans_are_read(void **state)
{
    const char *json = spans(
        *state,
        "{\"trace\":{\"trace_info\":{\"state\":\"OK\"},\"spans\":[{\"trace_id\":\"AAAA\","
        "\"span_id\":\"AAAAAAAAALE=\",\"parent_span_id\":\"\",\"name\":\"a\","
        "\"start_time_unix_nano\":\"" AT("20") "\",\"end_time_unix_nano\":\"" AT(
            "21") "\",\"attributes\":[{\"key\":\"mlflow.spanType\",\"value\":{\"string_value\":"
                  "\"\\\"TOOL\\\"\"}},{\"key\":\"n\",\"value\":{\"int_value\":5}},"
                  "{\"key\":\"n\",\"value\":{\"int_value\":6}}],"
                  "\"status\":{\"code\":\"STATUS_CODE_OK\"}}]}}");

    assert_contains(json, "\"span_id\":\"00000000000000b1\"");
    assert_contains(json, "\"kind\":\"tool\"");
    assert_contains(json, "\"attributes\":{\"n\":5}");
}

static void
typed_values_become_plain_ones(void **state)
{
    const char *json = spans(
        *state,
        "{\"spans\":[{\"span_id\":\"00000000000000b1\",\"start_time_unix_nano\":5,\"attributes\":["
        "{\"key\":\"mlflow.spanInputs\",\"value\":{\"kvlist_value\":{\"values\":["
        "{\"key\":\"city\",\"value\":{\"string_value\":\"Oslo\"}},"
        "{\"key\":\"city\",\"value\":{\"int_value\":1}},"
        "{\"key\":\"days\",\"value\":{\"array_value\":{\"values\":[{\"int_value\":\"5\"},"
        "{\"bool_value\":true},{}]}}}]}}}]}]}");

    assert_contains(json, "\"inputs\":{\"city\":\"Oslo\",\"days\":[\"5\",true,null]}");
}

static void
one_of_many_is_read(void **state)
{
    struct mlflow_trace trace;

    assert_ok(reading(*state,
                      "{\"traces\":[{\"trace_info\":{\"state\":\"IN_PROGRESS\"},\"spans\":[" HEX(
                          "1", "null", AT("20"), AT("30")) "]}]}",
                      &trace));
    assert_int_equal(trace.count, 1);
    assert_true(trace.in_progress);
    assert_err(ERR_UPSTREAM, reading(*state, "{\"traces\":[]}", &trace));
}

static void
the_spans_of_mlflow_2_are_read(void **state)
{
    const char *json = spans(
        *state, "{\"data\":{\"spans\":[{\"context\":{\"trace_id\":\"0x1\",\"span_id\":"
                "\"0x00000000000000b1\"},\"parent_id\":null,\"name\":\"a\",\"start_time\":" AT(
                    "20") ",\"end_time\":" AT("22") ",\"status_code\":\"ERROR\","
                                                    "\"status_message\":\"broken\"}]}}");

    assert_contains(json, "\"span_id\":\"00000000000000b1\"");
    assert_contains(json, "\"duration_ms\":2.000000");
    assert_contains(json, "\"error\":\"broken\"");
}

static void
what_is_broken_is_left_out_and_the_rest_is_whole(void **state)
{
    struct mlflow_trace trace;

    assert_ok(
        reading(*state,
                "{\"spans\":[" HEX("1", "null", AT("20"), AT("30")) "," HEX(
                    "1", "null", AT("21"), AT("30")) ","      /* a second of the same id */
                HEX("2", PARENT("9"), AT("20"), AT("19")) "," /* no such parent, and backwards */
                HEX("3", PARENT("1"), "-5", AT("30")) "," HEX(
                    "4", PARENT("3"), "0", "0") ","
                                                "{},5,null,{\"span_id\":\"\"}," HEX(
                                                    "5", PARENT("1"), AT("25"), "null") "]}",
                &trace));
    assert_int_equal(trace.count, 3);
    assert_int_equal(trace.left_out, 7);
    assert_contains(trace.spans, "\"parent_id\":\"" OURS "\",\"name\":\"s2\"");
    assert_contains(trace.spans, "\"unfinished\":true");
}

static void
circles_are_broken(void **state)
{
    struct arena *a = *state;
    const char *json = spans(
        a, "{\"spans\":[" HEX("1", PARENT("3"), AT("20"), AT("30")) "," HEX(
               "2", PARENT("1"), AT("20"),
               AT("30")) "," HEX("3", PARENT("2"), AT("20"),
                                 AT("30")) "," HEX("4", PARENT("4"), AT("20"),
                                                   AT("30")) "," HEX("5", PARENT("2"), AT("20"),
                                                                     AT("30")) "]}");
    int roots = 0;

    for (const char *p = json; (p = strstr(p, "\"parent_id\":\"" OURS "\"")); p++)
        roots++;
    assert_int_equal(roots, 2);
}

static void
a_clock_that_differs_moves_all_spans_alike(void **state)
{
    const char *json =
        spans(*state, "{\"spans\":[" HEX("1", "null", "86400000000000", "86401000000000") "," HEX(
                          "2", PARENT("1"), "86400500000000", "86401000000000") "]}");

    assert_contains(json, "\"start_ms\":10.000000,\"duration_ms\":1000.000000");
    assert_contains(json, "\"start_ms\":510.000000,\"duration_ms\":500.000000");
}

static void
texts_are_cut_and_say_so(void **state)
{
    struct arena *a = *state;
    char *long_text = arena_alloc(a, 40001);
    const char *json;

    memset(long_text, 'x', 40000);
    json = spans(a, arena_printf(a,
                                 "{\"spans\":[{\"span_id\":\"00000000000000b1\",\"name\":\"a\","
                                 "\"start_time_unix_nano\":" AT(
                                     "20") ",\"attributes\":{"
                                           "\"mlflow.spanInputs\":\"%s\",\"big\":\"%s\"}}]}",
                                 long_text, long_text));
    assert_true(strlen(json) < 17000);
    assert_contains(json, "\"truncated\":true");
}

static void
spans_have_a_limit(void **state)
{
    struct arena *a = *state;
    struct mlflow_trace trace;
    struct buf text;

    buf_init(&text, a, SIZE_MAX);
    buf_add_str(&text, "{\"spans\":[");
    for (int i = 0; i < 5100; i++)
        buf_printf(&text, "%s{\"span_id\":\"%016x\",\"start_time_unix_nano\":1}", i ? "," : "",
                   i + 1);
    buf_add_str(&text, "]}");
    assert_ok(reading(a, text.data, &trace));
    assert_int_equal(trace.count, MLFLOW_SPANS_MAX);
    assert_int_equal(trace.left_out, 100);
}

static void
what_is_no_trace_is_refused(void **state)
{
    static const char *const texts[] = { "",
                                         "<html>",
                                         "[]",
                                         "{}",
                                         "{\"spans\":{}}",
                                         "{\"trace\":{}}",
                                         "{\"spans\":[",
                                         "{\"spans\":null}" };
    struct mlflow_trace trace;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_err(ERR_UPSTREAM, reading(*state, texts[i], &trace));
}

static void
one_in_progress_says_so(void **state)
{
    struct mlflow_trace trace;

    assert_ok(reading(
        *state, "{\"trace\":{\"trace_info\":{\"state\":\"IN_PROGRESS\"},\"spans\":[]}}", &trace));
    assert_true(trace.in_progress);
    assert_int_equal(trace.count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(an_artifact_is_read),
        UNIT_TEST(the_rest_api_s_spans_are_read),
        UNIT_TEST(typed_values_become_plain_ones),
        UNIT_TEST(one_of_many_is_read),
        UNIT_TEST(the_spans_of_mlflow_2_are_read),
        UNIT_TEST(what_is_broken_is_left_out_and_the_rest_is_whole),
        UNIT_TEST(circles_are_broken),
        UNIT_TEST(a_clock_that_differs_moves_all_spans_alike),
        UNIT_TEST(texts_are_cut_and_say_so),
        UNIT_TEST(spans_have_a_limit),
        UNIT_TEST(what_is_no_trace_is_refused),
        UNIT_TEST(one_in_progress_says_so),
    };

    return cmocka_run_group_tests_name("mlflow", tests, NULL, NULL);
}
