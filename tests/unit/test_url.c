#include "lib/url.h"
#include "tests/harness/harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

static void
a_url_is_taken_apart(void **state)
{
    struct url url;

    assert_ok(url_parse(*state, "https://Api.Example.COM/v1/chat?x=1", &url));
    assert_true(url.https);
    assert_string_equal(url.host, "api.example.com");
    assert_int_equal(url.port, 443);
    assert_string_equal(url.path, "/v1/chat");
    assert_string_equal(url.text, "https://Api.Example.COM/v1/chat?x=1");

    assert_ok(url_parse(*state, "http://[2001:DB8::1]:8080", &url));
    assert_false(url.https);
    assert_string_equal(url.host, "[2001:db8::1]");
    assert_int_equal(url.port, 8080);
    assert_string_equal(url.path, "/");
}

static void
spellings_of_an_address_become_one(void **state)
{
    static const char *const same[] = {
        "http://2130706433/", "http://0x7f000001/", "http://0177.0.0.1/",      "http://127.1/",
        "http://127.0.0.1/",  "http://0x7f.1/",     "http://%31%32%37.0.0.1/",
    };
    struct url url;

    for (size_t i = 0; i < TEST_COUNT(same); i++) {
        assert_ok(url_parse(*state, same[i], &url));
        assert_string_equal(url.host, "127.0.0.1");
    }
}

static void
what_is_no_absolute_http_url_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "example.com",
        "//example.com/",
        "/path",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "http://",
        "http://?x",
        "http://user@example.com/",
        "http://user:word@example.com/",
        "http://:word@example.com/",
        "http://example.com:0/",
        "http://example.com:65536/",
        "http://example.com:port/",
        "http://exa mple.com/",
        "http://example.com/\n",
        "http://[::1/",
        "http://[::g]/",
        "http://example.com/\x01",
        "http://exa%6d\x70le%20.com/",
        "http://0%7f.1/",
        "http://a%2fb/",
        "http://a%40b/",
        "http://a%ff/",
        "http://a%00b/",
        "http://a<b/",
    };
    struct url url = { .text = "untouched" };

    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        if (url_parse(*state, bad[i], &url).code != ERR_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
    assert_string_equal(url.text, "untouched");
}

static void
lengths_are_limited(void **state)
{
    char text[URL_MAX + 2] = "http://example.com/";
    char host[300] = "http://";
    struct url url;

    memset(text + strlen(text), 'x', sizeof(text) - 1 - strlen(text));
    assert_err(ERR_INVALID, url_parse(*state, text, &url));
    text[URL_MAX] = '\0';
    assert_ok(url_parse(*state, text, &url));

    memset(host + 7, 'h', 254);
    assert_err(ERR_INVALID, url_parse(*state, host, &url));
    host[7 + 253] = '\0';
    assert_ok(url_parse(*state, host, &url));
}

struct any_address {
    struct sockaddr_storage storage;
};

static const struct sockaddr *
address(struct any_address *out, const char *text, int port)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port) };

    *out = (struct any_address){ 0 };
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        memcpy(&out->storage, &v4, sizeof(v4));
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
        memcpy(&out->storage, &v6, sizeof(v6));
    }
    return (const struct sockaddr *)&out->storage;
}

static void
public_addresses_are_public(void **state)
{
    static const char *const good[] = {
        "1.1.1.1",     "8.8.8.8",         "9.255.255.255", "11.0.0.0",        "100.63.255.255",
        "100.128.0.0", "126.255.255.255", "128.0.0.0",     "169.253.255.255", "172.15.255.255",
        "172.32.0.0",  "192.0.1.0",       "192.167.0.1",   "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",  "203.0.112.255",   "203.0.114.0",   "223.255.255.255", "2600::1",
        "2001:200::1", "2001:4860::8888", "2a00:1450::1",  "3ffe:ffff::1",
    };
    struct any_address a;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(good); i++)
        if (!url_address_is_public(address(&a, good[i], 80)))
            fail_msg("%s is public", good[i]);
}

static void
special_addresses_are_not(void **state)
{
    static const char *const bad[] = {
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.1",
        "192.168.255.255",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "64:ff9b::8.8.8.8",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:4136:e378::",
        "2001:2::1",
        "2001:10::1",
        "2001:db8::1",
        "2002:808:808::1",
        "2620:4f:8000::1",
        "3fff::1",
        "3fff:fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "1fff::1",
    };
    struct any_address a;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        if (url_address_is_public(address(&a, bad[i], 80)))
            fail_msg("%s is not public", bad[i]);
}

static void
families_that_are_not_known_are_refused(void **state)
{
    struct any_address a = { .storage.ss_family = AF_UNIX };

    (void)state;
    assert_false(url_address_is_public((const struct sockaddr *)&a.storage));
    assert_false(url_allowed_address("0.0.0.0/0,::/0", (const struct sockaddr *)&a.storage));
}

static void
an_allow_list_names_hosts_with_or_without_a_port(void **state)
{
    static const char list[] = " Intranet.corp, models.corp:8000 ,,[fd00::1]:9000,10.0.0.5:81";

    (void)state;
    assert_true(url_allowed_host(list, "intranet.corp", 80));
    assert_true(url_allowed_host(list, "INTRANET.corp.", 4711));
    assert_true(url_allowed_host(list, "models.corp", 8000));
    assert_false(url_allowed_host(list, "models.corp", 8001));
    assert_false(url_allowed_host(list, "x.intranet.corp", 80));
    assert_false(url_allowed_host(list, "intranet.corp.evil.example", 80));
    assert_true(url_allowed_host(list, "[fd00::1]", 9000));
    assert_false(url_allowed_host(list, "[fd00::1]", 80));
    assert_true(url_allowed_host(list, "10.0.0.5", 81));
    assert_false(url_allowed_host(list, "10.0.0.5", 80));
    assert_false(url_allowed_host(list, "", 80));
    assert_false(url_allowed_host("", "intranet.corp", 80));
    assert_false(url_allowed_host(NULL, "intranet.corp", 80));
}

static void
an_allow_list_names_addresses_and_blocks(void **state)
{
    static const char list[] = "10.1.0.0/16, 192.168.1.7,fd00:1::/33 ,[::1]:8080,127.0.0.1:80,"
                               "10.9.0.0/33,10.9.0.0/x,10.9/16,/8,10.10.0.0/";
    static const struct {
        const char *text;
        int port;
        bool allowed;
    } cases[] = {
        { "10.1.0.0", 80, true },       { "10.1.255.255", 1, true },
        { "10.2.0.0", 80, false },      { "10.0.255.255", 80, false },
        { "192.168.1.7", 80, true },    { "192.168.1.8", 80, false },
        { "fd00:1::5", 80, true },      { "fd00:1:7fff::", 80, true },
        { "fd00:1:8000::", 80, false }, { "::1", 8080, true },
        { "::1", 80, false },           { "127.0.0.1", 80, true },
        { "127.0.0.1", 81, false },     { "10.9.0.1", 80, false },
        { "10.10.0.0", 80, false },     { "::ffff:10.1.0.1", 80, false },
    };
    struct any_address a;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        if (url_allowed_address(list, address(&a, cases[i].text, cases[i].port)) !=
            cases[i].allowed)
            fail_msg("%s at port %d", cases[i].text, cases[i].port);
    assert_true(url_allowed_address("0.0.0.0/0", address(&a, "127.0.0.1", 80)));
    assert_false(url_allowed_address("::/0", address(&a, "127.0.0.1", 80)));
    assert_true(url_allowed_address("::/0", address(&a, "::1", 80)));
}

static void
a_users_url_may_name_public_hosts(void **state)
{
    static const char *const good[] = {
        "https://example.com/",
        "http://example.com:8080/x?y#z",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://localhost.example.com",
        "https://b\303\274cher.example/",
    };

    for (size_t i = 0; i < TEST_COUNT(good); i++)
        assert_ok(url_check_user(*state, good[i], ""));
}

static void
a_users_url_may_not_name_what_is_private(void **state)
{
    static const char *const bad[] = {
        "http://localhost/",
        "http://LOCALHOST:8080/",
        "http://localhost./",
        "http://x.localhost/",
        "http://printer.local/",
        "http://metadata.google.internal/",
        "http://router.home.arpa/",
        "http://intranet/",
        "http://127.0.0.1/",
        "http://127.0.0.1./",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0/",
        "http://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:8.8.8.8]/",
        "http://[fe80::1%25eth0]/",
        "http://%6c%6f%63alhost/",
        "ftp://example.com/",
    };

    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        if (url_check_user(*state, bad[i], "").code != ERR_INVALID)
            fail_msg("%s was taken", bad[i]);
}

static void
the_allow_list_lets_private_hosts_pass(void **state)
{
    static const char list[] = "localhost:8080,10.0.0.0/8,intranet";

    assert_ok(url_check_user(*state, "http://localhost:8080/v1", list));
    assert_err(ERR_INVALID, url_check_user(*state, "http://localhost:8081/v1", list));
    assert_ok(url_check_user(*state, "http://10.2.3.4/", list));
    assert_ok(url_check_user(*state, "http://intranet/", list));
    assert_err(ERR_INVALID, url_check_user(*state, "http://192.168.0.1/", list));
    /* It opens no other scheme. */
    assert_err(ERR_INVALID, url_check_user(*state, "ftp://intranet/", list));
}

static void
a_list_holds_its_addresses_and_blocks(void **state)
{
    static const char list[] = " 10.1.0.0/16,192.0.2.7, 2001:db8::/32 ";

    (void)state;
    assert_true(url_listed(list, "10.1.255.3"));
    assert_true(url_listed(list, "192.0.2.7"));
    assert_true(url_listed(list, "2001:db8::9"));
    assert_false(url_listed(list, "10.2.0.1"));
    assert_false(url_listed(list, "192.0.2.70"));
    assert_false(url_listed(list, "2001:db9::1"));
    assert_false(url_listed(list, "::ffff:192.0.2.7"));
    assert_false(url_listed(list, "unix:"));
    assert_false(url_listed(list, ""));
    assert_false(url_listed("", "10.1.0.1"));
    assert_false(url_listed("proxy.example", "10.1.0.1"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_url_is_taken_apart),
        UNIT_TEST(spellings_of_an_address_become_one),
        UNIT_TEST(what_is_no_absolute_http_url_is_refused),
        UNIT_TEST(lengths_are_limited),
        UNIT_TEST(public_addresses_are_public),
        UNIT_TEST(special_addresses_are_not),
        UNIT_TEST(families_that_are_not_known_are_refused),
        UNIT_TEST(an_allow_list_names_hosts_with_or_without_a_port),
        UNIT_TEST(an_allow_list_names_addresses_and_blocks),
        UNIT_TEST(a_users_url_may_name_public_hosts),
        UNIT_TEST(a_users_url_may_not_name_what_is_private),
        UNIT_TEST(the_allow_list_lets_private_hosts_pass),
        UNIT_TEST(a_list_holds_its_addresses_and_blocks),
    };

    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
