#include "db/chunk.h"
#include "lib/buf.h"
#include "lib/sentence.h"
#include "lib/str.h"
#include "tests/harness/harness.h"
#include "worker/index/chunker.h"

#include <string.h>

/* ---- sentences ---------------------------------------------------------------- */

/* The sentences of a text, each in brackets. */
static const char *
sentences(struct arena *a, const char *text)
{
    struct str rest = str_from(text), one;
    struct buf out;

    buf_init(&out, a, SIZE_MAX);
    while (sentence_next(&rest, &one))
        buf_printf(&out, "[%.*s]", (int)one.len, one.p);
    return out.data;
}

static void
cuts_sentences_where_readers_do(void **state)
{
    const struct {
        const char *text, *cut;
    } cases[] = {
        { "", "" },
        { " \n ", "" },
        { "One. Two! Three?", "[One.][Two!][Three?]" },
        { "It is e.g. this, i.e. 3.14 of v1.2.3. Next",
          "[It is e.g. this, i.e. 3.14 of v1.2.3.][Next]" },
        { "He said \"Go.\" Then left.", "[He said \"Go.\"][Then left.]" },
        { "one\ntwo\n\nthree", "[one\ntwo][three]" },
        { "Buy:\n- milk\n- eggs\n1. first\n2) second",
          "[Buy:][- milk][- eggs][1. first][2) second]" },
        { "# Title\ntext. More", "[# Title][text.][More]" },
        { "| a | b |\n| c | d |", "[| a | b |][| c | d |]" },
        { "\xe4\xb8\x80\xe3\x80\x82\xe4\xba\x8c\xe3\x80\x82",
          "[\xe4\xb8\x80\xe3\x80\x82][\xe4\xba\x8c\xe3\x80\x82]" },
        { "Wait... what", "[Wait... what]" },
        { "J. S. Bach (b. 1685). Next", "[J. S. Bach (b. 1685).][Next]" },
        { "a\n```\ncode\n```", "[a][```\ncode][```]" },
    };

    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        assert_string_equal(sentences(*state, cases[i].text), cases[i].cut);
}

/* ---- chunks ----------------------------------------------------------------------- */

/* `n` sentences of 50 characters each, numbered. */
static const char *
prose(struct arena *a, int n)
{
    struct buf out;

    buf_init(&out, a, SIZE_MAX);
    for (int i = 0; i < n; i++)
        buf_printf(&out, "Sentence number %04d says nothing that matters here. ", i);
    return out.data;
}

static void
a_short_text_is_one_chunk(void **state)
{
    struct source_chunk *chunks;

    assert_int_equal(chunker_split(*state, "  Hello there.\n\nBye.\n", &chunks), 1);
    assert_string_equal(chunks[0].content, "Hello there.\n\nBye.");
    assert_string_equal(chunks[0].heading, "");
}

static void
an_empty_text_has_no_chunks(void **state)
{
    struct source_chunk *chunks;

    assert_int_equal(chunker_split(*state, "", &chunks), 0);
    assert_int_equal(chunker_split(*state, " \n\t\n# Only a heading\n", &chunks), 0);
}

static void
a_heading_begins_a_chunk_and_is_kept_beside_it(void **state)
{
    struct source_chunk *chunks;
    size_t n = chunker_split(*state,
                             "Before.\n# Install\nRun it.\n## Debian ##\nUse apt.\n"
                             "# Use\nStart it.\n#hashtag is no heading\n",
                             &chunks);

    assert_int_equal(n, 4);
    assert_string_equal(chunks[0].heading, "");
    assert_string_equal(chunks[1].heading, "Install");
    assert_string_equal(chunks[1].content, "Run it.");
    assert_string_equal(chunks[2].heading, "Install > Debian");
    assert_string_equal(chunks[3].heading, "Use");
    assert_string_equal(chunks[3].content, "Start it.\n#hashtag is no heading");
}

static void
a_comment_in_code_is_no_heading(void **state)
{
    struct source_chunk *chunks;
    size_t n = chunker_split(*state, "# A\n```\n# not one\nmake\n```\nend\n", &chunks);

    assert_int_equal(n, 1);
    assert_string_equal(chunks[0].content, "```\n# not one\nmake\n```\nend");
}

static void
chunks_are_of_the_wanted_size_and_end_with_sentences(void **state)
{
    struct source_chunk *chunks;
    size_t n = chunker_split(*state, prose(*state, 200), &chunks);

    assert_in_range(n, 8, 12);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(chunks[i].content);

        assert_in_range(len, i + 1 < n ? CHUNK_CHARS / 2 : 1, CHUNK_CHARS + 2 * CHUNK_OVERLAP);
        assert_memory_equal(chunks[i].content, "Sentence number", 15);
        assert_string_equal(chunks[i].content + len - 5, "here.");
    }
}

static void
a_chunk_repeats_the_end_of_the_one_before(void **state)
{
    struct source_chunk *chunks;
    const char *overlap, *end;

    assert_true(chunker_split(*state, prose(*state, 60), &chunks) > 1);

    overlap = arena_strndup(*state, chunks[1].content, 40);
    end = strstr(chunks[0].content, overlap);
    assert_non_null(end);
    assert_in_range(strlen(end), 1, CHUNK_OVERLAP + 20);
}

static void
prefers_to_cut_between_paragraphs(void **state)
{
    const char *half = prose(*state, 18);
    struct source_chunk *chunks;
    size_t n =
        chunker_split(*state, arena_printf(*state, "%s\n\nAnother. %s", half, half), &chunks);

    assert_int_equal(n, 2);
    assert_contains(chunks[1].content, "Another.");
    assert_null(strstr(chunks[0].content, "Another."));
}

/* Of `lines` lines, between fences. */
static const char *
code(struct arena *a, int lines)
{
    struct buf out;

    buf_init(&out, a, SIZE_MAX);
    buf_add_str(&out, "```sql\n");
    for (int i = 0; i < lines; i++)
        buf_printf(&out, "  insert into t values (%04d);\n\n", i);
    buf_add_str(&out, "```");
    return out.data;
}

static void
code_that_fits_is_not_cut(void **state)
{
    const char *block = code(*state, 33);
    const char *text = arena_printf(*state, "%s\n\n%s\n\n%s", prose(*state, 20), block, block);
    struct source_chunk *chunks;
    size_t n = chunker_split(*state, text, &chunks), whole = 0;

    assert_in_range(n, 3, 4);
    for (size_t i = 0; i < n; i++)
        whole += strstr(chunks[i].content, block) != NULL;
    assert_int_equal(whole, 2);
}

static void
each_part_of_long_code_stands_between_its_fences(void **state)
{
    const char *text = arena_printf(*state, "Before it.\n\n%s\n\nBehind it.", code(*state, 150));
    struct source_chunk *chunks;
    size_t n = chunker_split(*state, text, &chunks);

    assert_in_range(n, 4, 6);
    for (size_t i = 0; i < n; i++) {
        const char *open = strstr(chunks[i].content, "```sql\n  insert"), *close;

        assert_non_null(open);
        assert_ptr_equal(open, i == 0 ? strstr(chunks[i].content, "```") : chunks[i].content);
        close = strstr(open + 6, "\n```");
        assert_non_null(close);
        assert_string_equal(close + 4, i + 1 < n ? "" : "\n\nBehind it.");
    }
    for (int i = 0; i < 150; i++) {
        const char *line = arena_printf(*state, "\n  insert into t values (%04d);\n", i);
        size_t found = 0;

        for (size_t c = 0; c < n; c++)
            found += strstr(chunks[c].content, line) != NULL;
        assert_int_equal(found, 1);
    }
}

static void
each_part_of_a_long_table_begins_with_its_head(void **state)
{
    static const char *const head = "| Name | What it is |\n| --- | --- |\n";
    struct source_chunk *chunks;
    struct buf text;
    size_t n;

    buf_init(&text, *state, SIZE_MAX);
    buf_add_str(&text, head);
    for (int i = 0; i < 100; i++)
        buf_printf(&text, "| row %d | a thing among others of its kind |\n", i);
    buf_add_str(&text, "\nText behind it.");
    n = chunker_split(*state, text.data, &chunks);

    assert_in_range(n, 4, 6);
    for (size_t i = 0; i < n; i++) {
        assert_memory_equal(chunks[i].content, head, strlen(head));
        assert_memory_equal(chunks[i].content + strlen(head), "| row", 5);
    }
}

static void
a_text_without_any_border_is_cut_between_code_points(void **state)
{
    struct source_chunk *chunks;
    struct buf text;
    size_t n, bytes = 0;

    buf_init(&text, *state, SIZE_MAX);
    for (int i = 0; i < 5000; i++)
        buf_add_str(&text, "\xe4\xb8\x96");
    n = chunker_split(*state, text.data, &chunks);

    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++) {
        struct str content = str_from(chunks[i].content);

        assert_int_equal(str_utf8_valid(content), content.len);
        bytes += content.len;
    }
    assert_int_equal(bytes, text.len);
}

static void
a_long_heading_is_cut(void **state)
{
    struct source_chunk *chunks;
    const char *text = arena_printf(*state, "# %0500d\ntext", 1);

    assert_int_equal(chunker_split(*state, text, &chunks), 1);
    assert_int_equal(strlen(chunks[0].heading), CHUNK_HEADING);
}

static void
ten_megabytes_are_cut_in_linear_time(void **state)
{
    struct source_chunk *chunks;
    struct buf text;

    buf_init(&text, *state, SIZE_MAX);
    while (text.len < (size_t)10 * 1024 * 1024)
        buf_add_str(&text, "no end of this sentence in sight and no line end either ");

    assert_true(chunker_split(*state, text.data, &chunks) > 8000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(cuts_sentences_where_readers_do),
        UNIT_TEST(a_short_text_is_one_chunk),
        UNIT_TEST(an_empty_text_has_no_chunks),
        UNIT_TEST(a_heading_begins_a_chunk_and_is_kept_beside_it),
        UNIT_TEST(a_comment_in_code_is_no_heading),
        UNIT_TEST(chunks_are_of_the_wanted_size_and_end_with_sentences),
        UNIT_TEST(a_chunk_repeats_the_end_of_the_one_before),
        UNIT_TEST(prefers_to_cut_between_paragraphs),
        UNIT_TEST(code_that_fits_is_not_cut),
        UNIT_TEST(each_part_of_long_code_stands_between_its_fences),
        UNIT_TEST(each_part_of_a_long_table_begins_with_its_head),
        UNIT_TEST(a_text_without_any_border_is_cut_between_code_points),
        UNIT_TEST(a_long_heading_is_cut),
        UNIT_TEST(ten_megabytes_are_cut_in_linear_time),
    };

    return cmocka_run_group_tests_name("chunker", tests, NULL, NULL);
}
