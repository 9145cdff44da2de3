#include "db/request.h"
#include "lib/buf.h"
#include "lib/str.h"
#include "tests/harness/harness.h"
#include "tests/harness/heard.h"
#include "worker/model/chat_chunk.h"
#include "worker/model/reply.h"

#include <string.h>

#define STREAM "text/event-stream"
#define JSON   "application/json"

#define CHUNK(delta) "data: {\"choices\":[{\"index\":0,\"delta\":{" delta "}}]}\n\n"
#define TEXT(text)   CHUNK("\"content\":\"" text "\"")
#define STOP         "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
#define DONE         "data: [DONE]\n\n"

static const char *
heard_by(struct arena *a, const char *type, struct str body, size_t step)
{
    return heard_in_steps(a, chat_chunk_listen(a, type), reply_end, body, step);
}

static const char *
heard(struct arena *a, const char *type, const char *body)
{
    return heard_by(a, type, str_from(body), SIZE_MAX);
}

static void
hears_a_plain_stream(void **state)
{
    const char *said =
        heard(*state, STREAM,
              CHUNK("\"role\":\"assistant\",\"content\":\"\"") TEXT("Hel") TEXT("lo") STOP DONE);

    assert_string_equal(said, "(text Hel)(text lo) stop");
}

static void
says_the_same_however_the_bytes_are_cut(void **state)
{
    const struct str body =
        STR(": ping\r\n\r\ndata: {\"choices\":[{\"delta\":{\"reasoning\":\"h\xc3\xa9\"}}]}\r\n\r\n"
            "{\"choices\":[{\"delta\":{\"content\":\"\xe4\xb8\x96\xff\"}}]}\r\n"
            "data:{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"a\","
            "\"function\":{\"name\":\"f\",\"arguments\":\"{}\"}}]},\"finish_reason\":"
            "\"tool_calls\"}]}\n\ndata: [DONE]\n\n");
    const char *whole = heard_by(*state, STREAM, body, SIZE_MAX);

    assert_string_equal(whole,
                        "(think h\xc3\xa9)(text \xe4\xb8\x96\xef\xbf\xbd)(call 0 a f)(args 0 "
                        "{}) tool_calls");
    for (size_t step = 1; step < 40; step++)
        assert_string_equal(heard_by(*state, STREAM, body, step), whole);
}

static void
a_stream_without_an_end_was_cut(void **state)
{
    assert_string_equal(heard(*state, STREAM, TEXT("a")),
                        "(text a) upstream: The model server's answer broke off before its end.");
    assert_string_equal(heard(*state, STREAM, TEXT("a") "data: {\"choices\":[{\"del"),
                        "(text a) upstream: The model server's answer broke off before its end.");
    assert_string_equal(heard(*state, STREAM, ": ping\n\n: ping\n\n"),
                        " upstream: The model server ended without an answer.");
    assert_string_equal(heard(*state, STREAM, ""),
                        " upstream: The model server sent an empty answer.");
}

static void
any_of_three_ends_is_an_end(void **state)
{
    assert_string_equal(heard(*state, STREAM, TEXT("a") DONE), "(text a) end");
    assert_string_equal(heard(*state, STREAM, TEXT("a") STOP), "(text a) stop");
    assert_string_equal(heard(*state, STREAM,
                              TEXT("a") "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,"
                                        "\"completion_tokens\":1}}\n\n"),
                        "(text a) end 3+1");
}

static void
takes_finish_reasons_wherever_they_stand(void **state)
{
    const struct {
        const char *body, *said;
    } cases[] = {
        { "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":\"length\"}]}\n\n",
          "(text a) length" },
        { "data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n\n" STOP,
          "(text a) stop" },
        { "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"\"}]}\n\n" DONE, " end" },
        { "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"eos_token\"}]}\n\n", " stop" },
        { "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"content_filter\"}]}\n\n",
          " content_filter" },
        { "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"error\"}]}\n\n",
          " upstream: The model server ended the answer with an error." },
    };

    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        assert_string_equal(heard(*state, STREAM, cases[i].body), cases[i].said);
}

static void
hears_nothing_after_done(void **state)
{
    assert_string_equal(
        heard(*state, STREAM, TEXT("a") DONE TEXT("b") "data: {\"error\":\"x\"}\n\n"),
        "(text a) end");
}

static void
hears_reasoning_under_each_of_its_names_once(void **state)
{
    assert_string_equal(heard(*state, STREAM, CHUNK("\"reasoning\":\"a\"") STOP), "(think a) stop");
    assert_string_equal(heard(*state, STREAM, CHUNK("\"reasoning_content\":\"a\"") STOP),
                        "(think a) stop");
    assert_string_equal(
        heard(*state, STREAM, CHUNK("\"reasoning\":\"a\",\"reasoning_content\":\"a\"") STOP),
        "(think a) stop");
    assert_string_equal(
        heard(*state, STREAM, CHUNK("\"reasoning_content\":null,\"content\":\"b\"") STOP),
        "(text b) stop");
}

static void
hears_content_in_parts(void **state)
{
    assert_string_equal(
        heard(*state, STREAM,
              CHUNK("\"content\":[{\"type\":\"reasoning\",\"summary\":[{\"type\":\"summary_text\","
                    "\"text\":\"why\"}]},{\"type\":\"text\",\"text\":\"so\"}]") STOP),
        "(think why)(text so) stop");
    assert_string_equal(
        heard(*state, STREAM,
              CHUNK("\"content\":[{\"type\":\"thinking\",\"thinking\":[{\"type\":\"text\","
                    "\"text\":\"hm\"}]}]") CHUNK("\"content\":[\"plain\"]") STOP),
        "(think hm)(text plain) stop");
}

static void
a_refusal_is_the_answer(void **state)
{
    assert_string_equal(heard(*state, STREAM, CHUNK("\"content\":null,\"refusal\":\"No.\"") STOP),
                        "(text No.) stop");
}

static void
joins_the_pieces_of_calls_by_their_index(void **state)
{
    const char *said = heard(
        *state, STREAM,
        CHUNK(
            "\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":"
            "\"\"}}]")
            CHUNK("\"tool_calls\":[{\"index\":1,\"id\":\"b\",\"function\":{\"name\":\"g\"}}]")
                CHUNK("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"1\"}}]")
                    CHUNK("\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"2\"}}]")
                        DONE);

    assert_string_equal(said, "(call 0 a f)(call 1 b g)(args 0 1)(args 1 2) end");
}

static void
a_new_id_under_an_old_index_is_a_new_call(void **state)
{
    const char *said = heard(
        *state, STREAM,
        CHUNK(
            "\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"f\",\"arguments\":"
            "\"1\"}}]")
            CHUNK("\"tool_calls\":[{\"index\":0,\"id\":\"a\",\"function\":{\"arguments\":\"2\"}}]")
                CHUNK("\"tool_calls\":[{\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"g\","
                      "\"arguments\":\"3\"}}]")
                    CHUNK("\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"4\"}}]")
                        DONE);

    assert_string_equal(said,
                        "(call 0 a f)(args 0 1)(args 0 2)(call 1 b g)(args 1 3)(args 1 4) end");
}

static void
makes_up_what_calls_lack(void **state)
{
    assert_string_equal(heard(*state, STREAM,
                              CHUNK("\"tool_calls\":[{\"function\":{\"name\":\"f\",\"arguments\":{"
                                    "\"n\":1}}}]") DONE),
                        "(call 0 call_0 f)(args 0 {\"n\":1}) end");
    assert_string_equal(heard(*state, STREAM,
                              CHUNK("\"function_call\":{\"name\":\"f\",\"arguments\":\"{\"}")
                                  CHUNK("\"function_call\":{\"arguments\":\"}\"}") DONE),
                        "(call 0 call_0 f)(args 0 {)(args 0 }) end");
    assert_string_equal(heard(*state, STREAM, CHUNK("\"tool_calls\":[],\"content\":\"a\"") DONE),
                        "(text a) end");
}

static void
tells_of_errors_in_mid_stream(void **state)
{
    const struct {
        const char *event, *said;
    } cases[] = {
        { "data: {\"error\":{\"message\":\"out of memory\",\"type\":\"server_error\"}}\n\n",
          "(text a) upstream: The model server reported an error: out of memory." },
        { "data: {\"error\":\"boom!\"}\n\n",
          "(text a) upstream: The model server reported an error: boom!" },
        { "data: {\"object\":\"error\",\"message\":\"bad\",\"code\":400}\n\n",
          "(text a) invalid: The model server refused the request (error 400): bad." },
        { "event: error\ndata: {\"oops\":1}\n\n",
          "(text a) upstream: The model server reported an error." },
        { "{\"error\":{\"message\":\"late\"}}\n",
          "(text a) upstream: The model server reported an error: late." },
        { "data: {\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\"}}\n\n",
          "(text a) rate_limited: The model server is over its rate limit: slow down." },
        { "data: {\"detail\":\"gone\"}\n\n",
          "(text a) upstream: The model server reported an error: gone." },
        { "data: {\"error_code\":\"BAD_REQUEST\",\"message\":\"no\"}\n\n",
          "(text a) upstream: The model server reported an error: no." },
    };

    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        assert_string_equal(
            heard(*state, STREAM, arena_printf(*state, "%s%s", TEXT("a"), cases[i].event)),
            cases[i].said);
}

static void
an_empty_error_is_none(void **state)
{
    assert_string_equal(
        heard(*state, STREAM,
              "data: {\"error\":null,\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
              "data: {\"error\":{},\"choices\":[]}\n\n" DONE),
        "(text a) end");
}

static void
reads_one_object_where_a_stream_was_asked_for(void **state)
{
    const char *body =
        " {\n \"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\"Hello\","
        "\"reasoning_content\":\"hm\"},\"finish_reason\":\"stop\"}],\n"
        "\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n";

    assert_string_equal(heard(*state, JSON, body), "(think hm)(text Hello) stop 5+2");
    assert_string_equal(heard_by(*state, JSON, str_from(body), 1),
                        "(think hm)(text Hello) stop 5+2");
    assert_string_equal(heard(*state, JSON, "{\"error\":{\"message\":\"no\"}}"),
                        " upstream: The model server reported an error: no.");
    assert_string_equal(heard(*state, JSON, "{\"hello\":1}"),
                        " malformed: The model server sent something that is not an answer.");
}

static void
reads_one_object_a_line(void **state)
{
    assert_string_equal(heard(*state, "application/x-ndjson",
                              "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n"
                              "{\"choices\":[{\"delta\":{\"content\":\"b\"},\"finish_reason\":"
                              "\"stop\"}]}\n"),
                        "(text a)(text b) stop");
}

static void
reads_events_under_any_content_type(void **state)
{
    assert_string_equal(heard(*state, "text/plain", TEXT("a") DONE), "(text a) end");
    assert_string_equal(heard(*state, JSON, "\r\n" TEXT("a") DONE), "(text a) end");
    assert_string_equal(heard(*state, "", ": hi\n" TEXT("a") DONE), "(text a) end");
}

static void
a_web_page_is_no_answer(void **state)
{
    const char *error =
        " unsupported_media_type: The model server answered with a web page (HTML); the "
        "agent's endpoint URL is probably wrong.";

    assert_string_equal(heard(*state, "text/html; charset=utf-8", "Sign in"), error);
    assert_string_equal(heard(*state, "", "\n<!doctype html><title>Sign in"), error);
}

static void
what_is_no_json_is_no_answer(void **state)
{
    assert_string_equal(
        heard(*state, STREAM, TEXT("a") "data: {nonsense\n\n" DONE),
        "(text a) malformed: The model server sent something that is not an answer.");
}

static void
a_line_over_the_limit_ends_it(void **state)
{
    struct buf body;

    buf_init(&body, *state, SIZE_MAX);
    buf_add_str(&body, TEXT("a") "data: {\"choices\":[{\"delta\":{\"content\":\"");
    while (body.len < 2 * CHAT_EVENT_MAX)
        buf_add_str(&body, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");

    assert_string_equal(heard_by(*state, STREAM, (struct str){ body.data, body.len }, 16384),
                        "(text a) too_large: The model server sent a line over the limit.");
}

static void
replaces_what_no_text_may_hold(void **state)
{
    assert_string_equal(heard(*state, STREAM, TEXT("a\\u0000b") DONE), "(text a\xef\xbf\xbd"
                                                                       "b) end");
    assert_string_equal(heard(*state, STREAM, TEXT("\\ud83d") TEXT("\\ude00x") DONE),
                        "(text \xef\xbf\xbd)(text \xef\xbf\xbdx) end");
    assert_string_equal(heard(*state, STREAM, TEXT("\\ud83d\\ude00\\\\u0000\\n") DONE),
                        "(text \xf0\x9f\x98\x80\\u0000\n) end");
}

static void
passes_over_what_it_does_not_know(void **state)
{
    assert_string_equal(
        heard(*state, STREAM,
              "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n"
              "data: {\"trace_id\":\"tr-1\"}\n\nid: 7\nretry: 10\n\n"
              "data: {\"choices\":[{\"delta\":null}]}\n\n"
              "data: {\"choices\":[{\"delta\":{\"content\":5}}],\"x\":{\"y\":[]}}\n\n"
              "data:\n\n" TEXT("a") DONE),
        "(text a) end");
}

static void
counts_tokens_by_timings_when_usage_is_not_told(void **state)
{
    assert_string_equal(heard(*state, STREAM,
                              "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],"
                              "\"timings\":{\"prompt_n\":7,\"predicted_n\":4}}\n\n"),
                        " stop 7+4");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(hears_a_plain_stream),
        UNIT_TEST(says_the_same_however_the_bytes_are_cut),
        UNIT_TEST(a_stream_without_an_end_was_cut),
        UNIT_TEST(any_of_three_ends_is_an_end),
        UNIT_TEST(takes_finish_reasons_wherever_they_stand),
        UNIT_TEST(hears_nothing_after_done),
        UNIT_TEST(hears_reasoning_under_each_of_its_names_once),
        UNIT_TEST(hears_content_in_parts),
        UNIT_TEST(a_refusal_is_the_answer),
        UNIT_TEST(joins_the_pieces_of_calls_by_their_index),
        UNIT_TEST(a_new_id_under_an_old_index_is_a_new_call),
        UNIT_TEST(makes_up_what_calls_lack),
        UNIT_TEST(tells_of_errors_in_mid_stream),
        UNIT_TEST(an_empty_error_is_none),
        UNIT_TEST(reads_one_object_where_a_stream_was_asked_for),
        UNIT_TEST(reads_one_object_a_line),
        UNIT_TEST(reads_events_under_any_content_type),
        UNIT_TEST(a_web_page_is_no_answer),
        UNIT_TEST(what_is_no_json_is_no_answer),
        UNIT_TEST(a_line_over_the_limit_ends_it),
        UNIT_TEST(replaces_what_no_text_may_hold),
        UNIT_TEST(passes_over_what_it_does_not_know),
        UNIT_TEST(counts_tokens_by_timings_when_usage_is_not_told),
    };

    return cmocka_run_group_tests_name("chat_chunk", tests, NULL, NULL);
}
