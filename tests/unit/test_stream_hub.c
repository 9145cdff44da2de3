#include "db/event.h"
#include "lib/arena.h"
#include "stream/hub.h"
#include "tests/harness/harness.h"

#include <string.h>

#define LIMIT 2000 /* bytes */

/* What a watcher was told and what it has sent. */
struct client {
    struct watcher w; /* first */
    struct hub *hub;
    int told, slow;
    int64_t got[100];
    size_t count;
};

static struct hub hub;
static struct id topic, other;

static void
setup(void **state)
{
    topic = id_new();
    other = id_new();
    hub_init(&hub, *state, 4, LIMIT);
}

/* Events first..last of a response, one delta each; the last of all ends it. */
static struct batch *
batch(struct id id, int64_t first, int64_t last, bool ends)
{
    struct event_row rows[100] = { 0 };
    size_t n = 0;

    for (int64_t seq = first; seq <= last; seq++, n++)
        rows[n].e = (struct event){
            .request_id = id, .seq = seq, .type = EVENT_TEXT_DELTA, .text = "word "
        };
    if (ends)
        rows[n - 1].e.type = EVENT_COMPLETED;
    return batch_of_events(TOPIC_REQUEST, rows, n);
}

static void
news(void *arg, struct watcher *w, enum hub_news what)
{
    struct client *c = (struct client *)w;

    (void)arg;
    c->told++;
    if (what != HUB_TOO_SLOW)
        return;
    c->slow++;
    hub_leave(&hub, w);
}

static void
deliver(int64_t first, int64_t last, bool ends)
{
    hub_deliver(&hub, batch(topic, first, last, ends), news, NULL);
}

/* Send everything, at most `most` events at once. */
static void
send_all(struct client *c, size_t most)
{
    struct piece piece;

    while (watcher_next(&c->w, most, SIZE_MAX, &piece)) {
        assert_memory_equal(piece.text, "event: ", 7);
        assert_memory_equal(piece.text + piece.len - 2, "\n\n", 2);
        for (size_t i = 0; i < piece.count; i++)
            c->got[c->count++] = piece.batch->events[piece.first + i].seq;
        watcher_sent(&c->w, &piece);
    }
}

static void
assert_got(const struct client *c, int64_t first, int64_t last)
{
    assert_int_equal(c->count, last - first + 1);
    for (size_t i = 0; i < c->count; i++)
        assert_int_equal(c->got[i], first + (int64_t)i);
}

static void
who_watches_gets_what_is_delivered(void **state)
{
    struct client a = { .w.seq = -1 }, b = { .w.seq = -1 };

    setup(state);
    hub_join(&hub, TOPIC_REQUEST, topic, &a.w);
    hub_join(&hub, TOPIC_REQUEST, topic, &b.w);
    deliver(0, 2, false);
    send_all(&a, 1);
    deliver(3, 5, false);
    deliver(6, 6, true);
    assert_int_equal(a.told, 3);
    assert_false(a.w.ended);
    send_all(&a, SIZE_MAX);
    send_all(&b, 2);
    assert_got(&a, 0, 6);
    assert_got(&b, 0, 6);
    assert_true(a.w.ended && b.w.ended);
    hub_leave(&hub, &a.w);
    hub_leave(&hub, &b.w);
    assert_int_equal(hub.pool.used, 0);
}

static void
news_of_other_topics_and_of_other_kinds_reach_nobody(void **state)
{
    struct client a = { .w.seq = -1 };

    setup(state);
    hub_join(&hub, TOPIC_FEED, topic, &a.w);
    deliver(0, 2, false);
    hub_deliver(&hub, batch(other, 0, 2, false), news, NULL);
    assert_int_equal(a.told, 0);
    hub_leave(&hub, &a.w);
}

static void
what_was_missed_is_sent_before_what_is_delivered_without_gap_or_repeat(void **state)
{
    struct client a = { .w.seq = -1 };

    setup(state);
    /* The replay reaches 4; the channel passes on 3 and 4 again, since it was read up to 2. */
    hub_join(&hub, TOPIC_REQUEST, topic, &a.w);
    watcher_give(&a.w, batch(topic, 0, 4, false));
    deliver(3, 4, false);
    deliver(5, 7, false);
    send_all(&a, 3);
    deliver(8, 8, true);
    send_all(&a, 3);
    assert_got(&a, 0, 8);
    hub_leave(&hub, &a.w);
}

static void
who_has_some_events_of_a_batch_gets_the_others(void **state)
{
    struct client a = { .w.seq = 4 }, b = { .w.seq = 9 };

    setup(state);
    hub_join(&hub, TOPIC_REQUEST, topic, &a.w);
    hub_join(&hub, TOPIC_REQUEST, topic, &b.w);
    deliver(0, 9, true);
    send_all(&a, SIZE_MAX);
    assert_got(&a, 5, 9);
    assert_false(watcher_next(&b.w, 1, 1, &(struct piece){ 0 }));
    assert_true(b.w.ended);
    hub_leave(&hub, &a.w);
    hub_leave(&hub, &b.w);
}

static void
a_replay_that_holds_nothing_new_is_passed_over(void **state)
{
    struct client a = { .w.seq = 5 };

    setup(state);
    watcher_give(&a.w, batch(topic, 0, 5, true));
    assert_true(watcher_is_idle(&a.w));
    assert_true(a.w.ended);
    hub_leave(&hub, &a.w);
}

static void
who_reads_too_slowly_is_told_so_and_the_others_go_on(void **state)
{
    struct client slow = { .w.seq = -1 }, quick = { .w.seq = -1 };

    setup(state);
    hub_join(&hub, TOPIC_REQUEST, topic, &slow.w);
    hub_join(&hub, TOPIC_REQUEST, topic, &quick.w);
    for (int64_t seq = 0; seq < 90; seq += 3) {
        deliver(seq, seq + 2, false);
        send_all(&quick, SIZE_MAX);
    }
    assert_int_equal(slow.slow, 1);
    assert_null(slow.w.channel);
    assert_got(&quick, 0, 89);
    assert_int_equal(quick.slow, 0);
    hub_leave(&hub, &quick.w);
}

static void
one_batch_is_never_too_much(void **state)
{
    struct client a = { .w.seq = -1 };

    setup(state);
    hub_join(&hub, TOPIC_REQUEST, topic, &a.w);
    deliver(0, 80, false);
    assert_int_equal(a.slow, 0);
    deliver(81, 81, false);
    assert_int_equal(a.slow, 1);
    assert_int_equal(hub.pool.used, 0);
}

static void
a_piece_has_at_most_so_many_bytes_but_always_an_event(void **state)
{
    struct client a = { .w.seq = -1 };
    struct piece piece, one;

    setup(state);
    hub_join(&hub, TOPIC_REQUEST, topic, &a.w);
    deliver(0, 9, false);
    assert_true(watcher_next(&a.w, SIZE_MAX, 1, &one));
    assert_int_equal(one.count, 1);
    assert_true(watcher_next(&a.w, SIZE_MAX, 3 * one.len, &piece));
    assert_int_equal(piece.count, 3);
    assert_true(watcher_next(&a.w, SIZE_MAX, 3 * one.len - 1, &piece));
    assert_int_equal(piece.count, 2);
    hub_leave(&hub, &a.w);
}

static void
who_leaves_drops_what_waited_and_may_leave_twice(void **state)
{
    struct client a = { .w.seq = -1 }, b = { .w.seq = -1 };

    setup(state);
    hub_join(&hub, TOPIC_REQUEST, topic, &a.w);
    hub_join(&hub, TOPIC_REQUEST, topic, &b.w);
    watcher_give(&a.w, batch(topic, 0, 3, false));
    deliver(4, 5, false);
    hub_leave(&hub, &a.w);
    hub_leave(&hub, &a.w);
    assert_true(watcher_is_idle(&a.w));
    deliver(6, 7, false);
    send_all(&b, SIZE_MAX);
    assert_got(&b, 4, 7);
    hub_leave(&hub, &b.w);
    assert_int_equal(hub.channels[TOPIC_REQUEST].count, 0);
}

static void
the_end_of_what_is_gone_comes_behind_what_waited(void **state)
{
    struct client a = { .w.seq = -1 }, b = { .w.seq = -1 };

    setup(state);
    hub_join(&hub, TOPIC_REQUEST, topic, &a.w);
    deliver(0, 2, false);
    hub_join(&hub, TOPIC_REQUEST, topic, &b.w);
    b.w.seq = 2;
    hub_deliver(&hub, batch_of_end(TOPIC_REQUEST, topic), news, NULL);
    assert_false(a.w.ended);
    assert_true(b.w.ended);
    assert_int_equal(b.told, 1);
    send_all(&a, 2);
    assert_got(&a, 0, 2);
    assert_true(a.w.ended);
    hub_leave(&hub, &a.w);
    hub_leave(&hub, &b.w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(who_watches_gets_what_is_delivered),
        UNIT_TEST(news_of_other_topics_and_of_other_kinds_reach_nobody),
        UNIT_TEST(what_was_missed_is_sent_before_what_is_delivered_without_gap_or_repeat),
        UNIT_TEST(who_has_some_events_of_a_batch_gets_the_others),
        UNIT_TEST(a_replay_that_holds_nothing_new_is_passed_over),
        UNIT_TEST(who_reads_too_slowly_is_told_so_and_the_others_go_on),
        UNIT_TEST(one_batch_is_never_too_much),
        UNIT_TEST(a_piece_has_at_most_so_many_bytes_but_always_an_event),
        UNIT_TEST(the_end_of_what_is_gone_comes_behind_what_waited),
        UNIT_TEST(who_leaves_drops_what_waited_and_may_leave_twice),
    };

    return cmocka_run_group_tests_name("stream_hub", tests, NULL, NULL);
}
