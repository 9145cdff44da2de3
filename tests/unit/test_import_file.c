#include "lib/arena.h"
#include "tests/harness/harness.h"
#include "worker/import/import_file.h"

#include <stdio.h>
#include <string.h>

#define NOW_US INT64_C(1800000000000000)

/* The only chat of a list of one. */
static struct err
read_one(struct arena *a, const char *text, struct import_chat *out)
{
    struct import_file file;
    struct str one;

    assert_ok(import_open(a, text, strlen(text), &file));
    assert_true(import_next(&file, &one));
    return import_read(a, one, NOW_US, out);
}

static void
must_read(struct arena *a, const char *text, struct import_chat *out)
{
    assert_ok(read_one(a, text, out));
}

static void
our_own_export_is_read_whole(void **state)
{
    struct import_chat c;

    must_read(*state,
              "[{\"title\":\" T \",\"pinned\":true,\"messages\":["
              "{\"id\":\"a\",\"parent_id\":null,\"role\":\"user\",\"content\":\"q\\n\\u00e9\","
              "\"created_at\":\"2026-01-31T12:00:00.123456Z\",\"shown\":true},"
              "{\"id\":\"b\",\"parent_id\":\"a\",\"role\":\"assistant\",\"status\":\"failed\","
              "\"content\":\"\",\"sources\":[{\"n\":1}],\"feedback\":{\"rating\":\"down\","
              "\"comment\":\"no\"},\"created_at\":\"2026-01-31T12:00:01.000000Z\",\"shown\":true}"
              "]}]",
              &c);
    assert_string_equal(c.title, "T");
    assert_true(c.pinned && !c.archived);
    assert_int_equal(c.count, 2);
    assert_string_equal(c.messages[0].content, "q\n\xc3\xa9");
    assert_int_equal(c.messages[0].at_us, INT64_C(1769860800123456));
    assert_int_equal(c.messages[1].parent, 0);
    assert_string_equal(c.messages[1].status, "failed");
    assert_string_equal(c.messages[1].sources, "[{\"n\":1}]");
    assert_string_equal(c.messages[1].rating, "down");
    assert_string_equal(c.messages[1].comment, "no");
}

static void
messages_without_ids_follow_each_other_up_to_now(void **state)
{
    struct import_chat c;

    must_read(*state,
              "[{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
              "{\"role\":\"assistant\",\"content\":\"b\"}]}]",
              &c);
    assert_string_equal(c.title, "Imported chat");
    assert_int_equal(c.messages[0].parent, -1);
    assert_int_equal(c.messages[1].parent, 0);
    assert_int_equal(c.messages[1].at_us, NOW_US);
    assert_int_equal(c.messages[0].at_us, NOW_US - 1);
    assert_true(c.messages[0].shown && c.messages[1].shown);
}

static const char chatgpt[] =
    "[{\"title\":\"Hi\",\"is_archived\":true,\"current_node\":\"v\",\"mapping\":{"
    "\"r\":{\"message\":null,\"parent\":null},"
    "\"s\":{\"message\":{\"author\":{\"role\":\"system\"},\"content\":{\"parts\":[\"\"]}},"
    "\"parent\":\"r\"},"
    "\"w\":{\"message\":{\"author\":{\"role\":\"assistant\"},\"create_time\":1700000002,"
    "\"content\":{\"parts\":[\"Two\",{\"x\":1},\"more\"]}},\"parent\":\"u\"},"
    "\"u\":{\"message\":{\"author\":{\"role\":\"user\"},\"create_time\":1700000000.5,"
    "\"content\":{\"parts\":[\"Ask\"]}},\"parent\":\"s\"},"
    "\"v\":{\"message\":{\"author\":{\"role\":\"assistant\"},\"create_time\":1700000001.25,"
    "\"content\":{\"parts\":[\"One\"]}},\"parent\":\"u\"},"
    "\"t\":{\"message\":{\"author\":{\"role\":\"tool\"},\"create_time\":1700000003,"
    "\"content\":{\"text\":\"code\"}},\"parent\":\"v\"}}}]";

static void
a_chatgpt_export_keeps_its_branches_and_what_was_shown(void **state)
{
    struct import_chat c;

    must_read(*state, chatgpt, &c);
    assert_string_equal(c.title, "Hi");
    assert_true(c.archived);
    assert_int_equal(c.count, 3);
    assert_string_equal(c.messages[0].content, "Ask");
    assert_int_equal(c.messages[0].at_us, INT64_C(1700000000500000));
    assert_string_equal(c.messages[1].content, "One");
    assert_string_equal(c.messages[2].content, "Two\n\nmore");
    assert_int_equal(c.messages[1].parent, 0);
    assert_int_equal(c.messages[2].parent, 0);
    assert_true(c.messages[0].shown && c.messages[1].shown && !c.messages[2].shown);
}

static void
a_message_is_later_than_the_one_it_follows(void **state)
{
    struct import_chat c;

    must_read(*state,
              "[{\"messages\":["
              "{\"id\":\"b\",\"parent_id\":\"a\",\"role\":\"assistant\",\"content\":\"second\","
              "\"created_at\":\"2020-01-01T00:00:00.000000Z\"},"
              "{\"id\":\"a\",\"role\":\"user\",\"parent_id\":null,\"content\":\"first\","
              "\"created_at\":\"2021-01-01T00:00:00.000000Z\"}]}]",
              &c);
    assert_string_equal(c.messages[0].content, "first");
    assert_int_equal(c.messages[1].parent, 0);
    assert_true(c.messages[1].at_us > c.messages[0].at_us);
}

static void
nothing_is_later_than_now(void **state)
{
    struct import_chat c;

    must_read(*state,
              "[{\"messages\":[{\"role\":\"user\",\"content\":\"x\","
              "\"created_at\":\"2099-12-31T23:59:60.000000Z\"}]}]",
              &c);
    assert_int_equal(c.messages[0].at_us, NOW_US);
}

static void
titles_are_cut_at_200_characters(void **state)
{
    struct arena *a = *state;
    struct import_chat c;
    char title[1001] = "";

    for (size_t i = 0; i < 1000; i += 2)
        memcpy(title + i, "\xc3\xa9", 3);
    must_read(a, arena_printf(a, "[{\"title\":\"%s\",\"messages\":[]}]", title), &c);
    assert_int_equal(strlen(c.title), 400);
}

static void
what_is_no_chat_is_refused(void **state)
{
    static const char *const texts[] = {
        "[1]",
        "[{}]",
        "[{\"messages\":{}}]",
        "[{\"messages\":[1]}]",
        "[{\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}]",
        "[{\"messages\":[{\"role\":\"user\"}]}]",
        "[{\"messages\":[{\"id\":\"a\",\"parent_id\":\"a\",\"role\":\"user\",\"content\":\"x\"}]}]",
        "[{\"messages\":[{\"id\":\"a\",\"role\":\"user\",\"content\":\"x\"},"
        "{\"id\":\"a\",\"role\":\"user\",\"content\":\"y\"}]}]",
        "[{\"mapping\":{\"a\":{\"parent\":\"b\"},\"b\":{\"parent\":\"a\"}}}]",
    };
    struct import_chat c;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_err(ERR_INVALID, read_one(*state, texts[i], &c));
}

static void
a_list_is_read_chat_by_chat(void **state)
{
    static const char text[] = " [ {\"a\":1} , 2, [3] ] ";
    struct import_file file;
    struct str one;

    assert_ok(import_open(*state, text, strlen(text), &file));
    assert_int_equal(file.count, 3);
    for (int i = 0; i < 3; i++)
        assert_true(import_next(&file, &one));
    assert_false(import_next(&file, &one));
    assert_err(ERR_MALFORMED, import_open(*state, "[1", 2, &file));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(our_own_export_is_read_whole),
        UNIT_TEST(messages_without_ids_follow_each_other_up_to_now),
        UNIT_TEST(a_chatgpt_export_keeps_its_branches_and_what_was_shown),
        UNIT_TEST(a_message_is_later_than_the_one_it_follows),
        UNIT_TEST(nothing_is_later_than_now),
        UNIT_TEST(titles_are_cut_at_200_characters),
        UNIT_TEST(what_is_no_chat_is_refused),
        UNIT_TEST(a_list_is_read_chat_by_chat),
    };

    return cmocka_run_group_tests_name("import_file", tests, NULL, NULL);
}
