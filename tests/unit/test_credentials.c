#include "app/credentials.h"
#include "tests/harness/harness.h"

#define OWN  "https://chat.example"
#define HOST "127.0.0.1:8080"

static enum credential
shown(void **state, const char *authorization, const char *cookie, bool secure, const char **token)
{
    enum credential kind;

    assert_ok(credentials_read(*state, authorization, cookie, secure, &kind, token));
    return kind;
}

static void
a_key_comes_by_the_authorization_header(void **state)
{
    const char *token;

    assert_int_equal(shown(state, "Bearer off_x", NULL, false, &token), CREDENTIAL_KEY);
    assert_string_equal(token, "off_x");
    assert_int_equal(shown(state, "  bEARER   off_x ", "session=a", false, &token), CREDENTIAL_KEY);
    assert_string_equal(token, "off_x");
}

static void
another_authorization_is_not_passed_over(void **state)
{
    static const char *const bad[] = { "",        "Bearer",     "Bearer ",     "Basic dTpw",
                                       "off_x",   "Bearer a b", "Bearer a\tb", "Bearer \xc3\xa9",
                                       "Bearera", "Bearer:abc", "Bearer \x7f" };
    enum credential kind;
    const char *token;

    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_err(ERR_UNAUTHENTICATED,
                   credentials_read(*state, bad[i], "session=a", false, &kind, &token));
}

static void
a_session_comes_by_its_cookie(void **state)
{
    const char *token;

    assert_int_equal(shown(state, NULL, "session=abc", false, &token), CREDENTIAL_SESSION);
    assert_string_equal(token, "abc");
    assert_int_equal(shown(state, NULL, "a=b; session=x=y ;c", false, &token), CREDENTIAL_SESSION);
    assert_string_equal(token, "x=y");
    assert_int_equal(shown(state, NULL, "__Host-session=abc; session=no", true, &token),
                     CREDENTIAL_SESSION);
    assert_string_equal(token, "abc");
}

static void
what_is_no_session_cookie_is_none(void **state)
{
    static const char *const none[] = {
        NULL,
        "",
        ";;;",
        "session",
        "session=",
        "sessions=a",
        "Session=a",
        "xsession=a",
        "session=a b",
        "session=\x01",
        "session=a; session=b",
    };
    const char *token;

    for (size_t i = 0; i < TEST_COUNT(none); i++)
        assert_int_equal(shown(state, NULL, none[i], false, &token), CREDENTIAL_NONE);
    assert_int_equal(shown(state, NULL, "session=a", true, &token), CREDENTIAL_NONE);
    assert_int_equal(shown(state, NULL, "__Host-session=a", false, &token), CREDENTIAL_NONE);
}

static void
an_origin_is_own_when_it_is_the_public_one(void **state)
{
    static const char *const foreign[] = { "http://chat.example",
                                           "https://chat.example:8443",
                                           "https://chat.example.org",
                                           "https://xchat.example",
                                           "null",
                                           "",
                                           "https://",
                                           "https://127.0.0.1:8080" };

    (void)state;
    assert_int_equal(credentials_origin("https://Chat.Example", NULL, OWN, HOST, true), ORIGIN_OWN);
    for (size_t i = 0; i < TEST_COUNT(foreign); i++)
        assert_int_equal(credentials_origin(foreign[i], NULL, OWN, HOST, true), ORIGIN_FOREIGN);
}

static void
without_a_public_one_the_host_header_decides(void **state)
{
    (void)state;
    assert_int_equal(credentials_origin("http://" HOST, NULL, NULL, HOST, false), ORIGIN_OWN);
    assert_int_equal(credentials_origin("https://" HOST, NULL, NULL, HOST, false), ORIGIN_OWN);
    assert_int_equal(credentials_origin("https://" HOST, NULL, NULL, HOST, true), ORIGIN_OWN);
    assert_int_equal(credentials_origin("http://" HOST, NULL, NULL, HOST, true), ORIGIN_FOREIGN);
    assert_int_equal(credentials_origin("http://127.0.0.1", NULL, NULL, HOST, false),
                     ORIGIN_FOREIGN);
    assert_int_equal(credentials_origin("ftp://" HOST, NULL, NULL, HOST, false), ORIGIN_FOREIGN);
    assert_int_equal(credentials_origin("http://" HOST, NULL, NULL, NULL, false), ORIGIN_FOREIGN);
}

static void
the_browser_s_own_word_counts_first(void **state)
{
    static const char *const elsewhere[] = { "cross-site", "same-site", "none", "Same-Origin" };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(elsewhere); i++)
        assert_int_equal(credentials_origin(OWN, elsewhere[i], OWN, HOST, true), ORIGIN_FOREIGN);
    assert_int_equal(credentials_origin(NULL, "same-origin", OWN, HOST, true), ORIGIN_OWN);
    assert_int_equal(credentials_origin("https://evil.example", "same-origin", OWN, HOST, true),
                     ORIGIN_FOREIGN);
    assert_int_equal(credentials_origin(NULL, NULL, OWN, HOST, true), ORIGIN_UNKNOWN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_key_comes_by_the_authorization_header),
        UNIT_TEST(another_authorization_is_not_passed_over),
        UNIT_TEST(a_session_comes_by_its_cookie),
        UNIT_TEST(what_is_no_session_cookie_is_none),
        UNIT_TEST(an_origin_is_own_when_it_is_the_public_one),
        UNIT_TEST(without_a_public_one_the_host_header_decides),
        UNIT_TEST(the_browser_s_own_word_counts_first),
    };

    return cmocka_run_group_tests_name("credentials", tests, NULL, NULL);
}
