#include "lib/arena.h"
#include "lib/weburl.h"
#include "tests/harness/harness.h"

#include <string.h>

struct example {
    const char *input, *base, *want; /* base NULL: none; want NULL: refused */
};

static const char *
resolve(struct arena *a, const char *input, const char *base)
{
    struct weburl from, url;

    if (base && weburl_parse(a, str_from(base), NULL, &from).code)
        return "bad base";
    if (weburl_parse(a, str_from(input), base ? &from : NULL, &url).code)
        return NULL;
    return weburl_text(a, &url);
}

static void
check_all(struct arena *a, const struct example *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *got = resolve(a, list[i].input, list[i].base);

        if ((got == NULL) != (list[i].want == NULL) || (got && strcmp(got, list[i].want) != 0))
            fail_msg("\"%s\" on \"%s\" gave %s, not %s", list[i].input,
                     list[i].base ? list[i].base : "", got ? got : "nothing",
                     list[i].want ? list[i].want : "nothing");
    }
}
#define CHECK_ALL(a, list) check_all((a), (list), sizeof(list) / sizeof((list)[0]))

#define BASE "http://example.com/a/b/c?q#f"

static void
links_are_resolved_against_their_page(void **state)
{
    static const struct example list[] = {
        { "", BASE, "http://example.com/a/b/c?q" },
        { "#x", BASE, "http://example.com/a/b/c?q#x" },
        { "?x", BASE, "http://example.com/a/b/c?x" },
        { "d", BASE, "http://example.com/a/b/d" },
        { "./d/", BASE, "http://example.com/a/b/d/" },
        { "..", BASE, "http://example.com/a/" },
        { "../..", BASE, "http://example.com/" },
        { "../../../..", BASE, "http://example.com/" },
        { "/d", BASE, "http://example.com/d" },
        { "//h/d", BASE, "http://h/d" },
        { "https:d", BASE, "https://d/" },
        { "http:d", BASE, "http://example.com/a/b/d" },
        { "http:/d", BASE, "http://example.com/d" },
        { "http://h", NULL, "http://h/" },
        { "\\d\\e", BASE, "http://example.com/d/e" },
        { "\\\\h\\d", BASE, "http://h/d" },
        { "http:///h", NULL, "http://h/" },
        { "d", NULL, NULL },
        { "mailto:a@b", BASE, NULL },
        { "javascript:void(0)", BASE, NULL },
        { "data:text/html,x", BASE, NULL },
        { "d:e", BASE, NULL },
        { "1:e", BASE, "http://example.com/a/b/1:e" },
    };

    CHECK_ALL(*state, list);
}

static void
dots_in_paths_are_folded_in_every_spelling(void **state)
{
    static const struct example list[] = {
        { "http://h/a/./b", NULL, "http://h/a/b" },    { "http://h/a/%2e/b", NULL, "http://h/a/b" },
        { "http://h/a/%2E%2e/b", NULL, "http://h/b" }, { "http://h/a/.%2e", NULL, "http://h/" },
        { "http://h/a/..b", NULL, "http://h/a/..b" },  { "http://h/a/...", NULL, "http://h/a/..." },
        { "http://h/a//../b", NULL, "http://h/a/b" },  { "http://h/../a", NULL, "http://h/a" },
        { "http://h/a/.", NULL, "http://h/a/" },       { "http://h?..", NULL, "http://h/?.." },
    };

    CHECK_ALL(*state, list);
}

static void
hosts_are_names_or_addresses_in_one_spelling(void **state)
{
    static const struct example list[] = {
        { "http://EXAMPLE.com", NULL, "http://example.com/" },
        { "http://ex%41mple.com", NULL, "http://example.com/" },
        { "http://a_b.example/", NULL, "http://a_b.example/" },
        { "http://b\xc3\xbc"
          "cher.de/",
          NULL, "http://xn--bcher-kva.de/" },
        { "http://fa\xc3\x9f.de/", NULL, "http://xn--fa-hia.de/" },
        { "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/", NULL, "http://127.0.0.1/" },
        { "http://127.1/", NULL, "http://127.0.0.1/" },
        { "http://0x7f.1/", NULL, "http://127.0.0.1/" },
        { "http://017700000001/", NULL, "http://127.0.0.1/" },
        { "http://2130706433/", NULL, "http://127.0.0.1/" },
        { "http://0x7f000001./", NULL, "http://127.0.0.1/" },
        { "http://256.1.1.1/", NULL, NULL },
        { "http://1.2.3.4.5/", NULL, NULL },
        { "http://1.2.3.08/", NULL, NULL },
        { "http://4294967296/", NULL, NULL },
        { "http://a.1.2.3.4/", NULL, NULL },
        { "http://[1:0::]/", NULL, "http://[1::]/" },
        { "http://[0:0:0:1:0:0:0:0]/", NULL, "http://[0:0:0:1::]/" },
        { "http://[::ffff:1.2.3.4]/", NULL, "http://[::ffff:102:304]/" },
        { "http://[1:2:3:4:5:6:7:8]/", NULL, "http://[1:2:3:4:5:6:7:8]/" },
        { "http://[::1:2:3:4:5:6:7]/", NULL, "http://[0:1:2:3:4:5:6:7]/" },
        { "http://[1::2::3]/", NULL, NULL },
        { "http://[1:2]/", NULL, NULL },
        { "http://[::1%eth0]/", NULL, NULL },
        { "http://[::1/", NULL, NULL },
        { "http://[]/", NULL, NULL },
        { "http://", NULL, NULL },
        { "http://a b/", NULL, NULL },
        { "http://a<b/", NULL, NULL },
        { "http://a%00b/", NULL, NULL },
        { "http://xn--/", NULL, NULL },
    };

    CHECK_ALL(*state, list);
}

static void
ports_and_passwords_are_read_as_browsers_do(void **state)
{
    static const struct example list[] = {
        { "http://h:80/", NULL, "http://h/" },
        { "https://h:443/", NULL, "https://h/" },
        { "http://h:443/", NULL, "http://h:443/" },
        { "http://h:/", NULL, "http://h/" },
        { "http://h:00080/", NULL, "http://h/" },
        { "http://h:65536/", NULL, NULL },
        { "http://h:8a/", NULL, NULL },
        { "http://:80/", NULL, NULL },
        { "http://u@h/", NULL, "http://u@h/" },
        { "http://u:p@h/", NULL, "http://u:p@h/" },
        { "http://a@b@h/", NULL, "http://a%40b@h/" },
        { "http://u:p@/", NULL, NULL },
        { "http://h@[::1]:81/", NULL, "http://h@[::1]:81/" },
    };

    CHECK_ALL(*state, list);
}

static void
what_needs_it_is_escaped_and_white_space_goes(void **state)
{
    static const struct example list[] = {
        { "  http://h/a b  ", NULL, "http://h/a%20b" },
        { "ht\ntp://h/a\tb", NULL, "http://h/ab" },
        { "http://h/\xc3\xa4?\xc3\xa4#\xc3\xa4", NULL, "http://h/%C3%A4?%C3%A4#%C3%A4" },
        { "http://h/<>`{}\"", NULL, "http://h/%3C%3E%60%7B%7D%22" },
        { "http://h/?'\"<>", NULL, "http://h/?%27%22%3C%3E" },
        { "http://h/%zz%41", NULL, "http://h/%zz%41" },
        { "http://h/a|b", NULL, "http://h/a|b" },
        { "http://h/?a=b?c#d#e", NULL, "http://h/?a=b?c#d#e" },
    };

    CHECK_ALL(*state, list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(links_are_resolved_against_their_page),
        UNIT_TEST(dots_in_paths_are_folded_in_every_spelling),
        UNIT_TEST(hosts_are_names_or_addresses_in_one_spelling),
        UNIT_TEST(ports_and_passwords_are_read_as_browsers_do),
        UNIT_TEST(what_needs_it_is_escaped_and_white_space_goes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
