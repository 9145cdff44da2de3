/*
 * Whole pages of seven kinds (tests/unit/pages): how well their main text is found. The score is
 * the F1 of words, each as often as it stands there; ./dev bench extract measures it on real pages.
 */
#include "lib/buf.h"
#include "lib/str.h"
#include "tests/harness/harness.h"
#include "worker/extract/extract.h"

#include <ctype.h>
#include <string.h>

#define FLOOR_PERCENT 95

struct words {
    char **list;
    size_t count;
};

static struct str
read_page(struct arena *a, const char *name)
{
    const char *path = arena_printf(a, "%s/%s", PAGES, name);
    FILE *file = fopen(path, "rb");
    struct buf bytes;
    char piece[4096];
    size_t n;

    buf_init(&bytes, a, 1 << 20);
    assert_non_null(file);
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        buf_add(&bytes, piece, n);
    assert_int_equal(fclose(file), 0);
    return (struct str){ bytes.data, bytes.len };
}

static int
compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In small letters, sorted. */
static struct words
words_of(struct arena *a, const char *text)
{
    struct words words = { arena_array(a, strlen(text) + 1, sizeof(char *)), 0 };

    while (*text) {
        size_t len = 0;

        while (isalnum((unsigned char)text[len]) || text[len] == '_' ||
               (unsigned char)text[len] >= 0x80)
            len++;
        if (len > 0) {
            char *word = arena_strndup(a, text, len);

            for (size_t i = 0; i < len; i++)
                word[i] = str_lower(word[i]);
            words.list[words.count++] = word;
        }
        text += len > 0 ? len : 1;
    }
    qsort(words.list, words.count, sizeof(char *), compare);
    return words;
}

static size_t
f1_percent(struct words got, struct words wanted)
{
    size_t common = 0, i = 0, k = 0;

    while (i < got.count && k < wanted.count) {
        int order = strcmp(got.list[i], wanted.list[k]);

        common += order == 0;
        i += order <= 0;
        k += order >= 0;
    }
    return got.count + wanted.count > 0 ? 200 * common / (got.count + wanted.count) : 0;
}

static void
check_kind(struct arena *a, const char *kind)
{
    struct extract_input in = { read_page(a, arena_printf(a, "%s.html", kind)), "text/html", NULL };
    struct extract_page page = { .type = EXTRACT_NONE };
    struct str wanted = read_page(a, arena_printf(a, "%s.txt", kind));
    size_t percent;

    assert_ok(extract_page(a, &in, &page));
    percent = f1_percent(words_of(a, page.text), words_of(a, wanted.p));
    if (percent < FLOOR_PERCENT)
        print_error("F1 of %s is %zu %%; it was read as:\n%s\n", kind, percent, page.text);
    assert_in_range(percent, FLOOR_PERCENT, 100);
}

static void
the_main_text_of_pages_of_all_kinds_is_found(void **state)
{
    static const char *const kinds[] = {
        "article", "collection", "documentation", "forum", "listing", "product", "service",
    };

    for (size_t i = 0; i < TEST_COUNT(kinds); i++)
        check_kind(*state, kinds[i]);
}

static void
the_score_falls_with_what_is_missing_and_what_is_too_much(void **state)
{
    struct words four = words_of(*state, "one two two three");

    assert_int_equal(f1_percent(four, four), 100);
    assert_int_equal(f1_percent(words_of(*state, "One, TWO"), four), 66);
    assert_int_equal(f1_percent(words_of(*state, "one two two three four five six seven"), four),
                     66);
    assert_int_equal(f1_percent(words_of(*state, "none"), four), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(the_main_text_of_pages_of_all_kinds_is_found),
        UNIT_TEST(the_score_falls_with_what_is_missing_and_what_is_too_much),
    };

    return cmocka_run_group_tests_name("extract_pages", tests, NULL, NULL);
}
