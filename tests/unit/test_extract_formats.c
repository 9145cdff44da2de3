#include "lib/buf.h"
#include "lib/str.h"
#include "tests/harness/harness.h"
#include "worker/extract/extract.h"
#include "worker/extract/zip.h"

#include <string.h>

static struct extract_page
read_as(struct arena *a, struct str bytes, const char *type, const char *url)
{
    struct extract_input in = { bytes, type, url };
    struct extract_page page = { .type = EXTRACT_NONE };

    assert_ok(extract_page(a, &in, &page));
    return page;
}

/* ---- types --------------------------------------------------------------------------- */

static void
the_type_is_decided_by_header_bytes_and_name(void **state)
{
    const struct {
        const char *bytes, *header, *url;
        enum extract_type type;
    } cases[] = {
        { "<p>x", "text/html", NULL, EXTRACT_HTML },
        { "<p>x", "TEXT/HTML; charset=x", NULL, EXTRACT_HTML },
        { "<p>x", "application/xhtml+xml", NULL, EXTRACT_XHTML },
        { "<p>x", "text/plain", NULL, EXTRACT_TEXT },
        { "x", "text/plain", "http://h/README.md?raw", EXTRACT_MARKDOWN },
        { "x", "text/markdown", NULL, EXTRACT_MARKDOWN },
        { " <!DOCTYPE html>", NULL, NULL, EXTRACT_HTML },
        { "words", NULL, "notes", EXTRACT_TEXT },
        { "%PDF-1.4", "text/html", NULL, EXTRACT_PDF },
        { "<p>no", "application/pdf", NULL, EXTRACT_NONE },
        { "PK\3\4", "application/octet-stream", "a.docx", EXTRACT_DOCX },
        { "PK\3\4", "application/zip", "a.docx", EXTRACT_NONE },
        { "\x89PNG\r\n\x1a\n", NULL, NULL, EXTRACT_NONE },
        { "{}", "application/json", NULL, EXTRACT_NONE },
        { "\xff\xfex", "text/plain", NULL, EXTRACT_TEXT },
    };

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        struct extract_input in = { str_from(cases[i].bytes), cases[i].header, cases[i].url };

        assert_int_equal(extract_sniff(&in), cases[i].type);
    }
}

static void
what_is_of_no_known_type_is_refused(void **state)
{
    struct extract_input in = { STR("GIF89a\1\2"), "image/gif", NULL };
    struct extract_page page;

    assert_err(ERR_MEDIA_TYPE, extract_page(*state, &in, &page));
}

/* ---- text ----------------------------------------------------------------------------- */

static void
markdown_stays_as_it_is_and_tells_its_headings(void **state)
{
    struct extract_page page = read_as(
        *state, STR("---\nlayout: x\n---\n# Guide #\ntext\n```\n# not one\n```\n### Deep\n"),
        "text/markdown", NULL);

    assert_string_equal(page.title, "Guide");
    assert_int_equal(page.heading_count, 2);
    assert_int_equal(page.headings[1].level, 3);
    assert_int_equal(strncmp(page.text + page.headings[1].offset, "### Deep", 8), 0);
}

static void
in_xhtml_an_element_can_end_itself(void **state)
{
    struct str bytes = STR("<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head>"
                           "<script src='a.js'/><title>T</title></head><body><p>one<span/> "
                           "two</p><div/><p><![CDATA[a < b & c]]></p></body></html>");
    struct extract_page page = read_as(*state, bytes, "application/xhtml+xml", NULL);

    assert_string_equal(page.title, "T");
    assert_string_equal(page.text, "one two\n\na < b & c");
}

/* ---- PDF --------------------------------------------------------------------------------- */

static const char *
pdf_of(struct arena *a, const char *first, const char *second)
{
    const char *const texts[] = { first, second };
    struct buf out;

    buf_init(&out, a, 100000);
    buf_add_str(&out, "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
                      "2 0 obj<</Type/Pages/Kids[4 0 R 6 0 R]/Count 2>>endobj\n"
                      "3 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\n");
    for (int i = 0; i < 2; i++) {
        const char *page = arena_printf(a, "BT /F 12 Tf 72 700 Td (%s) Tj ET", texts[i]);

        buf_printf(&out,
                   "%d 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R"
                   "/Resources<</Font<</F 3 0 R>>>>>>endobj\n",
                   4 + 2 * i, 5 + 2 * i);
        buf_printf(&out, "%d 0 obj<</Length %zu>>stream\n%s\nendstream endobj\n", 5 + 2 * i,
                   strlen(page), page);
    }
    buf_add_str(&out, "trailer<</Root 1 0 R/Size 8>>\n%%EOF\n");
    return out.data;
}

static void
the_pages_of_a_pdf_are_anchors(void **state)
{
    struct str bytes = str_from(pdf_of(*state, "Rivers flow down.", "Lakes do not."));
    struct extract_page page = read_as(*state, bytes, "application/pdf", NULL);

    assert_string_equal(page.text, "## Page 1\n\nRivers flow down.\n\n## Page 2\n\nLakes do not.");
    assert_string_equal(page.title, "Rivers flow down.");
    assert_int_equal(page.heading_count, 2);
    assert_string_equal(page.headings[1].anchor, "page=2");
}

static void
a_broken_pdf_is_refused(void **state)
{
    struct extract_input in = { STR("%PDF-1.7 and nothing else"), NULL, NULL };
    struct extract_page page;

    assert_err(ERR_MALFORMED, extract_page(*state, &in, &page));
}

/* ---- DOCX -------------------------------------------------------------------------------- */

static void
add16(struct buf *b, size_t n)
{
    buf_add_char(b, (char)(n & 255));
    buf_add_char(b, (char)(n >> 8 & 255));
}

static void
add32(struct buf *b, size_t n)
{
    add16(b, n & 65535);
    add16(b, n >> 16);
}

/* What the records before a file and in the directory share: from its method on. */
static void
add_sizes(struct buf *b, const char *name, const char *content)
{
    add16(b, 0);
    add32(b, 0);
    add32(b, 0);
    add32(b, strlen(content));
    add32(b, strlen(content));
    add16(b, strlen(name));
    add16(b, 0);
}

/* A ZIP archive of stored files: name, content, name, content, NULL. */
static struct str
zip_of(struct arena *a, const char *const *files)
{
    struct buf out, directory;
    size_t count = 0, begin;

    buf_init(&out, a, 1000000);
    buf_init(&directory, a, 100000);
    for (; files[0]; files += 2, count++) {
        size_t offset = out.len;

        buf_add(&out, "PK\3\4\24\0\0\0", 8);
        add_sizes(&out, files[0], files[1]);
        buf_add_str(&out, files[0]);
        buf_add_str(&out, files[1]);
        buf_add(&directory, "PK\1\2\24\0\24\0\0\0", 10);
        add_sizes(&directory, files[0], files[1]);
        buf_add(&directory, "\0\0\0\0\0\0\0\0\0\0", 10);
        add32(&directory, offset);
        buf_add_str(&directory, files[0]);
    }
    begin = out.len;
    buf_add(&out, directory.data, directory.len);
    buf_add(&out, "PK\5\6\0\0\0\0", 8);
    add16(&out, count);
    add16(&out, count);
    add32(&out, directory.len);
    add32(&out, begin);
    add16(&out, 0);
    return (struct str){ out.data, out.len };
}

#define W         " xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'"
#define RUN(text) "<w:r><w:t xml:space='preserve'>" text "</w:t></w:r>"
#define ITEM(level, text)                                                                          \
    "<w:p><w:pPr><w:numPr><w:ilvl w:val='" level                                                   \
    "'/><w:numId w:val='1'/></w:numPr></w:pPr>" RUN(text) "</w:p>"

static void
a_docx_keeps_headings_lists_and_tables(void **state)
{
    static const char *const files[] = {
        "word/styles.xml",
        "<w:styles" W "><w:style w:styleId='berschrift1'><w:name w:val='heading 1'/></w:style>"
        "</w:styles>",
        "word/document.xml",
        "<w:document" W "><w:body><w:p><w:pPr><w:pStyle w:val='berschrift1'/></w:pPr>" RUN(
            "Brewing") "</w:p>"
                       "<w:p>" RUN("Water &amp; ") RUN("malt.") "<w:del>" RUN(
                           "old") "</w:del>"
                                  "<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r></"
                                  "w:p>" ITEM("0", "mash") ITEM("1", "slowly")
                                      ITEM("0", "boil") "<w:tbl><w:tr><w:tc><w:p>" RUN(
                                          "Ste"
                                          "p") "</w:p></w:tc><w:tc><w:p>" RUN("Time") "</w:p></"
                                                                                      "w:tc></"
                                                                                      "w:tr><w:tr><"
                                                                                      "w:tc><w:"
                                                                                      "p>" RUN(
                                                                                          "Boil") "</"
                                                                                                  "w:"
                                                                                                  "p><"
                                                                                                  "/w:"
                                                                                                  "tc>"
                                                                                                  "<w:"
                                                                                                  "tc>"
                                                                                                  "<w:"
                                                                                                  "p"
                                                                                                  ">" RUN(
                                                                                                      "60") "</w:p></w:tc></w:tr></w:tbl></w:body></w:document>",
        NULL,
    };
    struct extract_page page = read_as(*state, zip_of(*state, files), NULL, "brew.docx");

    assert_string_equal(page.text, "# Brewing\n\nWater & malt.\n\n- mash\n  - slowly\n- boil\n\n"
                                   "| Step | Time |\n| --- | --- |\n| Boil | 60 |");
    assert_string_equal(page.title, "Brewing");
}

static void
a_zip_that_lies_is_refused(void **state)
{
    static const char *const files[] = { "a", "0123456789", NULL };
    struct str archive = zip_of(*state, files), out;

    assert_ok(zip_read(*state, archive, "a", 10, &out));
    assert_string_equal(str_dup(*state, out), "0123456789");
    assert_err(ERR_NOT_FOUND, zip_read(*state, archive, "b", 10, &out));
    assert_err(ERR_TOO_LARGE, zip_read(*state, archive, "a", 9, &out));
    for (size_t len = 0; len < archive.len; len++) {
        struct str cut = { arena_strndup(*state, archive.p, len), len };

        assert_err(ERR_MALFORMED, zip_read(*state, cut, "a", 10, &out));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(the_type_is_decided_by_header_bytes_and_name),
        UNIT_TEST(what_is_of_no_known_type_is_refused),
        UNIT_TEST(markdown_stays_as_it_is_and_tells_its_headings),
        UNIT_TEST(in_xhtml_an_element_can_end_itself),
        UNIT_TEST(the_pages_of_a_pdf_are_anchors),
        UNIT_TEST(a_broken_pdf_is_refused),
        UNIT_TEST(a_docx_keeps_headings_lists_and_tables),
        UNIT_TEST(a_zip_that_lies_is_refused),
    };

    return cmocka_run_group_tests_name("extract_formats", tests, NULL, NULL);
}
