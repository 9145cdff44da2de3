#include "lib/vector.h"
#include "tests/harness/harness.h"

#include <math.h>

static void
likeness_is_the_cosine_of_the_angle(void **state)
{
    const float up[] = { 0, 3 }, right[] = { 0.01F, 0 }, between[] = { 2, 2 };
    int8_t a[2], b[2], c[2];

    (void)state;
    assert_true(vector_pack(up, 2, a) && vector_pack(right, 2, b) && vector_pack(between, 2, c));
    assert_true(fabs(vector_alike(a, a, 2) - 1) < 1e-9);
    assert_true(fabs(vector_alike(a, b, 2)) < 1e-9);
    assert_true(fabs(vector_alike(a, c, 2) - sqrt(0.5)) < 1e-9);
}

static void
a_vector_without_direction_is_none(void **state)
{
    const float zero[] = { 0, 0 }, wild[] = { 1, NAN };
    int8_t out[2] = { 0, 0 };

    (void)state;
    assert_false(vector_pack(zero, 2, out));
    assert_false(vector_pack(wild, 2, out));
    assert_true(fabs(vector_alike(out, out, 2)) < 1e-9);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(likeness_is_the_cosine_of_the_angle),
        UNIT_TEST(a_vector_without_direction_is_none),
    };

    return cmocka_run_group_tests_name("vector", tests, NULL, NULL);
}
