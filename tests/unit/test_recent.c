#include "lib/arena.h"
#include "lib/recent.h"
#include "tests/harness/harness.h"

#include <stdbool.h>
#include <string.h>

#define LIMIT ((size_t)1 << 20)
#define MANY  20000

static void
add(struct recent *r, uint64_t whole, uint64_t part, const char *text)
{
    recent_add(r, (struct recent_key){ whole, part }, (const uint8_t *)text, strlen(text));
}

static bool
has(struct recent *r, uint64_t whole, uint64_t part, const char *text)
{
    size_t len = 0;
    const uint8_t *bytes = recent_find(r, (struct recent_key){ whole, part }, &len);

    return bytes && len == strlen(text) && memcmp(bytes, text, len) == 0;
}

static size_t
how_many(struct recent *r, uint64_t whole, uint64_t most)
{
    size_t n = 0, len;

    for (uint64_t i = 0; i < most; i++)
        n += recent_find(r, (struct recent_key){ whole, i }, &len) != NULL;
    return n;
}

static void
what_was_added_is_found_under_its_key(void **state)
{
    struct arena *a = arena_new();
    struct recent *r = recent_new(a, LIMIT);

    (void)state;
    assert_false(has(r, 1, 2, "zebra"));
    add(r, 1, 2, "zebra");
    add(r, 2, 1, "lion");
    add(r, 0, 0, "");
    assert_true(has(r, 1, 2, "zebra") && has(r, 2, 1, "lion") && has(r, 0, 0, ""));
    assert_false(has(r, 1, 1, "zebra"));
    recent_clear(r);
    assert_false(has(r, 1, 2, "zebra"));
    add(r, 1, 2, "new");
    assert_true(has(r, 1, 2, "new"));
    arena_free(a);
}

static void
what_is_used_outlives_what_is_not(void **state)
{
    struct arena *a = arena_new();
    struct recent *r = recent_new(a, LIMIT);

    (void)state;
    add(r, 1, 0, "used");
    add(r, 1, 1, "unused");
    for (uint64_t i = 0; i < MANY; i++) {
        recent_turn(r);
        add(r, 2, i, "something that takes a little of the memory that there is");
        assert_true(has(r, 1, 0, "used"));
    }
    assert_false(has(r, 1, 1, "unused"));
    assert_true(has(r, 2, MANY - 1, "something that takes a little of the memory that there is"));
    arena_free(a);
}

static void
no_more_is_kept_than_the_limit_allows(void **state)
{
    char text[100] = "";
    struct arena *a = arena_new();
    struct recent *r = recent_new(a, LIMIT), *none = recent_new(a, 0);

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    for (uint64_t i = 0; i < MANY; i++) {
        recent_turn(r);
        add(r, 1, i, text);
        add(none, 1, i, text);
    }
    assert_in_range(how_many(r, 1, MANY), 2000, LIMIT / sizeof(text));
    assert_int_equal(how_many(none, 1, MANY), 0);
    arena_free(a);
}

static void
what_was_found_stays_where_it_is_until_the_next_turn(void **state)
{
    struct arena *a = arena_new();
    struct recent *r = recent_new(a, LIMIT);
    const struct recent_key key = { 1, 0 };
    const uint8_t *bytes;
    size_t len;

    (void)state;
    add(r, 1, 0, "here");
    for (uint64_t i = 0; i < MANY; i++)
        add(r, 2, i, "more than there is room for, all in all");
    recent_turn(r); /* it is in the older half now */
    bytes = recent_find(r, key, &len);
    for (uint64_t i = 0; i < MANY; i++)
        add(r, 3, i, "more than there is room for, all in all");
    assert_memory_equal(bytes, "here", 4);
    arena_free(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(what_was_added_is_found_under_its_key),
        UNIT_TEST(what_is_used_outlives_what_is_not),
        UNIT_TEST(no_more_is_kept_than_the_limit_allows),
        UNIT_TEST(what_was_found_stays_where_it_is_until_the_next_turn),
    };

    return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
