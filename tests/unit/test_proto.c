#include "lib/proto.h"
#include "tests/harness/harness.h"

#include <string.h>

static struct buf *
empty(struct arena *a)
{
    struct buf *out = ARENA_NEW(a, struct buf);

    buf_init(out, a, 1 << 20);
    return out;
}

#define assert_bytes(out, ...)                                                                     \
    do {                                                                                           \
        static const uint8_t want_[] = { __VA_ARGS__ };                                            \
        assert_true(buf_ok(out));                                                                  \
        assert_int_equal((out)->len, sizeof(want_));                                               \
        assert_memory_equal((out)->data, want_, sizeof(want_));                                    \
    } while (0)

/* The examples of the format's own documentation. */
static void
numbers_and_texts_are_as_documented(void **state)
{
    struct buf *out = empty(*state);

    proto_int(out, 1, 150);
    proto_bytes(out, 2, STR("testing"));
    assert_bytes(out, 0x08, 0x96, 0x01, 0x12, 0x07, 't', 'e', 's', 't', 'i', 'n', 'g');
}

static void
a_message_stands_in_a_message(void **state)
{
    struct buf *out = empty(*state);
    size_t begin = proto_begin(out, 3), inner;

    proto_int(out, 1, 150);
    proto_end(out, begin);
    begin = proto_begin(out, 1);
    inner = proto_begin(out, 1);
    proto_end(out, inner);
    proto_end(out, begin);
    assert_bytes(out, 0x1a, 0x03, 0x08, 0x96, 0x01, 0x0a, 0x02, 0x0a, 0x00);
}

static void
negative_numbers_take_ten_bytes(void **state)
{
    struct buf *out = empty(*state);

    proto_int(out, 3, -2);
    assert_bytes(out, 0x18, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);
}

static void
fixed_numbers_are_little_endian(void **state)
{
    struct buf *out = empty(*state);

    proto_fixed64(out, 7, 0x0102030405060708);
    proto_double(out, 4, 0.5);
    assert_bytes(out, 0x39, 8, 7, 6, 5, 4, 3, 2, 1, 0x21, 0, 0, 0, 0, 0, 0, 0xe0, 0x3f);
}

static void
fields_above_fifteen_take_two_bytes(void **state)
{
    struct buf *out = empty(*state);

    proto_int(out, 16, 1);
    assert_bytes(out, 0x80, 0x01, 0x01);
}

static void
long_messages_have_long_lengths(void **state)
{
    static const size_t lengths[] = { 125, 126, 16381, 70000 };
    struct arena *a = *state;

    for (size_t i = 0; i < TEST_COUNT(lengths); i++) {
        char *text = arena_alloc(a, lengths[i] + 1);
        struct buf *out = empty(a), *inner = empty(a), *want = empty(a);
        size_t begin = proto_begin(out, 2);

        memset(text, 'x', lengths[i]);
        proto_bytes(out, 1, (struct str){ text, lengths[i] });
        proto_end(out, begin);
        proto_bytes(inner, 1, (struct str){ text, lengths[i] });
        proto_bytes(want, 2, (struct str){ inner->data, inner->len });
        assert_int_equal(out->len, want->len);
        assert_memory_equal(out->data, want->data, want->len);
    }
}

static void
what_is_over_the_limit_is_marked(void **state)
{
    struct buf out;
    size_t begin;

    buf_init(&out, *state, 8);
    begin = proto_begin(&out, 1);
    proto_bytes(&out, 1, STR("more than eight"));
    proto_end(&out, begin);
    assert_false(buf_ok(&out));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(numbers_and_texts_are_as_documented), UNIT_TEST(a_message_stands_in_a_message),
        UNIT_TEST(negative_numbers_take_ten_bytes),     UNIT_TEST(fixed_numbers_are_little_endian),
        UNIT_TEST(fields_above_fifteen_take_two_bytes), UNIT_TEST(long_messages_have_long_lengths),
        UNIT_TEST(what_is_over_the_limit_is_marked),
    };

    return cmocka_run_group_tests_name("proto", tests, NULL, NULL);
}
