/*
 * Whatever the bytes are (the first says how they came), a page is UTF-8 without NUL, its
 * headings are where it says, and its limits hold. PDF is a child's business.
 */
#include "lib/arena.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"
#include "worker/extract/extract.h"

static const char *const types[] = {
    "text/html",
    "text/html; charset=utf-8",
    "application/xhtml+xml",
    "text/markdown",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    NULL,
};

static void
must_be_text(const char *s)
{
    MUST(s && str_utf8_valid(str_from(s)) == strlen(s));
}

static void
check(const struct extract_page *page)
{
    size_t len = strlen(page->text);

    must_be_text(page->text);
    must_be_text(page->title);
    must_be_text(page->canonical);
    must_be_text(page->description);
    MUST(len <= EXTRACT_TEXT_MAX && strlen(page->title) <= EXTRACT_TITLE_MAX);
    for (size_t i = 0; i < page->heading_count; i++) {
        MUST(page->headings[i].offset < len);
        MUST(page->text[page->headings[i].offset] == '#');
        must_be_text(page->headings[i].text);
        must_be_text(page->headings[i].anchor);
    }
    for (size_t i = 0; i < page->link_count; i++) {
        must_be_text(page->links[i].href);
        must_be_text(page->links[i].text);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    struct extract_input in = { .url = NULL };
    struct extract_page page;

    if (size > 0) {
        in.bytes = (struct str){ (const char *)data + 1, size - 1 };
        in.content_type = types[data[0] % (sizeof(types) / sizeof(types[0]))];
        if (extract_sniff(&in) != EXTRACT_PDF && !extract_page(a, &in, &page).code)
            check(&page);
    }
    arena_free(a);
    return 0;
}
