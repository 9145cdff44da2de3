#include "lib/arena.h"
#include "stream/follow.h"
#include "tests/harness/harness.h"

#include <string.h>

static struct follows follows;
static struct id a, b, c;
static struct follow *taken[8];

static void
setup(void **state)
{
    follow_init(&follows, *state, 4);
    a = id_new();
    b = id_new();
    c = id_new();
}

static size_t
take(void)
{
    return follow_take(&follows, taken, 8);
}

static void
give_back(size_t n)
{
    follow_give_back(&follows, taken, n);
}

static void
a_topic_is_followed_until_its_last_watcher_leaves(void **state)
{
    setup(state);
    follow_add(&follows, a, 5);
    follow_add(&follows, a, 9);
    assert_int_equal(follow_find(&follows, a)->after, 5);
    follow_leave(&follows, a);
    assert_non_null(follow_find(&follows, a));
    follow_leave(&follows, a);
    assert_null(follow_find(&follows, a));
    follow_leave(&follows, a);
    assert_int_equal(follows.table.count, 0);
}

static void
a_feed_is_to_be_watched_when_it_is_joined_and_when_its_time_comes(void **state)
{
    setup(state);
    follow_add(&follows, a, 0)->watch_ms = 500;
    follow_mark_all(&follows, 1);
    follow_add(&follows, b, 0);
    assert_int_equal(follow_unwatched(&follows, 499, taken, 8), 1);
    assert_string_equal(taken[0]->entry.id.s, b.s);
    assert_int_equal(follow_unwatched(&follows, 500, taken, 8), 2);
    assert_int_equal(follow_unwatched(&follows, 500, taken, 1), 1);
    assert_int_equal(follow_next_watch(&follows, 1000), 0);
    follow_leave(&follows, b);
    assert_int_equal(follow_next_watch(&follows, 1000), 500);
    assert_int_equal(follow_next_watch(&follows, 100), 100);
}

static void
news_make_dirty_what_they_name(void **state)
{
    char payload[200];

    setup(state);
    follow_add(&follows, a, 0);
    follow_add(&follows, b, 0);
    assert_false(follow_is_dirty(&follows));
    (void)snprintf(payload, sizeof(payload), "%s,%s", c.s, b.s);
    follow_mark_named(&follows, payload, 7);
    assert_int_equal(take(), 1);
    assert_string_equal(taken[0]->entry.id.s, b.s);
    assert_int_equal(taken[0]->noted_ns, 7);
    give_back(1);
    assert_false(follow_is_dirty(&follows));
}

static void
a_payload_that_names_nothing_known_marks_nothing(void **state)
{
    static const char *const payloads[] = { ",",
                                            ",,,",
                                            "x",
                                            "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5",
                                            "not a uuid of thirty-six characters!",
                                            "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b,," };

    setup(state);
    follow_add(&follows, a, 0);
    for (size_t i = 0; i < TEST_COUNT(payloads); i++)
        follow_mark_named(&follows, payloads[i], 1);
    assert_false(follow_is_dirty(&follows));
}

static void
an_empty_payload_means_all(void **state)
{
    setup(state);
    follow_add(&follows, a, 0);
    follow_add(&follows, b, 0);
    follow_mark_named(&follows, "", 1);
    assert_int_equal(take(), 2);
    give_back(2);
}

static void
the_first_news_count_for_how_long_it_has_waited(void **state)
{
    setup(state);
    follow_add(&follows, a, 0);
    follow_mark_named(&follows, a.s, 3);
    follow_mark_all(&follows, 9);
    assert_int_equal(take(), 1);
    assert_int_equal(taken[0]->noted_ns, 3);
    give_back(1);
    follow_mark_all(&follows, 12);
    assert_int_equal(take(), 1);
    assert_int_equal(taken[0]->noted_ns, 12);
    give_back(1);
}

static void
what_has_more_stays_dirty_and_what_has_ended_goes(void **state)
{
    setup(state);
    follow_add(&follows, a, 0);
    follow_add(&follows, b, 0);
    follow_add(&follows, c, 0);
    follow_mark_all(&follows, 1);
    assert_int_equal(take(), 3);
    for (size_t i = 0; i < 3; i++) {
        taken[i]->after = 10;
        taken[i]->more = id_eq(taken[i]->entry.id, a);
        taken[i]->ended = id_eq(taken[i]->entry.id, b);
    }
    give_back(3);
    assert_null(follow_find(&follows, b));
    assert_int_equal(follow_find(&follows, c)->after, 10);
    assert_int_equal(take(), 1);
    assert_string_equal(taken[0]->entry.id.s, a.s);
    give_back(1);
    assert_false(follow_is_dirty(&follows));
}

static void
a_dirty_topic_may_be_left(void **state)
{
    setup(state);
    follow_add(&follows, a, 0);
    follow_mark_all(&follows, 1);
    follow_leave(&follows, a);
    assert_false(follow_is_dirty(&follows));
    assert_int_equal(take(), 0);
}

static void
no_more_are_taken_than_there_is_room_for(void **state)
{
    setup(state);
    for (int i = 0; i < 20; i++)
        follow_add(&follows, id_new(), 0);
    follow_mark_all(&follows, 1);
    for (size_t left = 20; left > 0;) {
        size_t n = take();

        assert_int_equal(n, left < 8 ? left : 8);
        give_back(n);
        left -= n;
    }
    assert_false(follow_is_dirty(&follows));
}

static void
all_are_listed_clean_or_dirty_until_they_end(void **state)
{
    struct id *ids;

    setup(state);
    follow_add(&follows, a, 0);
    follow_add(&follows, b, 0);
    follow_mark_named(&follows, a.s, 1);
    assert_int_equal(follows.table.count, 2);
    ids = follow_ids(&follows, *state);
    assert_string_equal(ids[0].s, b.s);
    assert_string_equal(ids[1].s, a.s);
    follow_end(&follows, a);
    follow_end(&follows, c);
    assert_false(follow_is_dirty(&follows));
    assert_int_equal(follows.table.count, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_topic_is_followed_until_its_last_watcher_leaves),
        UNIT_TEST(a_feed_is_to_be_watched_when_it_is_joined_and_when_its_time_comes),
        UNIT_TEST(news_make_dirty_what_they_name),
        UNIT_TEST(a_payload_that_names_nothing_known_marks_nothing),
        UNIT_TEST(an_empty_payload_means_all),
        UNIT_TEST(the_first_news_count_for_how_long_it_has_waited),
        UNIT_TEST(what_has_more_stays_dirty_and_what_has_ended_goes),
        UNIT_TEST(a_dirty_topic_may_be_left),
        UNIT_TEST(all_are_listed_clean_or_dirty_until_they_end),
        UNIT_TEST(no_more_are_taken_than_there_is_room_for),
    };

    return cmocka_run_group_tests_name("stream_follow", tests, NULL, NULL);
}
