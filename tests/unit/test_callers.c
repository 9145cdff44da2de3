#include "app/callers.h"
#include "tests/harness/harness.h"

#include <string.h>

static struct auth_caller
caller(void)
{
    return (struct auth_caller){ .user_id = id_new(),
                                 .credential_id = id_new(),
                                 .scope = SCOPE_WRITE,
                                 .is_admin = true,
                                 .is_stale = true,
                                 .epoch = 7,
                                 .good_until = "2026-01-31T12:00:00.123456Z" };
}

static void
a_caller_is_found_by_what_it_showed(void **state)
{
    struct callers *c = callers_new(*state);
    struct auth_caller one = caller(), found;

    assert_false(callers_find(c, CREDENTIAL_KEY, "off_a", &found));
    callers_add(c, CREDENTIAL_KEY, "off_a", &one);
    assert_true(callers_find(c, CREDENTIAL_KEY, "off_a", &found));
    assert_true(id_eq(found.user_id, one.user_id));
    assert_true(id_eq(found.credential_id, one.credential_id));
    assert_int_equal(found.scope, SCOPE_WRITE);
    assert_true(found.is_admin);
    assert_int_equal(found.epoch, 7);
    assert_string_equal(found.good_until, one.good_until);
}

static void
its_last_use_is_noted_once_only(void **state)
{
    struct callers *c = callers_new(*state);
    struct auth_caller one = caller(), found;

    callers_add(c, CREDENTIAL_KEY, "off_a", &one);
    assert_true(callers_find(c, CREDENTIAL_KEY, "off_a", &found));
    assert_false(found.is_stale);
}

static void
a_session_s_token_is_no_key(void **state)
{
    struct callers *c = callers_new(*state);
    struct auth_caller one = caller(), found;

    callers_add(c, CREDENTIAL_SESSION, "token", &one);
    assert_false(callers_find(c, CREDENTIAL_KEY, "token", &found));
    assert_false(callers_find(c, CREDENTIAL_SESSION, "tokem", &found));
    assert_false(callers_find(c, CREDENTIAL_SESSION, "", &found));
}

static void
a_forgotten_caller_is_not_found(void **state)
{
    struct callers *c = callers_new(*state);
    struct auth_caller one = caller(), found;

    callers_add(c, CREDENTIAL_KEY, "off_a", &one);
    callers_forget(c, CREDENTIAL_KEY, "off_b");
    assert_true(callers_find(c, CREDENTIAL_KEY, "off_a", &found));
    callers_forget(c, CREDENTIAL_KEY, "off_a");
    assert_false(callers_find(c, CREDENTIAL_KEY, "off_a", &found));
}

static void
of_many_callers_each_is_found_as_itself_or_not_at_all(void **state)
{
    struct callers *c = callers_new(*state);
    struct auth_caller many[2000], found;
    size_t count = 0;

    for (size_t i = 0; i < TEST_COUNT(many); i++) {
        many[i] = caller();
        callers_add(c, CREDENTIAL_KEY, many[i].user_id.s, &many[i]);
    }
    for (size_t i = 0; i < TEST_COUNT(many); i++) {
        if (!callers_find(c, CREDENTIAL_KEY, many[i].user_id.s, &found))
            continue;
        assert_true(id_eq(found.user_id, many[i].user_id));
        count++;
    }
    assert_in_range(count, 1100, 1999);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_caller_is_found_by_what_it_showed),
        UNIT_TEST(its_last_use_is_noted_once_only),
        UNIT_TEST(a_session_s_token_is_no_key),
        UNIT_TEST(a_forgotten_caller_is_not_found),
        UNIT_TEST(of_many_callers_each_is_found_as_itself_or_not_at_all),
    };

    return cmocka_run_group_tests_name("callers", tests, NULL, NULL);
}
