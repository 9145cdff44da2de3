#include "lib/arena.h"
#include "tests/harness/harness.h"
#include "worker/embed/embeddings.h"

#include <string.h>

static void
the_call_stands_below_the_base(void **state)
{
    assert_string_equal(embeddings_url(*state, "https://h/v1"), "https://h/v1/embeddings");
    assert_string_equal(embeddings_url(*state, "https://h/v1/"), "https://h/v1/embeddings");
    assert_string_equal(embeddings_url(*state, "https://h/v1/embeddings"),
                        "https://h/v1/embeddings");
}

static void
texts_are_sent_as_they_are_up_to_a_length(void **state)
{
    char *text = arena_alloc(*state, 2 * EMBEDDINGS_TEXT_MAX + 1);
    const char *texts[] = { "a \"b\"\n", text };
    struct str body;

    memset(text, 'x', 2 * EMBEDDINGS_TEXT_MAX);
    body = embeddings_body(*state, "small", texts, 2);
    assert_non_null(strstr(body.p, "\"model\":\"small\""));
    assert_non_null(strstr(body.p, "\"input\":[\"a \\\"b\\\"\\n\",\"xxx"));
    assert_true(body.len < EMBEDDINGS_TEXT_MAX + 200);
}

static struct err
read(struct arena *a, const char *reply, size_t n, struct embeddings *out)
{
    return embeddings_read(a, str_from(reply), n, out);
}

static void
vectors_are_put_in_the_order_of_their_texts(void **state)
{
    struct embeddings e;

    assert_int_equal(read(*state,
                          "{\"data\":[{\"index\":1,\"embedding\":[0,-0.5]},"
                          "{\"index\":0,\"embedding\":[1e-3,5e-4]}],\"usage\":{}}",
                          2, &e)
                         .code,
                     ERR_NONE);
    assert_int_equal(e.dimensions, 2);
    assert_int_equal(e.numbers[0], 127);
    assert_int_equal(e.numbers[1], 64);
    assert_int_equal(e.numbers[2], 0);
    assert_int_equal(e.numbers[3], -127);
}

static void
vectors_may_come_in_base64(void **state)
{
    struct embeddings e;

    /* 1.0 and -1.0 */
    assert_int_equal(read(*state, "{\"data\":[{\"embedding\":\"AACAPwAAgL8=\"}]}", 1, &e).code,
                     ERR_NONE);
    assert_int_equal(e.dimensions, 2);
    assert_int_equal(e.numbers[1], -127);
}

static void
what_is_no_vector_for_each_text_is_an_error(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"data\":{}}",
        "{\"data\":[]}",
        "{\"data\":[7]}",
        "{\"data\":[{\"embedding\":[]},{\"embedding\":[1]}]}",
        "{\"data\":[{\"embedding\":[0,0]},{\"embedding\":[1,1]}]}",
        "{\"data\":[{\"embedding\":[1,2]},{\"embedding\":[1]}]}",
        "{\"data\":[{\"embedding\":[1]},{\"embedding\":[\"2\"]}]}",
        "{\"data\":[{\"embedding\":[1]},{\"embedding\":[1e39]}]}",
        "{\"data\":[{\"embedding\":[1]},{\"embedding\":\"AAC\"}]}",
        "{\"data\":[{\"embedding\":[1]},{\"embedding\":null}]}",
        "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":0,\"embedding\":[1]}]}",
        "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":2,\"embedding\":[1]}]}",
        "{\"data\":[{\"index\":0,\"embedding\":[1]},{\"index\":-1,\"embedding\":[1]}]}",
        "{\"data\":[{\"embedding\":[1]},{\"embedding\":[1]},{\"embedding\":[1]}]}",
    };
    struct embeddings e;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(read(*state, bad[i], 2, &e).code, ERR_UPSTREAM);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(the_call_stands_below_the_base),
        UNIT_TEST(texts_are_sent_as_they_are_up_to_a_length),
        UNIT_TEST(vectors_are_put_in_the_order_of_their_texts),
        UNIT_TEST(vectors_may_come_in_base64),
        UNIT_TEST(what_is_no_vector_for_each_text_is_an_error),
    };

    return cmocka_run_group_tests_name("embeddings", tests, NULL, NULL);
}
