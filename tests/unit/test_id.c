#include "lib/clock.h"
#include "lib/id.h"
#include "tests/harness/harness.h"

#include <pthread.h>

#define UPPER "0190A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B"
#define LOWER "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"

static void
new_ids_rise_strictly(void **state)
{
    struct id last = id_new();

    (void)state;
    /* More in a millisecond than the counter has room for, too. */
    for (int i = 0; i < 100000; i++) {
        struct id id = id_new();

        if (strcmp(id.s, last.s) <= 0)
            fail_msg("%s after %s", id.s, last.s);
        last = id;
    }
}

static void
a_new_id_has_version_7_its_variant_and_the_time(void **state)
{
    int64_t before = clock_wall_ms();
    struct id id = id_new();
    uint8_t b[16];

    (void)state;
    id_bytes(id, b);
    assert_int_equal(b[6] >> 4, 7);
    assert_int_equal(b[8] >> 6, 2);
    /* Ids made before this test may have pushed the clock of ids a little ahead. */
    assert_in_range(id_time_ms(id), before, before + 60000);
}

static void
reads_the_canonical_form_in_any_case(void **state)
{
    struct id id;

    (void)state;
    assert_true(id_parse(UPPER, &id));
    assert_string_equal(id.s, LOWER);
    assert_int_equal(id_time_ms(id), INT64_C(0x0190a1b2c3d4));
}

static void
refuses_everything_else(void **state)
{
    static const char *const bad[] = {
        "",
        "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5",
        LOWER "0",
        " " LOWER,
        "{" LOWER "}",
        "0190a1b2c3d47e5f8a9b0c1d2e3f4a5b",
        "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5g",
        "0190a1b-2c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "0190a1b2_c3d4_7e5f_8a9b_0c1d2e3f4a5b",
        "0x90a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "+190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    };
    struct id id = ID_NONE;

    (void)state;
    for (size_t i = 0; i < TEST_COUNT(bad); i++)
        if (id_parse(bad[i], &id))
            fail_msg("\"%s\" was read", bad[i]);
    assert_false(id_parse(NULL, &id));
    assert_false(id_is_set(id));
}

static void
bytes_go_out_and_come_back(void **state)
{
    struct id id = id_new();
    uint8_t b[16];

    (void)state;
    id_bytes(id, b);
    assert_true(id_eq(id_from_bytes(b), id));
    assert_false(id_eq(id, ID_NONE));

    id_bytes(ID_NONE, b);
    for (size_t i = 0; i < sizeof(b); i++)
        assert_int_equal(b[i], 0);
}

#define THREADS    4
#define PER_THREAD 20000

static void *
make_ids(void *arg)
{
    struct id *ids = arg;

    for (size_t i = 0; i < PER_THREAD; i++)
        ids[i] = id_new();
    return NULL;
}

static int
compare(const void *a, const void *b)
{
    return strcmp(((const struct id *)a)->s, ((const struct id *)b)->s);
}

static void
threads_never_make_the_same(void **state)
{
    struct id *ids = arena_array(*state, (size_t)THREADS * PER_THREAD, sizeof(*ids));
    pthread_t threads[THREADS];

    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, make_ids, ids + i * PER_THREAD), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);

    qsort(ids, (size_t)THREADS * PER_THREAD, sizeof(*ids), compare);
    for (size_t i = 1; i < (size_t)THREADS * PER_THREAD; i++)
        assert_string_not_equal(ids[i].s, ids[i - 1].s);
}

#define AFTER_FORK 100

static void
write_ids(void *arg)
{
    (void)arg;
    for (int i = 0; i < AFTER_FORK; i++)
        printf("%s", id_new().s + ID_TEXT - 16); /* the part that is random */
}

static void
a_child_goes_on_with_other_random_bytes_than_its_parent(void **state)
{
    struct outcome child;

    (void)id_new(); /* fills the pool that the child inherits */
    child = harness_run(*state, write_ids, NULL);

    assert_int_equal(strlen(child.out), AFTER_FORK * 16);
    for (int i = 0; i < AFTER_FORK; i++)
        assert_null(strstr(child.out, id_new().s + ID_TEXT - 16));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(new_ids_rise_strictly),
        UNIT_TEST(a_new_id_has_version_7_its_variant_and_the_time),
        UNIT_TEST(reads_the_canonical_form_in_any_case),
        UNIT_TEST(refuses_everything_else),
        UNIT_TEST(bytes_go_out_and_come_back),
        UNIT_TEST(threads_never_make_the_same),
        UNIT_TEST(a_child_goes_on_with_other_random_bytes_than_its_parent),
    };

    return cmocka_run_group_tests_name("id", tests, NULL, NULL);
}
