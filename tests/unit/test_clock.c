#include "lib/clock.h"
#include "tests/harness/harness.h"

static void
writes_rfc_3339_with_microseconds(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } cases[] = {
        { 0, "1970-01-01T00:00:00.000000Z" },
        { INT64_C(1769860800123456), "2026-01-31T12:00:00.123456Z" },
        { INT64_C(951782399999999), "2000-02-28T23:59:59.999999Z" },
        { INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z" },
        { -1, "1969-12-31T23:59:59.999999Z" },
        { INT64_C(-62135596800000000), "0001-01-01T00:00:00.000000Z" },
        { INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z" },
    };
    char text[CLOCK_TEXT + 1];

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        clock_text(cases[i].us, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void
shows_the_ends_for_times_that_have_no_text(void **state)
{
    char text[CLOCK_TEXT + 1];

    (void)state;
    clock_text(INT64_MIN, text);
    assert_string_equal(text, "0001-01-01T00:00:00.000000Z");
    clock_text(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

static void
both_clocks_agree_with_themselves(void **state)
{
    int64_t ms = clock_wall_ms(), us = clock_wall_us();
    int64_t mono_ms = clock_mono_ms(), mono_ns = clock_mono_ns();

    (void)state;
    assert_in_range(us / 1000 - ms, 0, 10000);
    assert_in_range(mono_ns / 1000000 - mono_ms, 0, 10000);
    assert_true(clock_mono_ns() >= mono_ns);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(writes_rfc_3339_with_microseconds),
        UNIT_TEST(shows_the_ends_for_times_that_have_no_text),
        UNIT_TEST(both_clocks_agree_with_themselves),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
