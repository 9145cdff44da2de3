#include "db/trace.h"
#include "lib/json_check.h"
#include "tests/harness/harness.h"
#include "worker/trace/otlp.h"

#include <math.h>
#include <string.h>

#define SPAN                                                                                       \
    "{\"span_id\":\"0000000000000002\",\"parent_id\":\"9b415f0c2d7e8a10\",\"name\":\"m\","         \
    "\"kind\":\"model\",\"source\":\"offstage\",\"start_ms\":1.000002,\"duration_ms\":0.000005,"   \
    "\"status\":\"error\",\"error\":\"It broke.\",\"attributes\":{\"n\":5,\"x\":0.5,\"b\":true,"   \
    "\"t\":\"a\\\"b\",\"l\":[1]},\"inputs\":{\"q\":1},\"outputs\":null}"

static struct trace_info
trace(const char *client)
{
    struct trace_info t = { .status = "failed",
                            .error = "It broke.",
                            .duration_ms = 2,
                            .store_ms = 1.5,
                            .first_token_ms = (double)NAN,
                            .spans = SPAN,
                            .upstream_spans = "",
                            .agent_name = "Helper",
                            .question = "Hi",
                            .answer = "",
                            .traceparent = client,
                            .started_us = 1769860800123456 };

    assert_true(id_parse("01976f3e-8c7a-7d2e-9b41-5f0c2d7e8a10", &t.id));
    return t;
}

static const char *
written(struct arena *a, const char *client)
{
    struct trace_info t = trace(client);
    const char *json = otlp_json(a, &t);

    assert_ok(json_check(a, json, strlen(json)));
    return json;
}

static void
a_span_keeps_its_times_and_attributes(void **state)
{
    const char *json = written(*state, NULL);

    assert_contains(json, "\"traceId\":\"01976f3e8c7a7d2e9b415f0c2d7e8a10\","
                          "\"spanId\":\"0000000000000002\",\"parentSpanId\":\"9b415f0c2d7e8a10\","
                          "\"name\":\"m\",\"kind\":3,\"startTimeUnixNano\":\"1769860800124456002\","
                          "\"endTimeUnixNano\":\"1769860800124456007\"");
    assert_contains(json,
                    "{\"key\":\"n\",\"value\":{\"intValue\":\"5\"}},{\"key\":\"x\",\"value\":{"
                    "\"doubleValue\":0.5}},{\"key\":\"b\",\"value\":{\"boolValue\":true}},"
                    "{\"key\":\"t\",\"value\":{\"stringValue\":\"a\\\"b\"}},{\"key\":\"l\","
                    "\"value\":{\"stringValue\":\"[1]\"}}");
    assert_contains(json, "\"status\":{\"code\":2,\"message\":\"It broke.\"}");
    assert_contains(
        json, "{\"key\":\"mlflow.spanInputs\",\"value\":{\"stringValue\":\"{\\\"q\\\":1}\"}}");
}

static void
the_root_hangs_under_the_client_s_span(void **state)
{
    const char *json = written(*state, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

    assert_contains(json, "\"traceId\":\"0af7651916cd43dd8448eb211c80319c\",\"spanId\":"
                          "\"9b415f0c2d7e8a10\",\"parentSpanId\":\"b7ad6b7169203331\","
                          "\"name\":\"Helper\"");
    assert_null(strstr(written(*state, NULL), "b7ad6b7169203331"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_span_keeps_its_times_and_attributes),
        UNIT_TEST(the_root_hangs_under_the_client_s_span),
    };

    return cmocka_run_group_tests_name("otlp", tests, NULL, NULL);
}
