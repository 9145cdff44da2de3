#include "tests/harness/harness.h"
#include "worker/model/oauth.h"

#include <string.h>

static void
a_token_is_read(void **state)
{
    static const char body[] =
        "{\"access_token\":\"eyJ.x\",\"token_type\":\"Bearer\",\"expires_in\":3600}";
    const char *token;
    int64_t s;

    assert_ok(oauth_read(*state, body, strlen(body), &token, &s));
    assert_string_equal(token, "eyJ.x");
    assert_int_equal(s, 3600);
}

static void
a_life_is_within_bounds(void **state)
{
    static const char *const bodies[] = { "{\"access_token\":\"t\"}",
                                          "{\"access_token\":\"t\",\"expires_in\":-5}",
                                          "{\"access_token\":\"t\",\"expires_in\":1e99}" };
    static const char longest[] = "{\"access_token\":\"t\",\"expires_in\":99999999999}";
    const char *token;
    int64_t s;

    for (size_t i = 0; i < 3; i++) {
        assert_ok(oauth_read(*state, bodies[i], strlen(bodies[i]), &token, &s));
        assert_int_equal(s, 0);
    }
    assert_ok(oauth_read(*state, longest, strlen(longest), &token, &s));
    assert_int_equal(s, 86400);
}

static void
what_is_no_token_is_refused(void **state)
{
    static const char *const bodies[] = { "",
                                          "<html>",
                                          "[]",
                                          "{}",
                                          "{\"access_token\":\"\"}",
                                          "{\"access_token\":5}",
                                          "{\"access_token\":\"a b\"}",
                                          "{\"access_token\":\"a\\r\\nX: y\"}",
                                          "{\"access_token\":\"t\"" };
    const char *token;
    int64_t s;

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        assert_err(ERR_UPSTREAM, oauth_read(*state, bodies[i], strlen(bodies[i]), &token, &s));
}

static void
a_token_is_renewed_before_it_expires(void **state)
{
    (void)state;
    assert_int_equal(oauth_kept_ms(3600), 3300000);
    assert_int_equal(oauth_kept_ms(600), 300000);
    assert_int_equal(oauth_kept_ms(60), 30000);
    assert_int_equal(oauth_kept_ms(0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_token_is_read),
        UNIT_TEST(a_life_is_within_bounds),
        UNIT_TEST(a_token_is_renewed_before_it_expires),
        UNIT_TEST(what_is_no_token_is_refused),
    };

    return cmocka_run_group_tests_name("oauth", tests, NULL, NULL);
}
