#include "lib/buf.h"
#include "tests/harness/harness.h"

static void
starts_empty_and_terminated(void **state)
{
    struct buf b;

    buf_init(&b, *state, 10);

    assert_int_equal(b.len, 0);
    assert_string_equal(b.data, "");
    assert_true(buf_ok(&b));
}

static void
keeps_content_while_growing(void **state)
{
    struct buf b;

    buf_init(&b, *state, 100000);
    for (int i = 0; i < 10000; i++)
        buf_printf(&b, "%d,", i % 10);

    assert_int_equal(b.len, 20000);
    assert_memory_equal(b.data, "0,1,2,", 6);
    assert_string_equal(b.data + b.len - 4, "8,9,");
}

static void
holds_exactly_its_limit(void **state)
{
    struct buf b;

    buf_init(&b, *state, 1000);
    for (int i = 0; i < 1000; i++)
        buf_add_char(&b, 'x');
    assert_true(buf_ok(&b));
    assert_int_equal(b.len, 1000);

    buf_add_char(&b, 'x');

    assert_false(buf_ok(&b));
    assert_int_equal(b.len, 1000);
}

static void
drops_the_append_that_passes_the_limit_whole(void **state)
{
    struct buf b;

    buf_init(&b, *state, 5);
    buf_add_str(&b, "1234");
    buf_add_str(&b, "56");

    assert_false(buf_ok(&b));
    assert_string_equal(b.data, "1234");
}

static void
printf_counts_against_the_limit_too(void **state)
{
    struct buf b;

    buf_init(&b, *state, 5);
    buf_printf(&b, "%d", 12345);
    assert_true(buf_ok(&b));
    buf_printf(&b, "%d", 6);

    assert_false(buf_ok(&b));
    assert_string_equal(b.data, "12345");
}

static void
stays_marked_until_emptied(void **state)
{
    struct buf b;

    buf_init(&b, *state, 3);
    buf_add_str(&b, "1234");
    buf_add_str(&b, "1");
    assert_false(buf_ok(&b));
    assert_int_equal(b.len, 0);

    buf_truncate(&b, 0);
    buf_add_str(&b, "1");

    assert_true(buf_ok(&b));
    assert_string_equal(b.data, "1");
}

static void
truncating_to_a_part_keeps_the_mark(void **state)
{
    struct buf b;

    buf_init(&b, *state, 3);
    buf_add_str(&b, "123");
    buf_add_str(&b, "4");
    buf_truncate(&b, 1);

    assert_string_equal(b.data, "1");
    assert_false(buf_ok(&b));
}

static void
consuming_moves_the_rest_to_the_front(void **state)
{
    struct buf b;

    buf_init(&b, *state, 100);
    buf_add_str(&b, "head tail");
    buf_consume(&b, 5);

    assert_string_equal(b.data, "tail");
    assert_int_equal(b.len, 4);
}

static void
takes_any_bytes_and_an_append_of_itself(void **state)
{
    struct buf b;

    buf_init(&b, *state, 1000);
    buf_add(&b, "a\0b", 3);
    for (int i = 0; i < 6; i++)
        buf_add(&b, b.data, b.len);

    assert_int_equal(b.len, 192);
    assert_memory_equal(b.data + 189, "a\0b", 4);
}

static void
a_limit_of_nothing_holds_nothing(void **state)
{
    struct buf b;

    buf_init(&b, *state, 0);
    buf_add(&b, "", 0);
    assert_true(buf_ok(&b));
    buf_add_char(&b, 'x');

    assert_false(buf_ok(&b));
    assert_string_equal(b.data, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(starts_empty_and_terminated),
        UNIT_TEST(keeps_content_while_growing),
        UNIT_TEST(holds_exactly_its_limit),
        UNIT_TEST(drops_the_append_that_passes_the_limit_whole),
        UNIT_TEST(printf_counts_against_the_limit_too),
        UNIT_TEST(stays_marked_until_emptied),
        UNIT_TEST(truncating_to_a_part_keeps_the_mark),
        UNIT_TEST(consuming_moves_the_rest_to_the_front),
        UNIT_TEST(takes_any_bytes_and_an_append_of_itself),
        UNIT_TEST(a_limit_of_nothing_holds_nothing),
    };

    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
