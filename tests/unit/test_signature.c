#include "lib/secret.h"
#include "lib/signature.h"
#include "tests/harness/harness.h"

/* The example of the reference libraries of Standard Webhooks. */
#define SECRET    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID        "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIME      INT64_C(1614265330)
#define BODY      "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void
the_standard_s_own_example_is_signed_alike(void **state)
{
    const char *signature;

    assert_ok(signature_make(*state, SECRET, ID, TIME, BODY, &signature));
    assert_string_equal(signature, SIGNATURE);
}

static void
id_time_body_and_secret_are_all_signed(void **state)
{
    const char *other;

    assert_ok(signature_make(*state, SECRET, "msg_other", TIME, BODY, &other));
    assert_string_not_equal(other, SIGNATURE);
    assert_ok(signature_make(*state, SECRET, ID, TIME + 1, BODY, &other));
    assert_string_not_equal(other, SIGNATURE);
    assert_ok(signature_make(*state, SECRET, ID, TIME, "{}", &other));
    assert_string_not_equal(other, SIGNATURE);
    assert_ok(signature_make(*state, "whsec_AAAA", ID, TIME, BODY, &other));
    assert_string_not_equal(other, SIGNATURE);
}

static void
a_secret_is_new_each_time_and_signs(void **state)
{
    char a[SIGNATURE_SECRET_TEXT + 1], b[SIGNATURE_SECRET_TEXT + 1];
    const char *signature;

    signature_secret(a);
    signature_secret(b);

    assert_int_equal(strlen(a), SIGNATURE_SECRET_TEXT);
    assert_string_not_equal(a, b);
    assert_ok(signature_make(*state, a, ID, TIME, BODY, &signature));
}

static void
what_is_no_secret_signs_nothing(void **state)
{
    static const char *const secrets[] = { "", "whsec_", "whsec_!",
                                           "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa\n" };
    const char *signature;

    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        assert_err(ERR_INTERNAL, signature_make(*state, secrets[i], ID, TIME, BODY, &signature));
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        UNIT_TEST(the_standard_s_own_example_is_signed_alike),
        UNIT_TEST(id_time_body_and_secret_are_all_signed),
        UNIT_TEST(a_secret_is_new_each_time_and_signs),
        UNIT_TEST(what_is_no_secret_signs_nothing),
    };

    secret_init();
    return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}
