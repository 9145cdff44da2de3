#include "db/trace_json.h"
#include "lib/buf.h"
#include "lib/id.h"
#include "lib/json_check.h"
#include "tests/harness/harness.h"
#include "worker/trace/trace.h"

#include <string.h>

#define CLIENT "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static const char *
written(struct arena *a, const struct trace_span *span)
{
    struct buf out;

    buf_init(&out, a, 100000);
    trace_span_json(&out, span);
    assert_int_equal(json_check(a, out.data, out.len).code, ERR_NONE);
    return out.data;
}

static void
times_keep_their_nanoseconds(void **state)
{
    struct trace_span span = { .id = "0123456789abcdef",
                               .name = "n",
                               .kind = "k",
                               .start_ns = 86400000000001,
                               .duration_ns = 7 };

    assert_non_null(strstr(written(*state, &span), "\"start_ms\":86400000.000001,"));
    assert_non_null(strstr(written(*state, &span), "\"duration_ms\":0.000007,"));
    span.start_ns = -1500000;
    assert_non_null(strstr(written(*state, &span), "\"start_ms\":-1.500000,"));
    span.start_ns = INT64_MIN;
    span.duration_ns = INT64_MIN;
    assert_non_null(strstr(written(*state, &span), "\"duration_ms\":0.000000,"));
}

static void
a_span_without_texts_has_all_members(void **state)
{
    const struct trace_span span = { .id = "0123456789abcdef", .name = "n", .kind = "k" };

    assert_string_equal(written(*state, &span),
                        "{\"span_id\":\"0123456789abcdef\",\"parent_id\":null,\"name\":\"n\","
                        "\"kind\":\"k\",\"source\":\"offstage\",\"start_ms\":0.000000,"
                        "\"duration_ms\":0.000000,\"status\":\"ok\",\"error\":null,"
                        "\"attributes\":{},\"inputs\":null,\"outputs\":null}");
}

static void
the_ids_of_a_request_are_its_own_and_differ(void **state)
{
    char root[TRACE_SPAN_ID + 1], store[TRACE_SPAN_ID + 1], again[TRACE_SPAN_ID + 1];
    struct id id = id_new();

    (void)state;
    trace_root_id(id, root);
    trace_store_id(id, store);
    trace_root_id(id, again);
    assert_string_equal(root, again);
    assert_string_not_equal(root, store);
    trace_root_id(id_new(), again);
    assert_string_not_equal(root, again);
}

static void
spans_hang_under_their_parents(void **state)
{
    struct arena *a = *state;
    struct id id = id_new();
    char root[TRACE_SPAN_ID + 1], first[TRACE_SPAN_ID + 1];
    struct trace t;
    const char *json;
    int attempt;

    trace_init(&t, a, false);
    trace_zero(&t, 5);
    attempt = trace_open(&t, "attempt", "attempt 1", TRACE_ROOT);
    trace_close(&t, trace_open(&t, "model", "m", attempt), TRACE_ERROR, "It broke.");
    trace_close_all(&t, TRACE_CANCELLED, NULL);
    json = trace_spans(&t, id);
    trace_root_id(id, root);
    trace_id_of(&t, id, attempt, first);
    assert_non_null(
        strstr(json, arena_printf(a, "\"parent_id\":\"%s\",\"name\":\"attempt 1\"", root)));
    assert_non_null(strstr(json, arena_printf(a, "\"parent_id\":\"%s\",\"name\":\"m\"", first)));
    assert_non_null(strstr(json, "\"status\":\"error\",\"error\":\"It broke.\""));
    assert_non_null(strstr(json, "\"status\":\"cancelled\",\"error\":null"));
    assert_int_equal(json_check(a, arena_printf(a, "[%s]", json), strlen(json) + 2).code, ERR_NONE);
}

static void
a_span_that_has_ended_stays_as_it_is(void **state)
{
    struct trace t;
    int span;
    int64_t end_ns;

    trace_init(&t, *state, false);
    span = trace_open(&t, "model", "m", TRACE_ROOT);
    trace_close(&t, span, TRACE_OK, NULL);
    end_ns = trace_part(&t, span)->end_ns;
    trace_close_all(&t, TRACE_ERROR, "late");
    assert_int_equal(trace_part(&t, span)->end_ns, end_ns);
    assert_int_equal(trace_part(&t, span)->status, TRACE_OK);
}

static void
spans_over_the_limit_are_left_out(void **state)
{
    struct trace t;

    trace_init(&t, *state, false);
    for (int i = 0; i < TRACE_SPANS_MAX; i++)
        assert_int_equal(trace_open(&t, "tool", "t", TRACE_ROOT), i);
    assert_int_equal(trace_open(&t, "tool", "t", TRACE_ROOT), TRACE_NONE);
    trace_close(&t, TRACE_NONE, TRACE_OK, NULL);
    assert_null(trace_part(&t, TRACE_NONE));
    assert_int_equal(t.count, TRACE_SPANS_MAX);
}

static void
one_that_is_off_notes_nothing_but_passes_the_context_on(void **state)
{
    struct arena *a = *state;
    struct id id = id_new();
    struct trace t;

    trace_init(&t, a, true);
    assert_int_equal(trace_open(&t, "model", "m", TRACE_ROOT), TRACE_NONE);
    trace_close_all(&t, TRACE_OK, NULL);
    assert_string_equal(trace_spans(&t, id), "");
    assert_memory_equal(trace_context(&t, id, CLIENT, TRACE_NONE), CLIENT, 36);
}

static void
a_call_carries_the_client_s_trace_or_the_request_s(void **state)
{
    char span[TRACE_SPAN_ID + 1];
    struct arena *a = *state;
    struct id id;
    struct trace t;

    assert_true(id_parse("01976f3e-8c7a-7d2e-9b41-5f0c2d7e8a10", &id));
    trace_init(&t, a, false);
    trace_id_of(&t, id, trace_open(&t, "model", "m", TRACE_ROOT), span);
    assert_string_equal(trace_context(&t, id, NULL, 0),
                        arena_printf(a, "00-01976f3e8c7a7d2e9b415f0c2d7e8a10-%s-01", span));
    assert_string_equal(trace_context(&t, id, CLIENT, 0),
                        arena_printf(a, "00-0af7651916cd43dd8448eb211c80319c-%s-01", span));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(times_keep_their_nanoseconds),
        UNIT_TEST(a_span_without_texts_has_all_members),
        UNIT_TEST(the_ids_of_a_request_are_its_own_and_differ),
        UNIT_TEST(spans_hang_under_their_parents),
        UNIT_TEST(a_span_that_has_ended_stays_as_it_is),
        UNIT_TEST(spans_over_the_limit_are_left_out),
        UNIT_TEST(one_that_is_off_notes_nothing_but_passes_the_context_on),
        UNIT_TEST(a_call_carries_the_client_s_trace_or_the_request_s),
    };

    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
