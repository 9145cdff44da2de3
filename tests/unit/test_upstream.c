#include "tests/harness/harness.h"
#include "worker/model/upstream.h"

#include <string.h>

static void
says_what_a_refusal_means(void **state)
{
    const struct {
        int status;
        enum err_code code;
        const char *body, *msg;
    } cases[] = {
        { 401, ERR_UNAUTHENTICATED, "{\"error\":{\"message\":\"Incorrect API key sk-abc\"}}",
          "The model server refused the key (HTTP 401)." },
        { 404, ERR_NOT_FOUND, "{\"error\":{\"message\":\"model x not found\"}}",
          "The model server does not know this address or model (HTTP 404): model x not found." },
        { 404, ERR_NOT_FOUND, "<html>nginx</html>",
          "The model server does not know this address or model (HTTP 404)." },
        { 429, ERR_RATE_LIMITED, "", "The model server is over its rate limit (HTTP 429)." },
        { 429, ERR_FORBIDDEN, "{\"error\":{\"message\":\"pay\",\"code\":\"insufficient_quota\"}}",
          "The quota of the agent's key is used up: pay." },
        { 503, ERR_UNAVAILABLE, "{\"error\":{\"message\":\"Loading model\"}}",
          "The model server is not available (HTTP 503): Loading model." },
        { 500, ERR_UPSTREAM, "{\"detail\":\"oops\"}", "The model server failed (HTTP 500): oops." },
        { 422, ERR_INVALID, "{\"detail\":[{\"msg\":\"x\"}]}",
          "The model server refused the request (HTTP 422): [{\"msg\":\"x\"}]." },
        { 302, ERR_INVALID, "",
          "The model server sent us elsewhere (HTTP 302); the agent's endpoint URL must be the "
          "final address." },
        { 400, ERR_INVALID, "{\"message\":\"two\\nlines\"}",
          "The model server refused the request (HTTP 400): two lines." },
    };

    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        struct err e =
            upstream_refused(*state, cases[i].status, cases[i].body, strlen(cases[i].body));

        assert_int_equal(e.code, cases[i].code);
        assert_string_equal(e.msg, cases[i].msg);
    }
}

static void
every_error_has_a_name_for_programs(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_CODE_COUNT; code++)
        assert_non_null(upstream_error_name((struct err){ (enum err_code)code, "" }));
    assert_string_equal(upstream_error_name(ERR(ERR_TIMEOUT, "")), "upstream_timeout");
    assert_string_equal(upstream_error_name(ERR(ERR_INTERNAL, "")), "server_error");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(says_what_a_refusal_means),
        UNIT_TEST(every_error_has_a_name_for_programs),
    };

    return cmocka_run_group_tests_name("upstream", tests, NULL, NULL);
}
