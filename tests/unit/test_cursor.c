#include "app/cursor.h"
#include "app/request.h"
#include "lib/str.h"
#include "tests/harness/harness.h"

#include <string.h>

#define CURSOR_LEN 47 /* characters */
#define TIME       "2026-01-31T12:00:00.123456Z"

static void
a_cursor_leads_back_to_its_place(void **state)
{
    struct id id = id_new(), again;
    const char *at, *cursor = cursor_make(*state, TIME, id);

    assert_int_equal(strspn(cursor, "0123456789abcdef"), CURSOR_LEN);
    assert_int_equal(strlen(cursor), CURSOR_LEN);
    assert_true(cursor_read(*state, cursor, &at, &again));
    assert_string_equal(at, TIME);
    assert_true(id_eq(id, again));
}

static void
places_in_time_keep_their_order(void **state)
{
    static const char *const times[] = { "0001-01-01T00:00:00.000000Z",
                                         "1969-12-31T23:59:59.999999Z",
                                         "1970-01-01T00:00:00.000000Z",
                                         "2024-02-29T23:59:59.000001Z",
                                         TIME,
                                         "9133-12-31T23:59:59.999999Z" };
    const char *before = "", *at;
    struct id id = id_new(), again;

    for (size_t i = 0; i < TEST_COUNT(times); i++) {
        const char *cursor = cursor_make(*state, times[i], id);

        assert_true(strcmp(before, cursor) < 0);
        assert_true(cursor_read(*state, cursor, &at, &again));
        assert_string_equal(at, times[i]);
        before = cursor;
    }
}

static void
every_word_of_that_form_is_a_place(void **state)
{
    static const char *const words[] = { "00000000000000000000000000000000000000000000000",
                                         "3ffffffffffffffffffffffffffffffffffffffffffffff" };
    struct id id;
    const char *at;

    for (size_t i = 0; i < TEST_COUNT(words); i++) {
        assert_true(cursor_read(*state, words[i], &at, &id));
        assert_true(request_is_time(at) && id_is_set(id));
    }
}

static void
another_word_is_no_cursor(void **state)
{
    struct id id = id_new();
    const char *cursor = cursor_make(*state, TIME, id), *at;
    char *broken;

    assert_false(cursor_read(*state, "", &at, &id));
    assert_false(cursor_read(*state, "x", &at, &id));
    assert_false(cursor_read(*state, "40000000000000000000000000000000000000000000000", &at, &id));
    assert_false(cursor_read(*state, arena_printf(*state, "%s0", cursor), &at, &id));
    for (size_t i = 0; i < strlen(cursor); i++) {
        broken = arena_strdup(*state, cursor);
        broken[i] = 'F';
        assert_false(cursor_read(*state, broken, &at, &id));
        assert_false(cursor_read(*state, arena_strndup(*state, cursor, i), &at, &id));
    }
}

static void
a_time_is_rfc_3339(void **state)
{
    static const char *const good[] = { TIME, "2026-01-31t12:00:00z", "1999-12-31T23:59:59+14:00",
                                        "2026-01-31T12:00:00.1-00:30" };
    static const char *const bad[] = {
        "",
        "infinity",
        "2026-01-31",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00:00Z",
        "2026-00-31T12:00:00Z",
        "2026-13-31T12:00:00Z",
        "2026-01-32T12:00:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T12:60:00Z",
        "2026-01-31T12:00:60Z",
        "2026-01-31T12:00:00.Z",
        "2026-01-31T12:00:00.1234567Z",
        "2026-01-31T12:00:00ZZ",
        "2026-01-31T12:00:00+1:00",
        "2026-01-31T12:00:00+15:00",
        "2026-01-31T12:00:00+01:00x",
        "+026-01-31T12:00:00Z",
        "2026-01-31T12:00:00,5Z",
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(good); i++)
        assert_true(request_is_time(good[i]));
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_false(request_is_time(bad[i]));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_cursor_leads_back_to_its_place),
        UNIT_TEST(places_in_time_keep_their_order),
        UNIT_TEST(every_word_of_that_form_is_a_place),
        UNIT_TEST(another_word_is_no_cursor),
        UNIT_TEST(a_time_is_rfc_3339),
    };

    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
