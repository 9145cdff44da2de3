#include "db/trace.h"
#include "lib/buf.h"
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
    struct str json;

    assert_true(otlp_json(a, &t, &json));
    assert_ok(json_check(a, json.p, json.len));
    return json.p;
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

/* The same trace as the Python packages opentelemetry-proto 1.45.2 and protobuf 7.36.2 write it. */
static const char packed[] =
    "0ae7040a1c0a1a0a0c736572766963652e6e616d65120a0a086f6666737461676512c6040a0a0a086f6666737461"
    "676512d0010a1001976f3e8c7a7d2e9b415f0c2d7e8a1012089b415f0c2d7e8a102a0648656c706572300139004a"
    "3f4505cf8f184180ce5d4505cf8f184a1c0a0f6d6c666c6f772e7370616e5479706512090a07224147454e54224a"
    "180a0d6f666673746167652e6b696e6412070a056167656e744a270a116d6c666c6f772e7370616e496e70757473"
    "12120a107b226d657373616765223a224869227d4a260a126d6c666c6f772e7370616e4f75747075747312100a0e"
    "7b22636f6e74656e74223a22227d7a0d120949742062726f6b652e180212e3010a1001976f3e8c7a7d2e9b415f0c"
    "2d7e8a101208000000000000000222089b415f0c2d7e8a102a016d300339428c4e4505cf8f1841478c4e4505cf8f"
    "184a210a0f6d6c666c6f772e7370616e54797065120e0a0c22434841545f4d4f44454c224a180a0d6f6666737461"
    "67652e6b696e6412070a056d6f64656c4a1e0a116d6c666c6f772e7370616e496e7075747312090a077b2271223a"
    "317d4a070a016e120218054a0e0a0178120921000000000000e03f4a070a0162120210014a0a0a017412050a0361"
    "22624a0a0a016c12050a035b315d7a0d120949742062726f6b652e1802127f0a1001976f3e8c7a7d2e9b415f0c2d"
    "7e8a10120864bea0f3d28175ef22089b415f0c2d7e8a102a0573746f7265300139602d564505cf8f184180ce5d45"
    "05cf8f184a1e0a0f6d6c666c6f772e7370616e54797065120b0a0922554e4b4e4f574e224a180a0d6f6666737461"
    "67652e6b696e6412070a0573746f72657a021801";

static void
the_packed_form_is_what_opentelemetry_s_own_library_writes(void **state)
{
    struct arena *a = *state;
    struct trace_info t = trace(NULL);
    struct buf hex;
    struct str bytes;

    assert_true(otlp_proto(a, &t, &bytes));
    buf_init(&hex, a, SIZE_MAX);
    for (size_t i = 0; i < bytes.len; i++)
        buf_printf(&hex, "%02x", (unsigned)(unsigned char)bytes.p[i]);
    assert_string_equal(hex.data, packed);
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
        UNIT_TEST(the_packed_form_is_what_opentelemetry_s_own_library_writes),
        UNIT_TEST(the_root_hangs_under_the_client_s_span),
    };

    return cmocka_run_group_tests_name("otlp", tests, NULL, NULL);
}
