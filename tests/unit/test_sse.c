#include "lib/sse.h"
#include "lib/str.h"
#include "tests/harness/harness.h"

#define MAX 64 /* bytes of one event */

static void
take_events(struct sse *s, struct buf *out)
{
    const char *event, *data;

    while (sse_next(s, &event, &data))
        buf_printf(out, "(%s|%s)", event, data);
}

/* All events of a stream as "(event|data)", fed in pieces that end at the cuts. */
static const char *
events_cut(struct arena *a, struct str stream, size_t cut, size_t second)
{
    const size_t ends[] = { cut, second, stream.len };
    const char *event, *data;
    struct buf out;
    struct sse s;
    size_t at = 0;

    buf_init(&out, a, 100000);
    sse_init(&s, a, MAX);
    for (size_t i = 0; i < TEST_COUNT(ends); i++) {
        (void)sse_feed(&s, stream.p + at, ends[i] - at);
        take_events(&s, &out);
        at = ends[i];
    }
    if (sse_end(&s, &event, &data))
        buf_printf(&out, "end(%s|%s)", event, data);
    buf_printf(&out, "%s id=%s", s.over ? " over" : "", s.id.data);
    return out.data;
}

static const char *
events(struct arena *a, struct str stream)
{
    return events_cut(a, stream, stream.len, stream.len);
}

static void
reads_events_as_the_standard_says(void **state)
{
    const struct {
        struct str stream;
        const char *events;
    } cases[] = {
        { STR("data: x\n\n"), "(|x) id=" },
        { STR("data: x\r\n\r\n"), "(|x) id=" },
        { STR("data: x\r\r"), "(|x) id=" },
        { STR("data: x\n\r\n"), "(|x) id=" },
        { STR("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n"),
          "(add|73857293)(remove|2153) id=" },
        /* Two examples of the standard's own. */
        { STR("data: YHOO\ndata: +2\ndata: 10\n\n"), "(|YHOO\n+2\n10) id=" },
        { STR(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  "
              "third\n\n"),
          "(|first event)(|second event)(| third) id=" },
        { STR("data\n\ndata\ndata\n\ndata:"), "(|)(|\n)end(|) id=" },
        { STR("data:test\n\ndata: test\n\n"), "(|test)(|test) id=" },
        { STR("\xef\xbb\xbf"
              "data: x\n\n"),
          "(|x) id=" },
        { STR("\xef\xbb\xbf\xef\xbb\xbf"
              "data: x\n\ndata: y\n\n"),
          "(|y) id=" },
        { STR("event: lost\n\ndata: x\n\n"), "(|x) id=" },
        { STR("event: a\nevent: b\ndata: x\n\n"), "(b|x) id=" },
        { STR("event\nid: 7\nretry: 9\nother: z\nDATA: no\ndata : no\ndata: x:y\n\n"),
          "(|x:y) id=7" },
        { STR("id: 1\ndata: x\n\nid: 2\0\ndata: y\n\n"), "(|x)(|y) id=1" },
        { STR(":\n:\n: comment\n\n\n\n"), " id=" },
        { STR(""), " id=" },
        { STR("data: \xc3\xbc\xff\n\n"), "(|\xc3\xbc\xef\xbf\xbd) id=" },
        { STR("data: a\0b\n\n"), "(|a\xef\xbf\xbd"
                                 "b) id=" },
    };

    for (size_t i = 0; i < TEST_COUNT(cases); i++)
        assert_string_equal(events(*state, cases[i].stream), cases[i].events);
}

static void
the_end_gives_an_event_that_no_blank_line_closed(void **state)
{
    assert_string_equal(events(*state, STR("data: x\n")), "end(|x) id=");
    assert_string_equal(events(*state, STR("event: e\ndata: x")), "end(e|x) id=");
    assert_string_equal(events(*state, STR("data: x\n\ndata: y")), "(|x)end(|y) id=");
    assert_string_equal(events(*state, STR("event: e\n")), " id=");
    assert_string_equal(events(*state, STR("data: x\n\n: bye")), "(|x) id=");
    assert_string_equal(events(*state, STR("\xef\xbb")), " id=");
}

static void
the_same_bytes_cut_anywhere_give_the_same_events(void **state)
{
    const struct str streams[] = {
        STR("\xef\xbb\xbf: hi\r\nevent: a\r\ndata: 1\r\ndata: \xf0\x9f\x99\x82\r\n\r\n\rid: 5\n"
            "data\n\n\n\r\r\ndata: \xe2\x82\xff x\n\nevent: z\ndata: tail"),
        /* One byte below the limit of an event, at it, and above it. */
        STR("data: 5678901234567890123456789012345678901234567890123456789012\n\n"
            "data: 56789012345678901234567890123456789012345678901234567890123\n\nx"),
        STR("event: 23456789012345678901234567\r\ndata: 8901234567890123456789012\n\n"),
        STR(": 345678901234567890123456789012345678901234567890123456789012345\ndata: x\n\n"),
        STR("\xef\xbb\xbf"
            "data: 567890123456789012345678901234567890123456789012345678901234"),
    };

    for (size_t i = 0; i < TEST_COUNT(streams); i++) {
        const char *whole = events(*state, streams[i]);

        for (size_t cut = 0; cut <= streams[i].len; cut++)
            for (size_t second = cut; second <= streams[i].len; second++)
                assert_string_equal(events_cut(*state, streams[i], cut, second), whole);
    }
}

static void
an_event_holds_exactly_its_limit(void **state)
{
    struct arena *a = *state;
    const char *line = arena_printf(a, "data: %0*d\n\n", MAX - 6, 0);
    const char *longer = arena_printf(a, "data: %0*d", MAX - 5, 0);

    assert_null(strstr(events(a, str_from(line)), "over"));
    assert_string_equal(events(a, str_from(longer)), " over id=");
    assert_string_equal(events(a, str_from(arena_printf(a, "%s\n\n", longer))), " over id=");
}

static void
lines_of_one_event_count_together_and_comments_do_not(void **state)
{
    struct buf many, comments;

    buf_init(&many, *state, 100000);
    buf_init(&comments, *state, 100000);
    buf_add_str(&comments, "data: x\n");
    for (int i = 0; i < MAX; i++) {
        buf_add_str(&many, "id: 1\n");
        buf_add_str(&comments, ": still here\n");
    }
    buf_add_str(&comments, "\n");

    assert_contains(events(*state, (struct str){ many.data, many.len }), "over");
    assert_string_equal(events(*state, (struct str){ comments.data, comments.len }), "(|x) id=");
}

static void
events_before_the_one_that_passes_the_limit_are_given(void **state)
{
    struct sse s;
    const char *event, *data;
    char line[3 * MAX] = "data: first\n\ndata: ";

    memset(line + 19, 'x', sizeof(line) - 19);
    sse_init(&s, *state, MAX);

    assert_true(sse_feed(&s, line, sizeof(line)));
    assert_true(sse_next(&s, &event, &data));
    assert_string_equal(data, "first");
    assert_false(sse_next(&s, &event, &data));
    assert_true(s.over);
    assert_false(sse_feed(&s, "\n\n", 2));
    assert_false(sse_next(&s, &event, &data));
    assert_false(sse_end(&s, &event, &data));
}

static void
memory_does_not_grow_with_the_stream(void **state)
{
    static const char one_and_a_half[] = "data: hello\n\ndata: hel";
    static const char rest[] = "lo\n\n";
    struct sse s;
    const char *event, *data;
    size_t count = 0;

    sse_init(&s, *state, MAX);
    for (int i = 0; i < 10000; i++) {
        assert_true(sse_feed(&s, one_and_a_half, sizeof(one_and_a_half) - 1));
        while (sse_next(&s, &event, &data))
            count++;
        assert_true(sse_feed(&s, rest, sizeof(rest) - 1));
        while (sse_next(&s, &event, &data)) {
            assert_string_equal(data, "hello");
            count++;
        }
    }

    assert_int_equal(count, 20000);
    assert_in_range(s.in.cap, 1, 200);
    assert_in_range(s.data.cap, 1, 200);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(reads_events_as_the_standard_says),
        UNIT_TEST(the_end_gives_an_event_that_no_blank_line_closed),
        UNIT_TEST(the_same_bytes_cut_anywhere_give_the_same_events),
        UNIT_TEST(an_event_holds_exactly_its_limit),
        UNIT_TEST(lines_of_one_event_count_together_and_comments_do_not),
        UNIT_TEST(events_before_the_one_that_passes_the_limit_are_given),
        UNIT_TEST(memory_does_not_grow_with_the_stream),
    };

    return cmocka_run_group_tests_name("sse", tests, NULL, NULL);
}
