#include "db/event.h"
#include "lib/buf.h"
#include "lib/id.h"
#include "tests/harness/harness.h"
#include "worker/collector.h"
#include "worker/respond/transcript.h"

#include <string.h>

/* ---- helpers ------------------------------------------------------------------ */

static const char *
written(struct arena *a, const struct event *events, size_t n)
{
    struct buf out;

    buf_init(&out, a, SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &events[i];

        buf_printf(&out, "%s%d:%d.%d", i ? " " : "", (int)e->seq, (int)e->type, e->item);
        if (e->text)
            buf_printf(&out, "'%s'", e->text);
        if (e->data)
            buf_printf(&out, "%s", e->data);
    }
    return out.data;
}

/* The events of a whole flight, which lands at once. */
static const char *
flown(struct arena *a, struct collector *c)
{
    struct arena *arena;
    struct event *batch;
    size_t n = collector_depart(c, &batch, &arena);
    const char *text = written(a, batch, n);

    collector_landed(c);
    return text;
}

static struct collector *
collector(struct arena *a)
{
    struct collector *c = ARENA_NEW(a, struct collector);

    collector_init(c, a);
    return c;
}

static struct stream *
stream(struct arena *a, struct collector *c, int64_t next_seq)
{
    struct stream *s = ARENA_NEW(a, struct stream);

    stream_open(s, c, id_new(), id_new(), 1, next_seq);
    return s;
}

static const char *
closed(struct arena *a, struct stream *s)
{
    struct event *events;
    size_t n;

    assert_true(stream_close(s, a, &events, &n, NULL, NULL));
    return written(a, events, n);
}

static void
note(void *arg)
{
    ++*(int *)arg;
}

/* ---- the collector --------------------------------------------------------------- */

static void
numbers_events_without_gaps_over_flights(void **state)
{
    struct collector *c = collector(*state);
    struct stream *s = stream(*state, c, 5);

    stream_event(s, EVENT_IN_PROGRESS, 0, "{}");
    stream_event(s, EVENT_MESSAGE_ADDED, 0, NULL);
    assert_string_equal(flown(*state, c), "5:2.0{} 6:20.0");
    stream_text(s, EVENT_TEXT_DELTA, 0, STR("a"));
    assert_string_equal(flown(*state, c), "7:22.0'a'");
}

static void
text_joins_the_newest_event_of_its_item(void **state)
{
    struct collector *c = collector(*state);
    struct stream *s = stream(*state, c, 0);

    stream_text(s, EVENT_TEXT_DELTA, 0, STR("a"));
    stream_text(s, EVENT_TEXT_DELTA, 0, STR("b"));
    stream_text(s, EVENT_TEXT_DELTA, 1, STR("c"));
    stream_event(s, EVENT_TEXT_DONE, 1, NULL);
    stream_text(s, EVENT_TEXT_DELTA, 1, STR("d"));
    assert_string_equal(flown(*state, c), "0:22.0'ab' 1:22.1'c' 2:24.1 3:22.1'd'");
}

static void
text_does_not_join_what_is_in_flight(void **state)
{
    struct collector *c = collector(*state);
    struct stream *s = stream(*state, c, 0);
    struct arena *arena;
    struct event *batch;

    stream_text(s, EVENT_TEXT_DELTA, 0, STR("a"));
    assert_int_equal(collector_depart(c, &batch, &arena), 1);
    stream_text(s, EVENT_TEXT_DELTA, 0, STR("b"));
    assert_string_equal(batch[0].text, "a");
    collector_landed(c);
    assert_string_equal(flown(*state, c), "1:22.0'b'");
}

static void
one_batch_holds_the_events_of_all_streams(void **state)
{
    struct collector *c = collector(*state);
    struct stream *a = stream(*state, c, 0), *b = stream(*state, c, 9);

    stream_text(a, EVENT_TEXT_DELTA, 0, STR("a"));
    stream_text(b, EVENT_TEXT_DELTA, 0, STR("b"));
    stream_text(a, EVENT_TEXT_DELTA, 0, STR("c"));
    assert_string_equal(flown(*state, c), "0:22.0'ac' 9:22.0'b'");
    assert_false(collector_has_pending(c));
}

static void
a_closed_stream_hands_over_what_has_not_left(void **state)
{
    struct collector *c = collector(*state);
    struct stream *s = stream(*state, c, 0), *other = stream(*state, c, 0);

    stream_text(other, EVENT_TEXT_DELTA, 0, STR("x"));
    stream_text(s, EVENT_TEXT_DELTA, 0, STR("a"));
    (void)flown(*state, c);
    stream_text(s, EVENT_TEXT_DELTA, 0, STR("b"));
    stream_event(s, EVENT_COMPLETED, 0, NULL);
    stream_text(other, EVENT_TEXT_DELTA, 0, STR("y"));

    assert_string_equal(closed(*state, s), "1:22.0'b' 2:3.0");
    assert_string_equal(flown(*state, c), "1:22.0'y'");
}

static void
nothing_overtakes_what_is_in_flight(void **state)
{
    struct collector *c = collector(*state);
    struct stream *s = stream(*state, c, 0);
    struct event *batch, *last;
    struct arena *arena;
    int landed = 0;
    size_t n;

    stream_text(s, EVENT_TEXT_DELTA, 0, STR("a"));
    (void)collector_depart(c, &batch, &arena);
    stream_event(s, EVENT_COMPLETED, 0, NULL);

    assert_false(stream_close(s, *state, &last, &n, note, &landed));
    assert_int_equal(n, 1);
    assert_int_equal(landed, 0);
    collector_landed(c);
    assert_int_equal(landed, 1);
}

static void
a_dropped_stream_is_told_nothing(void **state)
{
    struct collector *c = collector(*state);
    struct stream *s = stream(*state, c, 0), *other = stream(*state, c, 0);
    struct event *batch, *last;
    struct arena *arena;
    int landed = 0;
    size_t n;

    stream_text(s, EVENT_TEXT_DELTA, 0, STR("a"));
    stream_text(other, EVENT_TEXT_DELTA, 0, STR("o"));
    assert_int_equal(collector_depart(c, &batch, &arena), 2);
    assert_false(stream_close(s, *state, &last, &n, note, &landed));
    stream_drop(s);
    collector_landed(c);
    assert_int_equal(landed, 0);

    stream_text(other, EVENT_TEXT_DELTA, 0, STR("p"));
    stream_drop(other);
    assert_false(collector_has_pending(c));
}

static void
the_interval_follows_streams_and_flights(void **state)
{
    struct collector *c = collector(*state);

    assert_int_equal(collector_interval_ms(c, 50, 0), 50);
    assert_int_equal(collector_interval_ms(c, 50, 20), 60);
    assert_int_equal(collector_interval_ms(c, 50, 500), COLLECTOR_INTERVAL_MAX);
    assert_int_equal(collector_interval_ms(c, 400, 1), 400);
    for (int i = 0; i < 525; i++)
        (void)stream(*state, c, 0);
    assert_in_range(collector_interval_ms(c, 50, 0), 98, 102);
    for (int i = 0; i < 2000; i++)
        (void)stream(*state, c, 0);
    assert_int_equal(collector_interval_ms(c, 50, 0), COLLECTOR_INTERVAL_MAX);
}

static void
ended_streams_count_no_more(void **state)
{
    struct collector *c = collector(*state);
    struct stream *streams[600];

    for (size_t i = 0; i < TEST_COUNT(streams); i++)
        streams[i] = stream(*state, c, 0);
    assert_true(collector_interval_ms(c, 50, 0) > 50);
    for (size_t i = 0; i < TEST_COUNT(streams); i++) {
        (void)closed(*state, streams[i]);
        stream_drop(streams[i]);
        stream_drop(streams[i]);
    }
    assert_int_equal(collector_interval_ms(c, 50, 0), 50);
}

/* ---- transcripts ---------------------------------------------------------------------- */

struct telling {
    struct collector *c;
    struct stream *s;
    struct transcript t;
};

static struct telling *
telling(struct arena *a)
{
    struct telling *x = ARENA_NEW(a, struct telling);

    x->c = collector(a);
    x->s = stream(a, x->c, 0);
    assert_true(id_parse("01a20089-7125-75bb-8fe4-3e10faca7dbe", &x->s->request_id));
    transcript_begin(&x->t, a, x->s, x->s->request_id, 0);
    return x;
}

static void
text_is_a_message_from_its_first_word(void **state)
{
    struct telling *x = telling(*state);

    assert_ok(transcript_text(&x->t, STR("Hel")));
    assert_ok(transcript_text(&x->t, STR("lo")));
    transcript_end(&x->t, true);

    assert_string_equal(flown(*state, x->c), "0:20.0 1:21.0 2:22.0'Hello' 3:24.0 4:25.0 5:26.0");
    assert_string_equal(transcript_content(&x->t, true), "Hello");
    assert_string_equal(
        transcript_output(&x->t, *state),
        "[{\"id\":\"msg_01a20089712575bb8fe43e10faca7dbe_0\",\"type\":\"message\",\"status\":"
        "\"completed\",\"role\":\"assistant\",\"content\":[{\"type\":\"output_text\",\"text\":"
        "\"Hello\",\"annotations\":[],\"logprobs\":[]}]}]");
}

static void
reasoning_is_done_when_the_text_begins(void **state)
{
    struct telling *x = telling(*state);

    assert_ok(transcript_reasoning(&x->t, STR("hm")));
    assert_ok(transcript_text(&x->t, STR("so")));
    transcript_end(&x->t, true);

    assert_string_equal(flown(*state, x->c), "0:30.0 1:31.0 2:32.0'hm' 3:33.0 4:34.0 5:35.0 "
                                             "6:20.1 7:21.1 8:22.1'so' 9:24.1 10:25.1 11:26.1");
    assert_string_equal(transcript_content(&x->t, true), "so");
}

static void
what_was_cut_is_closed_as_incomplete(void **state)
{
    struct telling *x = telling(*state);

    assert_ok(transcript_text(&x->t, STR("Hel")));
    transcript_end(&x->t, false);

    assert_string_equal(flown(*state, x->c), "0:20.0 1:21.0 2:22.0'Hel' 3:24.0 4:25.0 5:27.0");
    assert_contains(transcript_output(&x->t, *state), "\"status\":\"incomplete\"");
}

static void
calls_stay_open_to_the_end(void **state)
{
    struct telling *x = telling(*state);
    const char *events;

    assert_ok(transcript_call(&x->t, 0, "a", "f"));
    assert_ok(transcript_call(&x->t, 1, "b", "g"));
    assert_ok(transcript_arguments(&x->t, 0, STR("{}")));
    assert_ok(transcript_arguments(&x->t, 1, STR("[1]")));
    transcript_end(&x->t, true);

    events = flown(*state, x->c);
    assert_contains(events, "2:40.0'{}' 3:40.1'[1]'");
    assert_contains(events, "4:41.0\"name\":\"f\",\"arguments\":\"{}\"");
    assert_contains(
        transcript_output(&x->t, *state),
        "\"call_id\":\"b\",\"name\":\"g\",\"arguments\":\"[1]\",\"status\":\"completed\"");
    assert_err(ERR_MALFORMED, transcript_arguments(&x->t, 7, STR("x")));
}

static void
annotations_are_kept_with_their_message(void **state)
{
    struct telling *x = telling(*state);

    assert_ok(transcript_text(&x->t, STR("so [1]")));
    transcript_annotate(&x->t, "{\"n\":1}");
    transcript_annotate(&x->t, "{\"n\":2}");
    transcript_end(&x->t, true);

    assert_string_equal(flown(*state, x->c),
                        "0:20.0 1:21.0 2:22.0'so [1]' "
                        "3:23.0\"annotation_index\":0,\"annotation\":{\"n\":1} "
                        "4:23.0\"annotation_index\":1,\"annotation\":{\"n\":2} 5:24.0 "
                        "6:25.0[{\"n\":1},{\"n\":2}] 7:26.0[{\"n\":1},{\"n\":2}]");
    transcript_annotate(&x->t, "{}");
    assert_false(collector_has_pending(x->c));
}

static void
a_text_over_the_limit_is_kept_up_to_it(void **state)
{
    struct telling *x = telling(*state);
    size_t len = TRANSCRIPT_TEXT_MAX - 1;
    char *text = arena_alloc(*state, len);

    memset(text, 'x', len);
    assert_ok(transcript_text(&x->t, (struct str){ text, len }));
    assert_err(ERR_TOO_LARGE, transcript_text(&x->t, STR("\xc3\xa9")));
    assert_ok(transcript_text(&x->t, STR("y")));
    assert_err(ERR_TOO_LARGE, transcript_reasoning(&x->t, STR("z")));
    assert_int_equal(strlen(transcript_content(&x->t, true)), TRANSCRIPT_TEXT_MAX);
}

static void
earlier_items_show_only_when_this_attempt_says_nothing(void **state)
{
    struct event_item earlier[] = { { .item = 0,
                                      .added = EVENT_MESSAGE_ADDED,
                                      .text = "before",
                                      .done = true,
                                      .incomplete = true } };
    struct telling *x = telling(*state);

    x->t.earlier = earlier;
    x->t.earlier_count = 1;
    assert_string_equal(transcript_content(&x->t, false), "before");
    assert_contains(transcript_output(&x->t, *state), "before");
    assert_string_equal(transcript_content(&x->t, true), "");

    assert_ok(transcript_text(&x->t, STR("after")));
    assert_string_equal(transcript_content(&x->t, false), "after");
    assert_null(strstr(transcript_output(&x->t, *state), "before"));
}

static void
an_answer_has_a_limit_of_items(void **state)
{
    struct telling *x = telling(*state);
    struct err e = OK;

    for (int i = 0; i < TRANSCRIPT_ITEMS_MAX && !e.code; i++)
        e = transcript_call(&x->t, i, "id", "f");
    assert_ok(e);
    assert_err(ERR_TOO_LARGE, transcript_call(&x->t, -2, "id", "f"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(numbers_events_without_gaps_over_flights),
        UNIT_TEST(text_joins_the_newest_event_of_its_item),
        UNIT_TEST(text_does_not_join_what_is_in_flight),
        UNIT_TEST(one_batch_holds_the_events_of_all_streams),
        UNIT_TEST(a_closed_stream_hands_over_what_has_not_left),
        UNIT_TEST(nothing_overtakes_what_is_in_flight),
        UNIT_TEST(a_dropped_stream_is_told_nothing),
        UNIT_TEST(the_interval_follows_streams_and_flights),
        UNIT_TEST(ended_streams_count_no_more),
        UNIT_TEST(text_is_a_message_from_its_first_word),
        UNIT_TEST(reasoning_is_done_when_the_text_begins),
        UNIT_TEST(what_was_cut_is_closed_as_incomplete),
        UNIT_TEST(calls_stay_open_to_the_end),
        UNIT_TEST(annotations_are_kept_with_their_message),
        UNIT_TEST(a_text_over_the_limit_is_kept_up_to_it),
        UNIT_TEST(earlier_items_show_only_when_this_attempt_says_nothing),
        UNIT_TEST(an_answer_has_a_limit_of_items),
    };

    return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
