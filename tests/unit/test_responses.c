#include "db/request.h"
#include "lib/buf.h"
#include "lib/json_check.h"
#include "lib/str.h"
#include "tests/harness/harness.h"
#include "tests/harness/heard.h"
#include "worker/model/dialect.h"
#include "worker/model/responses_event.h"

#include <math.h>
#include <string.h>

#define STREAM "text/event-stream"
#define JSON   "application/json"

#define EVENT(type, members) "data: {\"type\":\"" type "\"," members "}\n\n"
#define DELTA(id, text)                                                                            \
    EVENT("response.output_text.delta", "\"item_id\":\"" id "\",\"delta\":\"" text "\"")
#define MESSAGE(id, text)                                                                          \
    "{\"type\":\"message\",\"id\":\"" id "\",\"role\":\"assistant\",\"content\":[{\"type\":"       \
    "\"output_text\",\"text\":\"" text "\"}]}"
#define ITEM_DONE(item) EVENT("response.output_item.done", "\"item\":" item)
#define CREATED                                                                                    \
    EVENT("response.created", "\"response\":{\"id\":\"r\",\"status\":null,\"output\":[]}")
#define COMPLETED                                                                                  \
    EVENT("response.completed", "\"response\":{\"status\":\"completed\",\"output\":[],\"usage\":{" \
                                "\"input_tokens\":3,\"output_tokens\":4}}")
#define DONE            "data: [DONE]\n\n"
#define FUNCTION_OUTPUT "{\"type\":\"function_call_output\",\"call_id\":\"c1\",\"output\":\"4 C\"}"

/* ---- hearing ------------------------------------------------------------------ */

static const char *
heard_by(struct arena *a, const char *type, struct str body, size_t step)
{
    return heard_in_steps(a, responses_listen(a, type), responses_end, body, step);
}

static const char *
heard(struct arena *a, const char *type, const char *body)
{
    const char *whole = heard_by(a, type, str_from(body), strlen(body) + 1);

    assert_string_equal(whole, heard_by(a, type, str_from(body), 1));
    return whole;
}

static void
an_openai_stream_is_heard(void **state)
{
    assert_string_equal(heard(*state, STREAM,
                              CREATED EVENT("response.reasoning_summary_text.delta",
                                            "\"item_id\":\"r\",\"delta\":\"hm\"") DELTA("m1", "Hel")
                                  DELTA("m1", "lo") ITEM_DONE(MESSAGE("m1", "Hello")) COMPLETED),
                        "(think hm)|(text Hel)(text lo) stop 3+4");
}

static void
several_responses_in_one_stream_are_one(void **state)
{
    assert_string_equal(heard(*state, STREAM,
                              CREATED DELTA("__fake_id__", "One.")
                                  ITEM_DONE(MESSAGE("__fake_id__", "One."))
                                      COMPLETED CREATED DELTA("__fake_id__", "Two.")
                                          ITEM_DONE(MESSAGE("__fake_id__", "Two.")) COMPLETED DONE),
                        "(text One.)|(text Two.) stop 6+8");
}

static void
a_stream_that_breaks_in_its_second_response_is_not_complete(void **state)
{
    assert_string_equal(
        heard(*state, STREAM, CREATED DELTA("a", "One.") COMPLETED CREATED DELTA("b", "Tw")),
        "(text One.)|(text Tw) upstream: The model server's answer broke off before its end. 3+4");
}

static void
what_is_done_without_deltas_is_heard_then(void **state)
{
    assert_string_equal(heard(*state, STREAM, ITEM_DONE(MESSAGE("m", "All at once")) DONE),
                        "(text All at once) end");
    assert_string_equal(
        heard(*state, STREAM, DELTA("m", "All ") ITEM_DONE(MESSAGE("other", "All at once"))),
        "(text All )(text at once) end");
}

static void
items_done_late_and_under_other_ids_are_not_repeated(void **state)
{
    assert_string_equal(heard(*state, STREAM,
                              DELTA("a", "One. ") DELTA("b", "Two.") ITEM_DONE(MESSAGE("x", "One."))
                                  ITEM_DONE(MESSAGE("y", "Two.")) DONE),
                        "(text One. )|(text Two.) end");
    assert_string_equal(heard(*state, STREAM,
                              DELTA("f", "One. ") DELTA("f", "Two.") ITEM_DONE(MESSAGE("f", "One."))
                                  ITEM_DONE(MESSAGE("f", "Two.")) DONE),
                        "(text One. )(text Two.) end");
}

static void
calls_and_their_results_are_heard_once(void **state)
{
    static const char call[] =
        "{\"type\":\"function_call\",\"id\":\"f1\",\"call_id\":\"c1\",\"name\":\"weather\","
        "\"arguments\":\"{\\\"city\\\":1}\"}";
    struct arena *a = *state;

    assert_string_equal(heard(a, STREAM,
                              arena_printf(a,
                                           EVENT("response.output_item.done",
                                                 "\"item\":%s") "data: " FUNCTION_OUTPUT
                                                                "\n\n" ITEM_DONE(FUNCTION_OUTPUT)
                                                                    DELTA("m", "4 C.") DONE,
                                           call)),
                        "(call 0 c1 weather)(args 0 {\"city\":1})(out c1 4 C)(text 4 C.) end");
    assert_string_equal(
        heard(a, STREAM,
              arena_printf(
                  a,
                  EVENT("response.output_item.added",
                        "\"item\":{\"type\":\"function_call\",\"id\":\"f1\",\"call_id\":\"c1\","
                        "\"name\":\"weather\",\"arguments\":\"\"}")
                      EVENT("response.function_call_arguments.delta",
                            "\"item_id\":\"f1\",\"delta\":\"{}\"")
                          EVENT("response.output_item.done", "\"item\":%s") COMPLETED,
                  call)),
        "(call 0 c1 weather)(args 0 {}) tool_calls 3+4");
}

static void
a_whole_response_is_heard(void **state)
{
    assert_string_equal(heard(*state, JSON,
                              "{\"object\":\"response\",\"error\":null,\"output\":["
                              "{\"type\":\"reasoning\",\"summary\":[{\"text\":\"hm\"}]}," MESSAGE(
                                  "m", "Hi") "],\"usage\":{\"input_tokens\":1,\"output_tokens\":2},"
                                             "\"metadata\":{\"trace_id\":\"tr-1\"}}"),
                        "(think hm)|(text Hi) stop 1+2 tr-1");
    assert_string_equal(
        heard(*state, STREAM,
              EVENT("response.incomplete",
                    "\"response\":{\"output\":[" MESSAGE(
                        "m", "Hi") "],\"incomplete_details\":{\"reason\":\"max_output_tokens\"}}")),
        "(text Hi) length");
}

static void
a_chat_agent_s_messages_are_heard(void **state)
{
    assert_string_equal(
        heard(
            *state, STREAM,
            "data: {\"delta\":{\"role\":\"assistant\",\"id\":\"1\",\"content\":\"\",\"tool_calls\":"
            "[{\"id\":\"c1\",\"function\":{\"name\":\"weather\",\"arguments\":\"{}\"}}]}}\n\n"
            "data: {\"delta\":{\"role\":\"tool\",\"id\":\"2\",\"tool_call_id\":\"c1\",\"content\":"
            "\"4 C\"}}\n\n"
            "data: {\"delta\":{\"role\":\"assistant\",\"id\":\"3\",\"content\":\"It is \"}}\n\n"
            "data: {\"delta\":{\"role\":\"assistant\",\"id\":\"3\",\"content\":\"cold.\"},"
            "\"finish_reason\":\"stop\",\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":6}}"
            "\n\n"
            "data: {\"delta\":{\"role\":\"assistant\",\"id\":\"4\",\"content\":\"Bye.\"}}\n\n"),
        "(call 0 c1 weather)(args 0 {})(out c1 4 C)(text It is )(text cold.)|(text Bye.) stop 5+6");
    assert_string_equal(
        heard(*state, JSON,
              "{\"messages\":[{\"role\":\"assistant\",\"id\":\"1\",\"content\":\"Hi\"}]}"),
        "(text Hi) end");
}

static void
the_server_s_trace_is_found_where_each_puts_it(void **state)
{
    assert_string_equal(
        heard(*state, STREAM,
              DELTA("m", "Hi")
                  EVENT("response.output_item.done",
                        "\"item\":" MESSAGE(
                            "m", "Hi") ",\"databricks_output\":{\"trace\":{\"info\":{"
                                       "\"trace_id\":\"tr-7\"},\"data\":{\"spans\":[]}}}")),
        "(text Hi) end tr-7");
    assert_string_equal(
        heard(*state, STREAM, DELTA("m", "Hi") "data: {\"trace_id\":\"tr-8\"}\n\n" DONE),
        "(text Hi) end tr-8");
}

static void
errors_are_told_in_every_shape(void **state)
{
    static const char *const bodies[] = {
        EVENT("response.failed",
              "\"response\":{\"error\":{\"code\":\"server_error\",\"message\":\"boom\"}}"),
        EVENT("error", "\"code\":\"server_error\",\"message\":\"boom\",\"sequence_number\":3"),
        EVENT("response.error", "\"message\":\"boom\""),
        "data: {\"error\":\"boom\"}\n\n" DONE,
        "data: {\"error_code\":\"INTERNAL_ERROR\",\"message\":\"boom\"}\n\n",
    };

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_string_equal(heard(*state, STREAM, bodies[i]),
                            " upstream: The model server reported an error: boom.");
}

static void
texts_have_a_limit_of_parts(void **state)
{
    struct arena *a = *state;
    struct buf body;

    buf_init(&body, a, SIZE_MAX);
    for (int i = 0; i < 201; i++)
        buf_printf(&body, DELTA("m%d", "x"), i);
    assert_contains(heard_by(a, STREAM, (struct str){ body.data, body.len }, body.len),
                    "too_large");
}

/* ---- asking ------------------------------------------------------------------- */

static const char *
asked(struct arena *a, const char *url, unsigned concessions, bool trace, const char **body)
{
    static const struct message_text messages[] = { { "user", "Hi" } };
    static const struct dialect_call calls[] = { { "c1", "weather", "{}", "4 C" } };
    static const struct dialect_round round = { "", calls, 1 };
    struct dialect_question q = { .endpoint_url = url,
                                  .model = "m",
                                  .instructions = "Be brief.",
                                  .temperature = (double)NAN,
                                  .messages = messages,
                                  .message_count = 1,
                                  .rounds = &round,
                                  .round_count = concessions & DIALECT_MESSAGES ? 0 : 1,
                                  .conversation = "chat-1",
                                  .return_trace = trace,
                                  .concessions = concessions };
    struct dialect_request rq;

    assert_ok(dialect_responses.ask(a, &q, &rq));
    assert_ok(json_check(a, rq.body, rq.body_len));
    *body = rq.body;
    return rq.url;
}

static void
it_asks_as_each_server_wants_it(void **state)
{
    const char *body;

    assert_string_equal(asked(*state, "https://x.example/v1/", 0, false, &body),
                        "https://x.example/v1/responses");
    assert_string_equal(
        body,
        "{\"model\":\"m\",\"input\":[{\"role\":\"system\",\"content\":\"Be brief.\"},"
        "{\"role\":\"user\",\"content\":\"Hi\"},{\"type\":\"function_call\",\"call_id\":\"c1\","
        "\"name\":\"weather\",\"arguments\":\"{}\"},{\"type\":\"function_call_output\","
        "\"call_id\":\"c1\",\"output\":\"4 C\"}],\"stream\":true,\"store\":false}");
    assert_string_equal(
        asked(*state, "https://x.example/serving-endpoints/a/invocations", 0, true, &body),
        "https://x.example/serving-endpoints/a/invocations");
    assert_contains(body, "\"context\":{\"conversation_id\":\"chat-1\"},\"databricks_options\":"
                          "{\"return_trace\":true}");
    assert_string_equal(
        asked(*state, "https://x.example/serving-endpoints/completions", 0, false, &body),
        "https://x.example/serving-endpoints/completions");
    assert_contains(body, "\"messages\":[");
    (void)asked(*state, "https://x.example/invocations", DIALECT_MESSAGES, false, &body);
    assert_contains(body, "\"messages\":[");
}

static void
it_gives_in_to_what_a_server_lacks_once(void **state)
{
    unsigned concessions = 0;

    (void)state;
    assert_true(
        dialect_concede(&dialect_responses, 400, "Unknown parameter: 'store'", &concessions));
    assert_false(
        dialect_concede(&dialect_responses, 400, "Unknown parameter: 'store'", &concessions));
    assert_true(dialect_concede(&dialect_responses, 422, "missing field messages", &concessions));
    assert_int_equal(concessions, DIALECT_NO_STORE | DIALECT_MESSAGES);
    assert_false(dialect_concede(&dialect_responses, 500, "store", &concessions));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(an_openai_stream_is_heard),
        UNIT_TEST(several_responses_in_one_stream_are_one),
        UNIT_TEST(a_stream_that_breaks_in_its_second_response_is_not_complete),
        UNIT_TEST(what_is_done_without_deltas_is_heard_then),
        UNIT_TEST(items_done_late_and_under_other_ids_are_not_repeated),
        UNIT_TEST(calls_and_their_results_are_heard_once),
        UNIT_TEST(a_whole_response_is_heard),
        UNIT_TEST(a_chat_agent_s_messages_are_heard),
        UNIT_TEST(the_server_s_trace_is_found_where_each_puts_it),
        UNIT_TEST(errors_are_told_in_every_shape),
        UNIT_TEST(texts_have_a_limit_of_parts),
        UNIT_TEST(it_asks_as_each_server_wants_it),
        UNIT_TEST(it_gives_in_to_what_a_server_lacks_once),
    };

    return cmocka_run_group_tests_name("responses", tests, NULL, NULL);
}
