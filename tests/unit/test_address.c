#include "lib/arena.h"
#include "tests/harness/harness.h"
#include "worker/crawl/address.h"
#include "worker/crawl/simhash.h"

#include <string.h>

static const char *
normal(struct arena *a, const char *link)
{
    struct weburl url;

    return address_read(a, str_from(link), NULL, &url) ? NULL : weburl_text(a, &url);
}

static enum address_no
why(struct arena *a, const char *link)
{
    struct weburl url;

    return address_read(a, str_from(link), NULL, &url);
}

static void
addresses_of_one_page_have_one_form(void **state)
{
    static const char *const pairs[][2] = {
        { "http://h/a#part", "http://h/a" },
        { "http://h/a#!part", "http://h/a#!part" },
        { "http://h/a?utm_source=x&gclid=y", "http://h/a" },
        { "http://h/a?b=2&utm_medium=x&a=1", "http://h/a?a=1&b=2" },
        { "http://h/a?PHPSESSID=1&&b", "http://h/a?b" },
        { "http://h/a;jsessionid=12;x/b", "http://h/a;x/b" },
        { "http://h/a/", "http://h/a/" },
        { "http://h/?sidebar=1", "http://h/?sidebar=1" },
    };

    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        assert_string_equal(normal(*state, pairs[i][0]), pairs[i][1]);
}

static void
traps_and_what_is_no_web_address_are_told_apart(void **state)
{
    char *longest = arena_alloc(*state, ADDRESS_MAX + 20);

    memset(longest, 'a', ADDRESS_MAX + 10);
    memcpy(longest, "http://h/", 9);
    assert_int_equal(why(*state, longest), ADDRESS_LONG);
    assert_int_equal(why(*state, "http://h/a/b/a/b/a/b/a/b"), ADDRESS_TRAP);
    assert_int_equal(why(*state, "http://h/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"),
                     ADDRESS_TRAP);
    assert_int_equal(why(*state, "http://h/?a&b&c&d&e&f&g&h&i"), ADDRESS_TRAP);
    assert_int_equal(why(*state, "mailto:a@b"), ADDRESS_SCHEME);
    assert_int_equal(why(*state, "http://u:p@h/"), ADDRESS_SCHEME);
    assert_int_equal(why(*state, "http://"), ADDRESS_BROKEN);
    assert_int_equal(why(*state, "http://h/a/a/a"), ADDRESS_OK);
}

static enum address_no
judge(struct arena *a, struct scope *s, const char *link)
{
    struct weburl url;

    assert_int_equal(address_read(a, str_from(link), NULL, &url), ADDRESS_OK);
    return scope_check(s, a, &url, false);
}

static void
begin(struct arena *a, struct scope *s, const char *link)
{
    struct weburl url;

    assert_int_equal(address_read(a, str_from(link), NULL, &url), ADDRESS_OK);
    scope_add(a, s, &url);
}

static void
a_scope_is_a_host_and_a_directory(void **state)
{
    struct scope s = { .kind = SCOPE_SECTION };

    begin(*state, &s, "https://www.example.com/docs/index.html");
    assert_int_equal(judge(*state, &s, "http://example.com/docs/a"), ADDRESS_OK);
    assert_int_equal(judge(*state, &s, "https://www.example.com/blog"), ADDRESS_SECTION);
    assert_int_equal(judge(*state, &s, "https://docs.example.com/docs/a"), ADDRESS_OUTSIDE);
    assert_int_equal(judge(*state, &s, "https://example.com.evil.org/docs/a"), ADDRESS_OUTSIDE);
    assert_int_equal(judge(*state, &s, "https://example.com/docs/a.PNG"), ADDRESS_TYPE);
    s.subdomains = true;
    s.kind = SCOPE_SITE;
    assert_int_equal(judge(*state, &s, "https://docs.example.com/blog"), ADDRESS_OK);
    assert_int_equal(judge(*state, &s, "https://notexample.com/"), ADDRESS_OUTSIDE);
}

static void
patterns_take_in_and_out(void **state)
{
    static const char *const include[] = { "/docs/*", "https://example.com/x*" };
    static const char *const exclude[] = { "/docs/old", "*.pdf" };
    struct scope s = { .kind = SCOPE_SITE,
                       .include = include,
                       .include_count = 2,
                       .exclude = exclude,
                       .exclude_count = 2 };

    begin(*state, &s, "https://example.com/");
    assert_int_equal(judge(*state, &s, "https://example.com/docs/a"), ADDRESS_OK);
    assert_int_equal(judge(*state, &s, "https://example.com/xyz"), ADDRESS_OK);
    assert_int_equal(judge(*state, &s, "https://example.com/blog"), ADDRESS_NOT_INCLUDED);
    assert_int_equal(judge(*state, &s, "https://example.com/docs/old/b"), ADDRESS_EXCLUDED);
    assert_int_equal(judge(*state, &s, "https://example.com/docs/old?b"), ADDRESS_EXCLUDED);
    assert_int_equal(judge(*state, &s, "https://example.com/docs/older"), ADDRESS_OK);
    assert_int_equal(judge(*state, &s, "https://example.com/docs/a.pdf"), ADDRESS_EXCLUDED);
}

static void
addresses_of_one_making_have_one_template(void **state)
{
    struct weburl a, b;

    assert_int_equal(address_read(*state, STR("http://h/2031/02/?day=3&x=1"), NULL, &a),
                     ADDRESS_OK);
    assert_int_equal(address_read(*state, STR("http://h/1999/12/?day=31&x=a"), NULL, &b),
                     ADDRESS_OK);
    assert_string_equal(address_template(*state, &a), address_template(*state, &b));
}

static const char *
essay(struct arena *a, const char *topic, int changed)
{
    char *text = arena_alloc(a, 8000);
    size_t n = 0;

    for (int i = 0; i < 300; i++)
        n += (size_t)snprintf(text + n, 8000 - n, "%s%d ", i < changed ? "other" : topic,
                              i * 7 % 301);
    return text;
}

static void
like_texts_are_near_and_others_are_not(void **state)
{
    uint64_t print = simhash(str_from(essay(*state, "word", 0)));

    assert_true(simhash_is_near(print, simhash(str_from(essay(*state, "Word", 0)))));
    assert_false(simhash_is_near(print, simhash(str_from(essay(*state, "thing", 0)))));
    assert_false(simhash_is_near(print, simhash(str_from(essay(*state, "word", 150)))));
    /* They are stored: a release that counts otherwise would find no page like its own. */
    assert_true(print == UINT64_C(0x06c7778edc15df1a));
    assert_false(simhash_is_near(simhash(STR("too short")), simhash(STR("too short"))));
}

static void
texts_of_the_same_words_have_the_same_hash(void **state)
{
    (void)state;
    assert_true(
        id_eq(content_hash(STR("# One  two,\nThree!")), content_hash(STR("one TWO three"))));
    assert_false(id_eq(content_hash(STR("one two three")), content_hash(STR("one two four"))));
    assert_false(id_eq(content_hash(STR("ab c")), content_hash(STR("a bc"))));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(addresses_of_one_page_have_one_form),
        UNIT_TEST(traps_and_what_is_no_web_address_are_told_apart),
        UNIT_TEST(a_scope_is_a_host_and_a_directory),
        UNIT_TEST(patterns_take_in_and_out),
        UNIT_TEST(addresses_of_one_making_have_one_template),
        UNIT_TEST(like_texts_are_near_and_others_are_not),
        UNIT_TEST(texts_of_the_same_words_have_the_same_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
