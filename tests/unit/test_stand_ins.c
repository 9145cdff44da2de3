#include "lib/arena.h"
#include "tests/harness/harness.h"
#include "worker/extract/dom.h"
#include "worker/extract/stand_ins.h"

#include <stdio.h>
#include <string.h>

/* What the parser is given for a text, and what is put back for that. */
static struct str
written(struct arena *a, struct stand_ins *s, const char *text)
{
    struct buf out;

    buf_init(&out, a, SIZE_MAX);
    stand_ins_write(s, &out, str_from(text));
    return (struct str){ out.data, out.len };
}

static void
a_text_comes_back_as_the_slice_that_it_was(void **state)
{
    const char *text = "A text of some length, gr\xc3\xbc\xc3\x9f"
                       "e and \xf0\x9f\x98\x80.";
    struct stand_ins s;
    struct str parsed, back;

    stand_ins_init(&s, *state, str_from(text));
    parsed = written(*state, &s, text);
    assert_int_equal(parsed.len, 4);
    assert_int_equal(str_utf8_valid(parsed), 4);
    back = stand_ins_read(&s, *state, parsed);
    assert_ptr_equal(back.p, text);
    assert_int_equal(back.len, strlen(text));
}

static void
texts_among_others_come_back_in_their_places(void **state)
{
    struct stand_ins s;
    struct str first, second, all, back;

    stand_ins_init(&s, *state, STR(""));
    first = written(*state, &s, "the first of them");
    second = written(*state, &s, "the second of them");
    all = str_from(arena_printf(*state, " <%.*s%.*s & %.*s>", 4, first.p, 4, second.p, 4, first.p));
    back = stand_ins_read(&s, *state, all);
    assert_true(str_eq(back, STR(" <the first of themthe second of them & the first of them>")));
}

static void
what_the_parser_would_change_it_is_shown(void **state)
{
    static const char *const texts[] = { "short",
                                         "caf\xc3\xa9s &amp; bars",
                                         "lines\r\nof another system",
                                         "a \x01 controls",
                                         "a \xc2\x85 c1 control",
                                         "no character: \xef\xbf\xbe",
                                         "nor \xef\xb7\x90",
                                         "nor \xf0\x9f\xbf\xbf either",
                                         "delete \x7f itself" };
    struct stand_ins s;

    stand_ins_init(&s, *state, STR(""));
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_true(str_eq(written(*state, &s, texts[i]), str_from(texts[i])));
    assert_int_equal(s.count, 0);
}

static void
a_document_with_such_characters_keeps_its_own(void **state)
{
    const char *text = "private \xf3\xb0\x80\x80 letters \xf4\x80\x80\x81";
    struct stand_ins s;

    stand_ins_init(&s, *state, str_from(text));
    assert_true(str_eq(written(*state, &s, text), str_from(text)));
    assert_true(str_eq(stand_ins_read(&s, *state, str_from(text)), str_from(text)));
}

static void
more_texts_than_there_are_characters_come_back_all(void **state)
{
    struct stand_ins s;
    struct str *parsed = arena_array(*state, STAND_INS_MAX + 10, sizeof(*parsed));

    stand_ins_init(&s, *state, STR(""));
    for (size_t i = 0; i < STAND_INS_MAX + 10; i++)
        parsed[i] = written(*state, &s, arena_printf(*state, "text number %zu", i));
    assert_int_equal(s.count, STAND_INS_MAX);
    for (size_t i = 0; i < STAND_INS_MAX + 10; i++) {
        char text[40];

        assert_int_equal(str_utf8_valid(parsed[i]), parsed[i].len);
        snprintf(text, sizeof(text), "text number %zu", i);
        assert_true(str_eq(stand_ins_read(&s, *state, parsed[i]), str_from(text)));
    }
}

/* All text and all links of a document, as its tree has them. */
static const char *
told(struct arena *a, const char *html)
{
    struct dom dom;
    struct buf out;

    buf_init(&out, a, SIZE_MAX);
    dom_parse(a, str_from(html), 0, &dom);
    for (const struct dom_node *n = dom.root; n; n = dom_next(n, dom.root)) {
        struct str href = dom_attr(n, DOM_HREF);

        if (href.p)
            buf_printf(&out, "[%.*s]", (int)href.len, href.p);
        buf_add(&out, n->text.p, n->text.len);
    }
    return arena_strndup(a, out.data, out.len);
}

static void
a_tree_has_the_texts_of_its_document(void **state)
{
    assert_string_equal(told(*state,
                             "<p>Before the table<table>misplaced words<tr><td> a cell of it"
                             "</table>Q&amp;A of some length"),
                        "Before the tablemisplaced words a cell of itQ&A of some length");
    assert_string_equal(
        told(*state, "<a href='/some/long/address?a=1&amp;b=2'>first link</a>"
                     "<a href=\"/some/long/address?c=3\">second link</a>"),
        "[/some/long/address?a=1&b=2]first link[/some/long/address?c=3]second link");
    assert_string_equal(told(*state, "<pre>\nkept line\n  and another</pre>"),
                        "kept line\n  and another");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_text_comes_back_as_the_slice_that_it_was),
        UNIT_TEST(texts_among_others_come_back_in_their_places),
        UNIT_TEST(what_the_parser_would_change_it_is_shown),
        UNIT_TEST(a_document_with_such_characters_keeps_its_own),
        UNIT_TEST(more_texts_than_there_are_characters_come_back_all),
        UNIT_TEST(a_tree_has_the_texts_of_its_document),
    };

    return cmocka_run_group_tests_name("stand_ins", tests, NULL, NULL);
}
