/* How tests have a page read. */
#ifndef TESTS_UNIT_EXTRACT_PAGE_H
#define TESTS_UNIT_EXTRACT_PAGE_H

#include "lib/str.h"
#include "tests/harness/harness.h"
#include "worker/extract/extract.h"

/* The page of an HTML document, and its text. */
static inline struct extract_page
page_of(struct arena *a, const char *html)
{
    struct extract_input in = { str_from(html), "text/html; charset=utf-8", NULL };
    struct extract_page page = { .type = EXTRACT_NONE };

    assert_ok(extract_page(a, &in, &page));
    return page;
}

static inline const char *
text_of(struct arena *a, const char *html)
{
    return page_of(a, html).text;
}

#endif
