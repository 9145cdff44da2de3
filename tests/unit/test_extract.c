#include "tests/harness/harness.h"
#include "worker/extract/extract.h"

#include <string.h>

/* The page of an HTML document. */
static struct extract_page
page_of(struct arena *a, const char *html)
{
    struct extract_input in = { str_from(html), "text/html; charset=utf-8", NULL };
    struct extract_page page = { .type = EXTRACT_NONE };

    assert_ok(extract_page(a, &in, &page));
    return page;
}

static void
takes_the_main_text_and_leaves_what_is_around_it(void **state)
{
    struct extract_page page = page_of(
        *state,
        "<!doctype html><html lang=en-GB><head><title>Kettles</title></head><body>"
        "<nav><ul><li><a href=/>Home</a><li><a href=/shop>Shop</a></ul></nav>"
        "<main><h1 id=top>How a kettle boils</h1><p>Water is heated from below until bubbles of "
        "vapour rise through it.</p><h2 id=scale>Scale</h2><p>Hard water leaves a crust of "
        "chalk, which vinegar takes off again.</p></main>"
        "<footer>All rights reserved</footer><script>var x = '<p>no</p>';</script></body></html>");

    assert_string_equal(page.text, "# How a kettle boils\n\n"
                                   "Water is heated from below until bubbles of vapour rise "
                                   "through it.\n\n## Scale\n\n"
                                   "Hard water leaves a crust of chalk, which vinegar takes off "
                                   "again.");
    assert_string_equal(page.title, "Kettles");
    assert_string_equal(page.language, "en");
    assert_int_equal(page.heading_count, 2);
    assert_string_equal(page.headings[1].anchor, "scale");
    assert_int_equal(page.text[page.headings[1].offset], '#');
    assert_int_equal(page.link_count, 2);
    assert_string_equal(page.links[1].href, "/shop");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(takes_the_main_text_and_leaves_what_is_around_it),
    };

    return cmocka_run_group_tests_name("extract", tests, NULL, NULL);
}
