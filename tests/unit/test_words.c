#include "lib/arena.h"
#include "lib/words.h"
#include "tests/harness/harness.h"

#include <stdio.h>
#include <string.h>

static size_t
read(struct arena *a, enum language language, const char *text, struct word **out)
{
    return words_read(words_new(a, language), a, str_from(text), out);
}

/* Does a reader of the one text meet the other's first word? */
static bool
meets(struct arena *a, enum language language, const char *text, const char *asked)
{
    struct word *words, *wanted;
    size_t n = read(a, language, text, &words);

    assert_true(read(a, language, asked, &wanted) > 0);
    for (size_t i = 0; i < n; i++)
        if (words[i].kind != WORD_COMMON && words[i].term == wanted[0].term)
            return true;
    return false;
}

static size_t
count(struct arena *a, const char *text, enum word_kind kind)
{
    struct word *words;
    size_t n = read(a, LANGUAGE_EN, text, &words), found = 0;

    for (size_t i = 0; i < n; i++)
        found += words[i].kind == kind;
    return found;
}

static void
forms_of_a_word_are_one_term(void **state)
{
    assert_true(meets(*state, LANGUAGE_EN, "Indexing pages", "indexes"));
    assert_true(meets(*state, LANGUAGE_DE, "die Häuser", "hauses"));
    assert_true(meets(*state, LANGUAGE_FR, "les maisons sont belles", "maison"));
    assert_true(meets(*state, LANGUAGE_RU, "книги", "книга"));
    assert_false(meets(*state, LANGUAGE_EN, "index", "page"));
}

static void
accents_and_case_do_not_matter(void **state)
{
    assert_true(meets(*state, LANGUAGE_EN, "a r\xc3\xa9sum\xc3\xa9", "RESUME"));
    assert_true(meets(*state, LANGUAGE_DE, "M\xc3\xbcnchen", "munchen"));
    /* e and a combining accent; a full-width letter; a soft hyphen */
    assert_true(meets(*state, LANGUAGE_EN, "caf\x65\xcc\x81", "caf\xc3\xa9"));
    assert_true(meets(*state, LANGUAGE_EN, "\xef\xbc\xb0ython", "python"));
    assert_true(meets(*state, LANGUAGE_EN, "docu\xc2\xadment", "document"));
}

static void
identifiers_are_found_whole_and_by_their_parts(void **state)
{
    assert_true(meets(*state, LANGUAGE_EN, "run pg_dump now", "dump"));
    assert_true(meets(*state, LANGUAGE_EN, "run pg_dump now", "pgdump"));
    assert_true(meets(*state, LANGUAGE_EN, "getUserId()", "user"));
    assert_true(meets(*state, LANGUAGE_EN, "getUserId()", "getuserid"));
    assert_true(meets(*state, LANGUAGE_EN, "an HTTPServer", "server"));
    assert_true(meets(*state, LANGUAGE_EN, "your e-mail", "email"));
    assert_true(meets(*state, LANGUAGE_EN, "std::vector", "vector"));
}

static void
names_with_signs_keep_them(void **state)
{
    struct word *words;

    assert_int_equal(read(*state, LANGUAGE_EN, "C++", &words), 2);
    assert_true(words[1].kind == WORD_EXTRA && words[1].len == 3);
    assert_int_equal(count(*state, "C# and F#", WORD_EXTRA), 2);
    assert_int_equal(count(*state, "issue #3, a+b, C, c#", WORD_EXTRA), 0);
    assert_int_equal(count(*state, "on .NET", WORD_EXTRA), 1);
}

static void
common_words_are_marked_unless_they_are_shouted(void **state)
{
    assert_int_equal(count(*state, "what is the answer", WORD_COMMON), 3);
    assert_int_equal(count(*state, "the WHERE clause", WORD_PLAIN), 2);
    assert_int_equal(count(*state, "it's what they don\xe2\x80\x99t say", WORD_PLAIN), 2);
}

static void
scripts_without_spaces_are_read_in_pairs(void **state)
{
    struct word *words;

    assert_int_equal(read(*state, LANGUAGE_OTHER, "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd", &words),
                     2);
    assert_true(meets(*state, LANGUAGE_OTHER, "\xe6\x9d\xb1\xe4\xba\xac\xe9\x83\xbd",
                      "\xe4\xba\xac\xe9\x83\xbd"));
    assert_int_equal(read(*state, LANGUAGE_OTHER, "\xe6\x9d\xb1", &words), 1);
}

static void
words_know_where_they_stand(void **state)
{
    struct word *words;

    assert_int_equal(read(*state, LANGUAGE_OTHER, "  one, two", &words), 2);
    assert_int_equal(words[1].start, 7);
    assert_int_equal(words[1].len, 3);
}

static void
a_language_is_known_by_its_tag_or_its_words(void **state)
{
    (void)state;
    assert_int_equal(language_of("de-AT", STR("the text is English")), LANGUAGE_DE);
    assert_int_equal(language_of("pt_BR", STR("")), LANGUAGE_PT);
    assert_int_equal(language_of("nb", STR("")), LANGUAGE_NO);
    assert_int_equal(language_of("xx", STR("")), LANGUAGE_OTHER);
    assert_int_equal(
        language_of(NULL, STR("Die Katze sitzt auf dem Dach und sie ist nicht allein")),
        LANGUAGE_DE);
    assert_int_equal(language_of("", STR("Le chat est sur le toit et il ne vient pas")),
                     LANGUAGE_FR);
    assert_int_equal(language_of(NULL, STR("42")), LANGUAGE_EN);
    assert_int_equal(language_of("", STR("A system will enable a subscriber to receive a stream "
                                         "of papers, a day after a journal has it.")),
                     LANGUAGE_EN);
    assert_int_equal(
        language_of("", STR("Kot siedzi na dachu i nie jest to dobre dla niego ani dla "
                            "nas, ale tak jest od rana")),
        LANGUAGE_OTHER);
}

static void
a_word_is_the_same_term_whatever_was_read_before(void **state)
{
    struct words *reader = words_new(*state, LANGUAGE_EN);
    struct word *words, *alone;
    char text[40];

    for (size_t i = 0; i < 6000; i++) {
        snprintf(text, sizeof(text), "runnings%zu walked", i % 2500);
        assert_int_equal(words_read(reader, *state, str_from(text), &words), 2);
        if (i % 100 != 0)
            continue;
        assert_int_equal(read(*state, LANGUAGE_EN, text, &alone), 2);
        assert_int_equal(words[0].term, alone[0].term);
        assert_int_equal(words[1].term, alone[1].term);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(forms_of_a_word_are_one_term),
        UNIT_TEST(accents_and_case_do_not_matter),
        UNIT_TEST(identifiers_are_found_whole_and_by_their_parts),
        UNIT_TEST(names_with_signs_keep_them),
        UNIT_TEST(common_words_are_marked_unless_they_are_shouted),
        UNIT_TEST(scripts_without_spaces_are_read_in_pairs),
        UNIT_TEST(words_know_where_they_stand),
        UNIT_TEST(a_word_is_the_same_term_whatever_was_read_before),
        UNIT_TEST(a_language_is_known_by_its_tag_or_its_words),
    };

    return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
