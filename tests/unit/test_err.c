#include "lib/err.h"
#include "tests/harness/harness.h"

static void
ok_is_the_zero_value(void **state)
{
    struct err zero = { 0 };

    (void)state;
    assert_int_equal(OK.code, zero.code);
    assert_null(OK.msg);
}

static void
a_formatted_message_lives_in_the_arena(void **state)
{
    struct err e = err_fmt(*state, ERR_CONFLICT, "%d of %s", 3, "these");

    assert_int_equal(e.code, ERR_CONFLICT);
    assert_string_equal(e.msg, "3 of these");
}

static struct err
passes_on(struct err inner, int *reached)
{
    TRY(inner);
    *reached = 1;
    return OK;
}

static void
try_returns_what_failed_and_goes_on_after_ok(void **state)
{
    int reached = 0;
    struct err e = passes_on(ERR(ERR_TIMEOUT, "late"), &reached);

    (void)state;
    assert_int_equal(e.code, ERR_TIMEOUT);
    assert_string_equal(e.msg, "late");
    assert_int_equal(reached, 0);

    assert_ok(passes_on(OK, &reached));
    assert_int_equal(reached, 1);
}

static void
every_code_has_a_name_of_its_own_a_title_and_a_status(void **state)
{
    (void)state;
    for (int i = ERR_NONE + 1; i < ERR_CODE_COUNT; i++) {
        const char *name = err_name((enum err_code)i);

        assert_in_range(err_status((enum err_code)i), 400, 599);
        assert_true(err_title((enum err_code)i)[0] >= 'A' && err_title((enum err_code)i)[0] <= 'Z');
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        for (int j = ERR_NONE; j < i; j++)
            assert_string_not_equal(name, err_name((enum err_code)j));
    }
}

static void
only_codes_below_internal_are_the_clients_fault(void **state)
{
    (void)state;
    for (int i = ERR_NONE + 1; i < ERR_CODE_COUNT; i++)
        assert_int_equal(err_status((enum err_code)i) < 500, i < ERR_INTERNAL);
    assert_string_equal(err_name(ERR_NOT_FOUND), "not_found");
    assert_int_equal(err_status(ERR_NOT_FOUND), 404);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(ok_is_the_zero_value),
        UNIT_TEST(a_formatted_message_lives_in_the_arena),
        UNIT_TEST(try_returns_what_failed_and_goes_on_after_ok),
        UNIT_TEST(every_code_has_a_name_of_its_own_a_title_and_a_status),
        UNIT_TEST(only_codes_below_internal_are_the_clients_fault),
    };

    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
