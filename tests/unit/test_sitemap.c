#include "lib/arena.h"
#include "lib/buf.h"
#include "tests/harness/harness.h"
#include "worker/crawl/sitemap.h"

#include <string.h>

static struct sitemap
parse(struct arena *a, const char *text)
{
    struct sitemap map;

    sitemap_parse(a, str_from(text), &map);
    return map;
}

static void
assert_address(const struct sitemap *map, size_t i, const char *want)
{
    assert_true(i < map->count);
    assert_true(str_eq(map->addresses[i], str_from(want)));
}

static void
addresses_are_read_with_their_escapes(void **state)
{
    struct sitemap map =
        parse(*state, "<?xml version='1.0'?><!-- <loc>no</loc> --><urlset><url>\n"
                      "<loc> http://h/a?b=1&amp;c=2 </loc><lastmod>x</lastmod></url>"
                      "<url><loc><![CDATA[http://h/<d>]]></loc></url>"
                      "<url><loc>http://h/&#x41;&#66;&nbsp;</loc></url></urlset>");

    assert_false(map.is_index);
    assert_int_equal(map.count, 3);
    assert_address(&map, 0, "http://h/a?b=1&c=2");
    assert_address(&map, 1, "http://h/<d>");
    assert_address(&map, 2, "http://h/AB&nbsp;");
}

static void
images_of_a_page_are_no_pages(void **state)
{
    struct sitemap map =
        parse(*state, "<s:urlset><s:url><s:loc>http://h/a</s:loc><image:image>"
                      "<image:loc>http://h/b.png</image:loc></image:image></s:url>");

    assert_int_equal(map.count, 1);
    assert_address(&map, 0, "http://h/a");
}

static void
an_index_says_that_it_is_one(void **state)
{
    struct sitemap map =
        parse(*state, "<sitemapindex><sitemap><loc>http://h/1.xml</loc></sitemap></sitemapindex>");

    assert_true(map.is_index);
    assert_address(&map, 0, "http://h/1.xml");
}

static void
a_text_lists_one_address_a_line(void **state)
{
    struct sitemap map = parse(*state, "\xef\xbb\xbfhttp://h/a\r\n\nno\nhttps://h/b");

    assert_int_equal(map.count, 2);
    assert_address(&map, 1, "https://h/b");
}

static void
what_is_broken_lists_what_it_can(void **state)
{
    assert_int_equal(parse(*state, "").count, 0);
    assert_int_equal(parse(*state, "<urlset><url><loc>http://h/a").count, 0);
    assert_int_equal(parse(*state, "<!DOCTYPE a [<!ENTITY b 'c'>]><html><loc>x</loc>").count, 0);
    assert_int_equal(parse(*state, "<urlset><url><loc>http://h/a</loc><").count, 1);
}

static void
more_than_fifty_thousand_are_cut(void **state)
{
    struct sitemap map;
    struct buf text;

    buf_init(&text, *state, 8u << 20);
    buf_add_str(&text, "<urlset>");
    for (int i = 0; i < SITEMAP_ENTRIES_MAX + 5; i++)
        buf_printf(&text, "<url><loc>http://h/%d</loc></url>", i);
    assert_true(buf_ok(&text));
    sitemap_parse(*state, (struct str){ text.data, text.len }, &map);
    assert_int_equal(map.count, SITEMAP_ENTRIES_MAX);
    assert_true(map.cut);
}

static void
what_is_no_gzip_is_refused(void **state)
{
    struct str out;

    assert_true(sitemap_is_gzip(STR("\x1f\x8b\x08")));
    assert_false(sitemap_is_gzip(STR("<urlset>")));
    assert_int_equal(
        sitemap_unpack(*state, STR("\x1f\x8b\x08nonsense that is long enough"), &out).code,
        ERR_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(addresses_are_read_with_their_escapes),
        UNIT_TEST(images_of_a_page_are_no_pages),
        UNIT_TEST(an_index_says_that_it_is_one),
        UNIT_TEST(a_text_lists_one_address_a_line),
        UNIT_TEST(what_is_broken_lists_what_it_can),
        UNIT_TEST(more_than_fifty_thousand_are_cut),
        UNIT_TEST(what_is_no_gzip_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
