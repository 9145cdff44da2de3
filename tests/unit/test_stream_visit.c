#include "stream/visit.h"
#include "tests/harness/harness.h"

#include <string.h>

#define REQUEST "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
#define STREAM  "/api/requests/" REQUEST "/stream"
#define STATUS  "/api/requests/" REQUEST "/status"
#define KEY     "Bearer off_key"

static struct visit v;

static struct err
visit(struct visit_text text)
{
    if (!text.method)
        text.method = "GET";
    if (!text.host)
        text.host = "chat.example";
    return visit_read(&text, "", &v);
}

static struct err
visit_with(const char *path, const char *parameter, const char *last_event_id)
{
    return visit((struct visit_text){ .path = path,
                                      .authorization = KEY,
                                      .query = &parameter,
                                      .query_count = parameter ? 1 : 0,
                                      .last_event_id = last_event_id });
}

static void
each_path_leads_to_what_it_names(void **state)
{
    (void)state;
    assert_ok(visit_with(STREAM, NULL, NULL));
    assert_int_equal(v.what, VISIT_REQUEST);
    assert_string_equal(v.id.s, REQUEST);
    assert_ok(visit_with("/api/events", NULL, NULL));
    assert_int_equal(v.what, VISIT_FEED);
    assert_ok(visit_with(STATUS, NULL, NULL));
    assert_int_equal(v.what, VISIT_STATUS);
    assert_false(v.short_path);
    assert_ok(visit_with("/api/requests/" REQUEST, NULL, NULL));
    assert_int_equal(v.what, VISIT_STATUS);
    assert_true(v.short_path);
}

static void
a_visitors_address_needs_nothing_else_and_nothing_else_counts(void **state)
{
    static const char path[] = "/api/requests/" REQUEST "/visitor-stream";
    const char *token[] = { "token=abc", "after=7" }, *other[] = { "after=7", "tokens=abc" };

    (void)state;
    assert_ok(visit((struct visit_text){ .path = path,
                                         .query = token,
                                         .query_count = 2,
                                         .origin = "https://elsewhere.example",
                                         .fetch_site = "cross-site",
                                         .cookie = "session=token",
                                         .authorization = KEY }));
    assert_int_equal(v.what, VISIT_VISITOR);
    assert_string_equal(v.token, "abc");
    assert_int_equal(v.after, 7);
    assert_false(v.by_key || v.by_proxy);
    assert_err(ERR_UNAUTHENTICATED, visit((struct visit_text){ .path = path,
                                                               .query = other,
                                                               .query_count = 2,
                                                               .cookie = "session=token",
                                                               .authorization = KEY }));
    assert_err(ERR_UNAUTHENTICATED, visit_with(path, "token=", NULL));
    assert_err(ERR_UNAUTHENTICATED, visit_with(path, "token=a b", NULL));
    assert_err(ERR_UNAUTHENTICATED,
               visit((struct visit_text){ .path = STREAM, .query = token, .query_count = 2 }));
}

static void
what_a_trusted_proxy_states_goes_before_a_cookie_and_after_a_key(void **state)
{
    (void)state;
    assert_ok(visit((struct visit_text){
        .path = STREAM, .cookie = "session=token", .forwarded_email = " ada@example.com" }));
    assert_true(v.by_proxy);
    assert_string_equal(v.token, "ada@example.com");
    assert_ok(visit((struct visit_text){
        .path = STREAM, .authorization = KEY, .forwarded_email = "ada@example.com" }));
    assert_true(v.by_key);
    assert_false(v.by_proxy);
    assert_string_equal(v.token, "off_key");
    assert_err(ERR_UNAUTHENTICATED,
               visit((struct visit_text){ .path = STREAM, .forwarded_email = "a b" }));
    /* It travels with whatever page asks, as a cookie does. */
    assert_err(ERR_FORBIDDEN, visit((struct visit_text){ .path = STREAM,
                                                         .origin = "https://evil.example",
                                                         .forwarded_email = "ada@example.com" }));
}

static void
what_the_supervisor_asks_needs_no_credential(void **state)
{
    (void)state;
    assert_ok(visit((struct visit_text){ .path = "/healthz" }));
    assert_int_equal(v.what, VISIT_HEALTH);
    assert_ok(visit((struct visit_text){ .path = "/metrics" }));
    assert_int_equal(v.what, VISIT_METRICS);
}

static void
other_paths_lead_nowhere(void **state)
{
    static const char *const paths[] = { "",
                                         "/",
                                         "/api/events/",
                                         "/api/event",
                                         "/api/requests/",
                                         "/api/requests/x/stream",
                                         "/api/requests/" REQUEST "/",
                                         "/api/requests/" REQUEST "/streams",
                                         "/api/requests/" REQUEST REQUEST "/stream",
                                         "/api/requests//stream",
                                         "api/events" };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(paths); i++)
        assert_err(ERR_NOT_FOUND, visit_with(paths[i], NULL, NULL));
}

static void
only_get_is_allowed(void **state)
{
    (void)state;
    assert_err(ERR_METHOD, visit((struct visit_text){ .method = "", .path = STREAM }));
    assert_err(ERR_NOT_FOUND, visit((struct visit_text){ .method = "", .path = "/nothing" }));
}

static void
a_position_is_an_integer_and_nothing_else(void **state)
{
    static const char *const bad[] = { "after=",   "after=a",   "after=1 ",
                                       "after=+1", "after=1.0", "after=00",
                                       "after=-2", "after=0x1", "after=9223372036854775808" };

    (void)state;
    assert_ok(visit_with(STREAM, NULL, NULL));
    assert_true(v.after == AFTER_UNSET);
    assert_ok(visit_with(STREAM, "after=-1", NULL));
    assert_int_equal(v.after, -1);
    assert_ok(visit_with(STREAM, "after=9223372036854775807", NULL));
    assert_true(v.after == INT64_MAX);
    assert_ok(visit_with(STREAM, "afterwards=x", NULL));
    assert_true(v.after == AFTER_UNSET);
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        assert_err(ERR_INVALID, visit_with(STREAM, bad[i], NULL));
    assert_string_equal(v.fault.name, "after");
    assert_err(ERR_INVALID, visit_with(STREAM, NULL, "x"));
    assert_string_equal(v.fault.name, "Last-Event-ID");
}

static void
of_two_positions_the_later_one_counts(void **state)
{
    (void)state;
    assert_ok(visit_with(STREAM, NULL, "7"));
    assert_int_equal(v.after, 7);
    assert_ok(visit_with(STREAM, "after=3", "7"));
    assert_int_equal(v.after, 7);
    assert_ok(visit_with(STREAM, "after=9", "7"));
    assert_int_equal(v.after, 9);
}

static void
a_status_takes_its_own_parameters(void **state)
{
    (void)state;
    assert_ok(visit_with(STATUS, "wait=60", "7"));
    assert_int_equal(v.wait_s, 60);
    assert_true(v.after == AFTER_UNSET);
    assert_ok(visit_with(STATUS, "sequence_number=5", NULL));
    assert_int_equal(v.after, 5);
    assert_int_equal(v.wait_s, 0);
    assert_err(ERR_INVALID, visit_with(STATUS, "wait=61", NULL));
    assert_err(ERR_INVALID, visit_with(STATUS, "wait=", NULL));
    assert_string_equal(v.fault.name, "wait");
    assert_err(ERR_INVALID, visit_with(STATUS, "sequence_number=x", NULL));
    assert_string_equal(v.fault.name, "sequence_number");
    assert_ok(visit_with(STREAM, "wait=61", NULL));
}

static struct err
with_cookie(const char *cookie, const char *scheme)
{
    return visit((struct visit_text){ .path = STREAM, .cookie = cookie, .scheme = scheme });
}

static void
a_credential_is_a_key_or_the_only_session_cookie(void **state)
{
    (void)state;
    assert_ok(visit((struct visit_text){ .path = STREAM, .authorization = "bearer  off_1 " }));
    assert_true(v.by_key);
    assert_string_equal(v.token, "off_1");
    assert_ok(with_cookie("a=b; session=abc; c=d", NULL));
    assert_false(v.by_key);
    assert_string_equal(v.token, "abc");
    assert_ok(with_cookie("__Host-session=abc", "https"));
    assert_string_equal(v.token, "abc");
    assert_err(ERR_UNAUTHENTICATED, with_cookie("session=abc", "https"));
    assert_err(ERR_UNAUTHENTICATED, with_cookie("__Host-session=abc", "http"));
    assert_err(ERR_UNAUTHENTICATED, with_cookie("session=a; session=b", NULL));
    assert_err(ERR_UNAUTHENTICATED, with_cookie("session=", NULL));
    assert_err(ERR_UNAUTHENTICATED, with_cookie("xsession=abc; sessions=abc; session", NULL));
    assert_err(ERR_UNAUTHENTICATED, with_cookie("session=a b", NULL));
    assert_err(ERR_UNAUTHENTICATED, with_cookie(NULL, NULL));
    assert_err(ERR_UNAUTHENTICATED,
               visit((struct visit_text){
                   .path = STREAM, .authorization = "Basic dTpw", .cookie = "session=abc" }));
}

static void
a_token_that_is_too_long_is_none(void **state)
{
    char header[VISIT_TOKEN_MAX + 20];
    int len = snprintf(header, sizeof(header), "Bearer ");

    (void)state;
    memset(header + len, 'x', VISIT_TOKEN_MAX + 1);
    header[len + VISIT_TOKEN_MAX + 1] = '\0';
    assert_err(ERR_UNAUTHENTICATED,
               visit((struct visit_text){ .path = STREAM, .authorization = header }));
    header[len + VISIT_TOKEN_MAX] = '\0';
    assert_ok(visit((struct visit_text){ .path = STREAM, .authorization = header }));
}

static struct err
from(const char *origin, const char *host, const char *public_url)
{
    struct visit_text text = { .method = "GET",
                               .path = STREAM,
                               .host = host,
                               .origin = origin,
                               .cookie = "session=a; __Host-session=a" };

    return visit_read(&text, public_url, &v);
}

static void
a_cookie_counts_only_when_the_page_is_ours(void **state)
{
    (void)state;
    assert_ok(from(NULL, "chat.example", ""));
    assert_ok(from("http://chat.example", "chat.example", ""));
    assert_ok(from("https://chat.example", "chat.example", ""));
    assert_ok(from("https://chat.example", "Chat.Example:443", ""));
    assert_ok(from("http://chat.example:8080", "chat.example:8080", ""));
    assert_ok(from("https://chat.example", "internal", "https://chat.example/"));
    assert_err(ERR_FORBIDDEN, from("https://evil.example", "chat.example", ""));
    assert_err(ERR_FORBIDDEN, from("http://chat.example:8081", "chat.example:8080", ""));
    assert_err(ERR_FORBIDDEN, from("http://chat.example:443", "chat.example", ""));
    assert_err(ERR_FORBIDDEN, from("http://chat.example.evil", "chat.example", ""));
    assert_err(ERR_FORBIDDEN, from("http://evilchat.example", "chat.example", ""));
    assert_err(ERR_FORBIDDEN, from("null", "chat.example", ""));
    assert_err(ERR_FORBIDDEN, from("https://", "", ""));
    assert_err(ERR_FORBIDDEN, from("ftp://chat.example", "chat.example", ""));
}

static void
a_key_may_come_from_any_page_but_not_by_a_handshake(void **state)
{
    struct visit_text text = { .path = STREAM,
                               .authorization = KEY,
                               .origin = "https://evil.example",
                               .fetch_site = "cross-site" };

    (void)state;
    assert_ok(visit(text));
    text.upgrade = true;
    text.ws_version = "13";
    text.ws_key = "dGhlIHNhbXBsZSBub25jZQ==";
    assert_err(ERR_FORBIDDEN, visit(text));
    text.origin = "https://chat.example";
    assert_ok(visit(text));
    assert_true(v.websocket);
    assert_string_equal(v.ws_key, text.ws_key);
}

static void
a_handshake_needs_its_version_and_a_key(void **state)
{
    struct visit_text text = { .path = STREAM, .authorization = KEY, .upgrade = true };

    (void)state;
    assert_err(ERR_MALFORMED, visit(text));
    text.ws_version = "13";
    assert_err(ERR_MALFORMED, visit(text));
    text.ws_key = "dGhlIHNhbXBsZSBub25jZ===";
    assert_err(ERR_MALFORMED, visit(text));
    text.ws_key = "dGhlIHNhbXBsZSBub25jZ\r\n=";
    assert_err(ERR_MALFORMED, visit(text));
    text.ws_key = "dGhlIHNhbXBsZSBub25jZQ==";
    assert_ok(visit(text));
    text.path = STATUS;
    assert_err(ERR_MALFORMED, visit(text));
}

static void
a_name_is_taken_over_when_it_is_sane(void **state)
{
    struct visit_text text = { .request_id = "abc-DEF_1.2" };
    char name[VISIT_NAME_MAX + 1];
    struct id id;

    (void)state;
    visit_name(&text, name);
    assert_string_equal(name, "abc-DEF_1.2");
    text.request_id = "a\r\nSet-Cookie: b";
    visit_name(&text, name);
    assert_true(id_parse(name, &id));
    text.request_id = NULL;
    visit_name(&text, name);
    assert_true(id_parse(name, &id));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(each_path_leads_to_what_it_names),
        UNIT_TEST(what_the_supervisor_asks_needs_no_credential),
        UNIT_TEST(a_visitors_address_needs_nothing_else_and_nothing_else_counts),
        UNIT_TEST(what_a_trusted_proxy_states_goes_before_a_cookie_and_after_a_key),
        UNIT_TEST(other_paths_lead_nowhere),
        UNIT_TEST(only_get_is_allowed),
        UNIT_TEST(a_position_is_an_integer_and_nothing_else),
        UNIT_TEST(of_two_positions_the_later_one_counts),
        UNIT_TEST(a_status_takes_its_own_parameters),
        UNIT_TEST(a_credential_is_a_key_or_the_only_session_cookie),
        UNIT_TEST(a_token_that_is_too_long_is_none),
        UNIT_TEST(a_cookie_counts_only_when_the_page_is_ours),
        UNIT_TEST(a_key_may_come_from_any_page_but_not_by_a_handshake),
        UNIT_TEST(a_handshake_needs_its_version_and_a_key),
        UNIT_TEST(a_name_is_taken_over_when_it_is_sane),
    };

    return cmocka_run_group_tests_name("stream_visit", tests, NULL, NULL);
}
