#include "lib/arena.h"
#include "tests/harness/harness.h"

#include <signal.h>

static void
memory_is_zeroed_and_aligned(void **state)
{
    for (size_t size = 0; size < 200; size++) {
        unsigned char *p = arena_alloc(*state, size);

        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, size);
    }
}

static void
allocations_do_not_overlap(void **state)
{
    enum { N = 3000 };
    unsigned char *p[N];

    for (size_t i = 0; i < N; i++) {
        p[i] = arena_alloc(*state, i % 97 + 1);
        memset(p[i], (int)(i % 251), i % 97 + 1);
    }

    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < i % 97 + 1; j++)
            assert_int_equal(p[i][j], i % 251);
}

static void
an_outsize_allocation_leaves_the_rest_of_a_block_in_use(void **state)
{
    unsigned char *before = arena_alloc(*state, 8), *large, *after;

    large = arena_alloc(*state, (size_t)10 * 1024 * 1024);
    large[10 * 1024 * 1024 - 1] = 1;
    after = arena_alloc(*state, 8);

    assert_in_range((uintptr_t)after, (uintptr_t)before, (uintptr_t)before + 64);
}

static void
memory_is_zeroed_again_after_a_reset(void **state)
{
    struct arena *a = arena_new();

    (void)state;
    for (int round = 0; round < 3; round++) {
        unsigned char *p = arena_alloc(a, 1000);

        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xaa, 1000);
        memset(arena_alloc(a, 100000), 0xaa, 100000);
        arena_reset(a);
    }
    arena_free(a);
}

static void
strings_are_copied_and_terminated(void **state)
{
    char *whole = arena_strdup(*state, "whole"), *part = arena_strndup(*state, "partial", 4);

    assert_string_equal(whole, "whole");
    assert_string_equal(part, "part");
    assert_string_equal(arena_strndup(*state, NULL, 0), "");
}

static void
printf_takes_texts_of_any_length(void **state)
{
    char *text = arena_printf(*state, "%0*d|%s", 100000, 7, "end");

    assert_int_equal(strlen(text), 100004);
    assert_string_equal(text + 99999, "7|end");
}

struct note {
    char *to;
    char letter;
};

static void
write_letter(void *arg)
{
    struct note *n = arg;

    n->to[strlen(n->to)] = n->letter;
}

static void
deferred_calls_run_newest_first_on_free_and_on_reset(void **state)
{
    char log[8] = "";
    struct note first = { log, '1' }, second = { log, '2' }, third = { log, '3' };
    struct arena *a = arena_new();

    (void)state;
    arena_defer(a, write_letter, &first);
    arena_defer(a, write_letter, &second);
    arena_reset(a);
    assert_string_equal(log, "21");

    arena_defer(a, write_letter, &third);
    arena_free(a);
    assert_string_equal(log, "213");
}

struct chain {
    struct arena *arena;
    struct note note;
};

static void
defer_another(void *arg)
{
    struct chain *c = arg;

    arena_defer(c->arena, write_letter, &c->note);
}

static void
a_deferred_call_may_defer_and_allocate(void **state)
{
    char log[8] = "";
    struct arena *a = arena_new();
    struct chain c = { a, { log, 'x' } };

    (void)state;
    arena_defer(a, defer_another, &c);
    arena_free(a);

    assert_string_equal(log, "x");
}

static void
freeing_nothing_is_allowed(void **state)
{
    (void)state;
    arena_free(NULL);
}

static void
take_too_many(void *arg)
{
    volatile size_t half = SIZE_MAX / 2;

    (void)arena_array(arg, half, 3);
}

static void
an_impossible_size_aborts(void **state)
{
    struct outcome o = harness_run(*state, take_too_many, *state);

    assert_int_equal(o.signal, SIGABRT);
    assert_string_equal(o.err, "fatal: allocation of impossible size\n");
}

static void
an_array_grows_and_keeps_what_it_has(void **state)
{
    struct arena *a = arena_new();
    size_t cap = 0;
    int *list = NULL;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        list = arena_grow(a, list, (size_t)i, &cap, sizeof(*list));
        assert_true(cap > (size_t)i && cap <= 2 * (size_t)(i + 16));
        list[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(list[i], i);
    arena_free(a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(memory_is_zeroed_and_aligned),
        UNIT_TEST(allocations_do_not_overlap),
        UNIT_TEST(an_outsize_allocation_leaves_the_rest_of_a_block_in_use),
        UNIT_TEST(memory_is_zeroed_again_after_a_reset),
        UNIT_TEST(strings_are_copied_and_terminated),
        UNIT_TEST(printf_takes_texts_of_any_length),
        UNIT_TEST(deferred_calls_run_newest_first_on_free_and_on_reset),
        UNIT_TEST(a_deferred_call_may_defer_and_allocate),
        UNIT_TEST(freeing_nothing_is_allowed),
        UNIT_TEST(an_impossible_size_aborts),
        UNIT_TEST(an_array_grows_and_keeps_what_it_has),
    };

    return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
