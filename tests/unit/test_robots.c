#include "lib/arena.h"
#include "tests/harness/harness.h"
#include "worker/crawl/robots.h"

#include <string.h>

static struct robots *
parse(struct arena *a, const char *text)
{
    return robots_parse(a, str_from(text), "offstage");
}

static bool
allows(struct arena *a, const char *text, const char *path)
{
    return robots_allows(parse(a, text), str_from(path));
}

static void
the_group_of_our_name_counts_and_else_that_of_everybody(void **state)
{
    const char *text =
        "User-agent: *\nDisallow: /a\n\nUser-agent: other\nUser-agent: Offstage/2.0\n"
        "Disallow: /b\n\nuser-agent: OFFSTAGE\nDisallow: /c\n";
    const char *everybody = "User-agent: offstagebot\nDisallow: /\nUser-agent: *\nDisallow: /a\n";

    assert_true(allows(*state, text, "/a"));
    assert_false(allows(*state, text, "/b"));
    assert_false(allows(*state, text, "/c"));
    assert_false(allows(*state, everybody, "/a"));
    assert_true(allows(*state, everybody, "/b"));
    assert_true(allows(*state, "", "/"));
    assert_true(allows(*state, "Disallow: /\n", "/"));
}

static void
the_longest_rule_decides_and_allows_at_a_tie(void **state)
{
    const char *text = "User-agent: *\nDisallow: /a\nAllow: /a/b\nDisallow: /a/b/c\nAllow: /a/b/c\n"
                       "Disallow: /x\nAllow: /*y\n";

    assert_false(allows(*state, text, "/a/x"));
    assert_true(allows(*state, text, "/a/b/x"));
    assert_true(allows(*state, text, "/a/b/c"));
    assert_true(allows(*state, text, "/xy"));
    assert_true(allows(*state, "User-agent: *\nDisallow:\n", "/"));
    assert_true(allows(*state, "User-agent: *\nDisallow: /\n", "/robots.txt"));
}

static void
stars_and_the_end_mark_are_patterns(void **state)
{
    const char *text = "User-agent: *\nDisallow: /*.pdf$\nDisallow: /a*b*c\nDisallow: /end$\n";

    assert_false(allows(*state, text, "/x.pdf"));
    assert_false(allows(*state, text, "/x.pdf.pdf"));
    assert_true(allows(*state, text, "/x.pdf?y"));
    assert_false(allows(*state, text, "/a1b2c3"));
    assert_true(allows(*state, text, "/acb"));
    assert_false(allows(*state, text, "/end"));
    assert_true(allows(*state, text, "/ending"));
}

static void
escapes_are_compared_by_what_they_mean(void **state)
{
    const char *text = "User-agent: *\nDisallow: /%61\nDisallow: /caf\xc3\xa9\nDisallow: /x%2fy\n";

    assert_false(allows(*state, text, "/a"));
    assert_false(allows(*state, text, "/caf%c3%a9"));
    assert_false(allows(*state, text, "/x%2Fy"));
    assert_true(allows(*state, text, "/x/y"));
}

static void
marks_comments_and_every_line_end_are_read(void **state)
{
    assert_false(allows(*state, "\xef\xbb\xbfUser-agent: * # all\rDisallow : /a # b\r\n", "/a"));
    assert_true(allows(*state, "# User-agent: *\n# Disallow: /\n", "/"));
}

static void
delays_and_sitemaps_are_told(void **state)
{
    struct robots *r = parse(*state, "Sitemap: https://a/s.xml\nUser-agent: *\nCrawl-delay: 1.5\n"
                                     "Sitemap: https://a/t.xml\nDisallow: /a\n");
    const struct str *maps;

    assert_int_equal(robots_delay_ms(r), 1500);
    assert_int_equal(robots_sitemaps(r, &maps), 2);
    assert_true(str_eq(maps[1], STR("https://a/t.xml")));
    assert_false(robots_allows(r, STR("/a")));
    assert_int_equal(robots_delay_ms(parse(*state, "User-agent: *\nCrawl-delay: 9999\n")),
                     ROBOTS_DELAY_MAX);
    assert_int_equal(robots_delay_ms(parse(*state, "User-agent: *\nCrawl-delay: x\n")), -1);
}

static void
what_stands_behind_the_limit_is_not_read(void **state)
{
    char *text = arena_alloc(*state, ROBOTS_MAX + 100);

    memset(text, '#', ROBOTS_MAX);
    memcpy(text + ROBOTS_MAX, "\nUser-agent: *\nDisallow: /\n", 27);
    assert_true(allows(*state, text, "/"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(the_group_of_our_name_counts_and_else_that_of_everybody),
        UNIT_TEST(the_longest_rule_decides_and_allows_at_a_tie),
        UNIT_TEST(stars_and_the_end_mark_are_patterns),
        UNIT_TEST(escapes_are_compared_by_what_they_mean),
        UNIT_TEST(marks_comments_and_every_line_end_are_read),
        UNIT_TEST(delays_and_sitemaps_are_told),
        UNIT_TEST(what_stands_behind_the_limit_is_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
