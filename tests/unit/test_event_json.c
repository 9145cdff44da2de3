#include "db/event_json.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_check.h"
#include "tests/harness/harness.h"

#include <json-c/json.h>
#include <string.h>

#define REQUEST "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
#define DIGITS  "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b"

static const enum event_type all_types[] = {
    EVENT_CREATED,
    EVENT_QUEUED,
    EVENT_IN_PROGRESS,
    EVENT_COMPLETED,
    EVENT_FAILED,
    EVENT_INCOMPLETE,
    EVENT_ITEM_ADDED,
    EVENT_ITEM_DONE,
    EVENT_MESSAGE_ADDED,
    EVENT_TEXT_PART_ADDED,
    EVENT_TEXT_DELTA,
    EVENT_ANNOTATION_ADDED,
    EVENT_TEXT_DONE,
    EVENT_TEXT_PART_DONE,
    EVENT_MESSAGE_DONE,
    EVENT_MESSAGE_CLOSED,
    EVENT_REASONING_ADDED,
    EVENT_REASONING_PART_ADDED,
    EVENT_REASONING_DELTA,
    EVENT_REASONING_TEXT_DONE,
    EVENT_REASONING_PART_DONE,
    EVENT_REASONING_DONE,
    EVENT_REASONING_CLOSED,
    EVENT_CALL_DELTA,
    EVENT_CALL_DONE,
};

static void
put(void *object)
{
    json_object_put(object);
}

static struct event_row
row_of(enum event_type type, const char *text, const char *data)
{
    struct event_row row = {
        .e = { .seq = 7, .attempt = 1, .type = type, .item = 2, .text = text, .data = data },
        .status = "completed",
        .output = "[]",
        .created_s = 1700000000,
        .model = "m"
    };

    assert_true(id_parse(REQUEST, &row.e.request_id));
    return row;
}

static struct json_object *
render(struct arena *a, const struct event_row *row)
{
    struct json_object *object;
    struct buf b;

    buf_init(&b, a, 100000);
    event_json(&b, row);
    assert_ok(json_check(a, b.data, b.len));
    object = json_tokener_parse(b.data);
    arena_defer(a, put, object);
    return object;
}

/* The text at a path of members and array indexes, NULL when there is none. */
static const char *
at(struct json_object *object, const char *path)
{
    struct json_object *found;

    return json_pointer_get(object, path, &found) == 0 && found ? json_object_get_string(found)
                                                                : NULL;
}

static void
every_type_gives_one_json_object_with_its_name_and_number(void **state)
{
    for (size_t i = 0; i < sizeof(all_types) / sizeof(all_types[0]); i++) {
        struct event_row row = row_of(all_types[i], NULL, NULL);
        struct json_object *o = render(*state, &row);

        assert_string_equal(at(o, "/type"), event_type_name(all_types[i]));
        assert_string_equal(at(o, "/sequence_number"), "7");
    }
}

static void
a_delta_names_its_item_and_escapes_its_text(void **state)
{
    struct event_row row = row_of(EVENT_TEXT_DELTA, "a \"b\"\n\xc3\xa9 </script>", NULL);
    struct json_object *o = render(*state, &row);

    assert_string_equal(at(o, "/type"), "response.output_text.delta");
    assert_string_equal(at(o, "/item_id"), "msg_" DIGITS "_2");
    assert_string_equal(at(o, "/output_index"), "2");
    assert_string_equal(at(o, "/content_index"), "0");
    assert_string_equal(at(o, "/delta"), "a \"b\"\n\xc3\xa9 </script>");
    assert_string_equal(at(o, "/logprobs"), "[ ]");
}

static void
an_added_message_is_empty_and_a_done_one_repeats_its_id_with_the_text(void **state)
{
    struct event_row added = row_of(EVENT_MESSAGE_ADDED, NULL, NULL);
    struct event_row done = row_of(EVENT_MESSAGE_DONE, "whole", NULL);
    struct json_object *a = render(*state, &added);
    struct json_object *d = render(*state, &done);

    assert_string_equal(at(a, "/item/content"), "[ ]");
    assert_string_equal(at(a, "/item/status"), "in_progress");
    assert_string_equal(at(a, "/item/id"), at(d, "/item/id"));
    assert_string_equal(at(d, "/item/status"), "completed");
    assert_string_equal(at(d, "/item/content/0/type"), "output_text");
    assert_string_equal(at(d, "/item/content/0/text"), "whole");
}

static void
a_closed_message_is_incomplete(void **state)
{
    struct event_row row = row_of(EVENT_MESSAGE_CLOSED, "half", NULL);
    struct json_object *o = render(*state, &row);

    assert_string_equal(at(o, "/type"), "response.output_item.done");
    assert_string_equal(at(o, "/item/status"), "incomplete");
    assert_string_equal(at(o, "/item/content/0/text"), "half");
}

static void
reasoning_has_its_own_ids_and_no_annotations(void **state)
{
    struct event_row row = row_of(EVENT_REASONING_PART_DONE, "why", NULL);
    struct json_object *o = render(*state, &row);

    assert_string_equal(at(o, "/item_id"), "rs_" DIGITS "_2");
    assert_string_equal(at(o, "/part/type"), "reasoning_text");
    assert_null(at(o, "/part/annotations"));
}

static void
a_lifecycle_event_carries_the_whole_response(void **state)
{
    struct event_response r = { .created_s = 5, .model = "m\"m", .status = "queued" };
    struct event_row row;
    struct json_object *o;
    struct buf members;

    buf_init(&members, *state, 10000);
    event_response_members(&members, &r);
    row = row_of(EVENT_CREATED, NULL, members.data);
    o = render(*state, &row);

    assert_string_equal(at(o, "/response/id"), "resp_" DIGITS);
    assert_string_equal(at(o, "/response/object"), "response");
    assert_string_equal(at(o, "/response/status"), "queued");
    assert_string_equal(at(o, "/response/model"), "m\"m");
    assert_string_equal(at(o, "/response/output"), "[ ]");
    assert_string_equal(at(o, "/response/created_at"), "5");
}

static void
a_cancelled_response_ends_as_incomplete_with_status_cancelled(void **state)
{
    struct event_row row = row_of(EVENT_INCOMPLETE, NULL, NULL);
    struct json_object *o;

    row.status = "cancelled";
    row.finish_reason = "cancelled";
    o = render(*state, &row);

    assert_string_equal(at(o, "/type"), "response.incomplete");
    assert_string_equal(at(o, "/response/status"), "cancelled");
    assert_null(at(o, "/response/incomplete_details"));
}

static void
an_answer_cut_by_its_length_says_so(void **state)
{
    struct event_row row = row_of(EVENT_INCOMPLETE, NULL, NULL);
    struct json_object *o;

    row.finish_reason = "length";
    o = render(*state, &row);

    assert_string_equal(at(o, "/response/status"), "incomplete");
    assert_string_equal(at(o, "/response/incomplete_details/reason"), "max_output_tokens");
}

static void
a_failure_carries_its_error_and_a_success_never_does(void **state)
{
    struct event_row failed = row_of(EVENT_FAILED, NULL, NULL);
    struct event_row completed = row_of(EVENT_COMPLETED, NULL, NULL);

    failed.error = completed.error = "{\"code\":\"x\",\"message\":\"y\"}";

    assert_string_equal(at(render(*state, &failed), "/response/error/message"), "y");
    assert_null(at(render(*state, &completed), "/response/error"));
}

static void
an_item_of_the_output_is_the_same_as_in_its_done_event(void **state)
{
    struct event_item item = { .item = 2, .added = EVENT_MESSAGE_ADDED, .text = "t", .done = true };
    struct event_row row = row_of(EVENT_MESSAGE_DONE, "t", NULL);
    struct json_object *o = render(*state, &row), *i;
    struct buf b;

    buf_init(&b, *state, 10000);
    event_item_json(&b, row.e.request_id, &item);
    i = json_tokener_parse(b.data);
    arena_defer(*state, put, i);

    assert_true(json_object_equal(i, json_object_object_get(o, "item")));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(every_type_gives_one_json_object_with_its_name_and_number),
        UNIT_TEST(a_delta_names_its_item_and_escapes_its_text),
        UNIT_TEST(an_added_message_is_empty_and_a_done_one_repeats_its_id_with_the_text),
        UNIT_TEST(a_closed_message_is_incomplete),
        UNIT_TEST(reasoning_has_its_own_ids_and_no_annotations),
        UNIT_TEST(a_lifecycle_event_carries_the_whole_response),
        UNIT_TEST(a_cancelled_response_ends_as_incomplete_with_status_cancelled),
        UNIT_TEST(an_answer_cut_by_its_length_says_so),
        UNIT_TEST(a_failure_carries_its_error_and_a_success_never_does),
        UNIT_TEST(an_item_of_the_output_is_the_same_as_in_its_done_event),
    };

    return cmocka_run_group_tests_name("event_json", tests, NULL, NULL);
}
