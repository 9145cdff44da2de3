#include "lib/arena.h"
#include "lib/plain.h"
#include "tests/harness/harness.h"

#include <string.h>

static void
same(const char *text, const char *plain)
{
    struct arena *a = arena_new();

    assert_string_equal(plain_start(a, text, 200), plain);
    arena_free(a);
}

static void
a_text_without_marks_stays_on_one_line(void **state)
{
    (void)state;
    same("", "");
    same("Hello", "Hello");
    same("  What is\n\tthe  time?\n", "What is the time?");
    same("Ein schöner Tag – 日本語", "Ein schöner Tag – 日本語");
}

static void
marks_that_lines_begin_with_are_left_out(void **state)
{
    (void)state;
    same("# A heading\n\nand more", "A heading and more");
    same("> - quoted\n> again", "quoted again");
    same("* one\n+ two\n- three", "one two three");
    same("Run this:\n```sh\nmake\n```\nand wait", "Run this: make and wait");
    same("#hash -5 degrees", "#hash -5 degrees");
    same("-5 degrees", "-5 degrees");
    same("####### seven", "####### seven");
}

static void
marks_of_bold_text_and_code_are_left_out(void **state)
{
    (void)state;
    same("**Note**: call `free()`, **twice**.", "Note: call free(), twice.");
    same("2**3 and 2 ** 3 are 8", "2**3 and 2 ** 3 are 8");
    same("What are *args and __init__?", "What are *args and __init__?");
}

static void
of_links_and_pictures_the_words_stay(void **state)
{
    (void)state;
    same("See [the **manual**](https://example.com/a) now", "See the **manual** now");
    same("![A cat](https://example.com/cat.png) sleeps!", "A cat sleeps!");
    same("a[0] (one) and [x] y", "a[0] (one) and [x] y");
    same("[two\nlines](here)", "two lines");
    same("[broken](no\nend)", "[broken](no end)");
}

static void
of_tables_the_cells_stay(void **state)
{
    (void)state;
    same("| Part | Does |\n| --- | :-: |\n| app | answers |\n\nThat | is all.",
         "Part Does app answers That | is all.");
    same("|   |   |\n|---|---|\n# Manual", "Manual");
    same("a || b", "a || b");
}

static void
a_text_of_nothing_but_marks_stays_as_it_is(void **state)
{
    (void)state;
    same("# ", "#");
    same("```\n```", "``` ```");
}

static void
a_long_text_ends_with_an_ellipsis_at_a_whole_character(void **state)
{
    struct arena *a = arena_new();
    char text[5001];

    (void)state;
    assert_string_equal(plain_start(a, "0123456789", 10), "0123456789");
    assert_string_equal(plain_start(a, "01234567890", 10), "0123456789\xe2\x80\xa6");
    assert_string_equal(plain_start(a, "012345678\xc3\xa9", 10), "012345678\xe2\x80\xa6");
    memset(text, ' ', sizeof(text));
    memcpy(text, "far", 3);
    memcpy(text + 4997, "off", 4);
    assert_string_equal(plain_start(a, text, 10), "far\xe2\x80\xa6");
    arena_free(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_text_without_marks_stays_on_one_line),
        UNIT_TEST(marks_that_lines_begin_with_are_left_out),
        UNIT_TEST(marks_of_bold_text_and_code_are_left_out),
        UNIT_TEST(of_links_and_pictures_the_words_stay),
        UNIT_TEST(of_tables_the_cells_stay),
        UNIT_TEST(a_text_of_nothing_but_marks_stays_as_it_is),
        UNIT_TEST(a_long_text_ends_with_an_ellipsis_at_a_whole_character),
    };

    return cmocka_run_group_tests_name("plain", tests, NULL, NULL);
}
