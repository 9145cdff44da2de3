/* Searches by one connection, which keeps in memory what it has read of an index, while others
 * change it. */
#include "tests/db/queue_world.h"

#include "db/chunk.h"
#include "db/passage.h"
#include "db/request.h"
#include "lib/arena.h"
#include "lib/postings.h"
#include "lib/words.h"

#include <string.h>

#define MOST 5

struct site {
    struct arena *arena;
    struct db *app, *worker;
    struct id user, other, agent, source;
};

static struct id
add_user(struct arena *a, const char *name)
{
    struct id id = id_new();

    world_sql(a,
              "insert into users (id, email, name, password_hash) values ('%s', "
              "'%s-%s@example.com', 'n', 'x')",
              id.s, name, id.s);
    return id;
}

static int
site_setup(void **state)
{
    struct world *w;
    struct site *t;

    if (world_setup(state))
        return -1;
    w = *state;
    t = ARENA_NEW(w->arena, struct site);
    *t = (struct site){ .arena = w->arena,
                        .app = w->app,
                        .worker = w->hand->db,
                        .user = add_user(w->arena, "user"),
                        .other = add_user(w->arena, "other"),
                        .agent = id_new(),
                        .source = id_new() };
    world_sql(t->arena,
              "insert into agents (id, user_id, name, kind) values ('%s', '%s', 'a', 'extractive');"
              "insert into sources (id, user_id, agent_id, type, title) values ('%s', '%s', '%s', "
              "'text', 's')",
              t->agent.s, t->user.s, t->source.s, t->user.s, t->agent.s);
    *state = t;
    return 0;
}

#define SITE_TEST(f) cmocka_unit_test_setup_teardown(f, site_setup, site_teardown)

static int
site_teardown(void **state)
{
    const struct site *t = *state;

    arena_free(t->arena);
    return 0;
}

/* A page of one chunk, stored as a worker does it. */
static struct id
learn(const struct site *t, const char *title, const char *text)
{
    struct id page = id_new(), chunk = id_new();
    const struct chunk_owner owner = { t->source, t->agent, t->user };
    struct source_chunk one = {
        .id = chunk, .page_id = page, .position = 1, .heading = "", .anchor = "", .content = text
    };
    struct chunk_index index = { .ids = &chunk, .count = 1, .languages = 1 << LANGUAGE_EN };
    struct word *words;
    uint32_t *terms;

    world_sql(t->arena,
              "insert into pages (id, user_id, agent_id, source_id, url, title, status) "
              "values ('%s', '%s', '%s', '%s', '%s', '%s', 'indexed')",
              page.s, t->user.s, t->agent.s, t->source.s, page.s, title);
    index.posting_count = index.words =
        words_read(words_new(t->arena, LANGUAGE_EN), t->arena, str_from(text), &words);
    index.postings = arena_array(t->arena, index.words, sizeof(*index.postings));
    one.terms = terms = arena_array(t->arena, index.words, sizeof(*terms));
    one.term_count = index.words;
    for (size_t i = 0; i < index.words; i++) {
        terms[i] = words[i].term;
        index.postings[i] = (struct posting){ words[i].term, 0, 1, posting_length(index.words) };
    }
    assert_ok(db_begin(t->worker, TX_WRITE, t->user));
    assert_ok(chunk_add(t->worker, t->arena, &owner, &one, 1));
    assert_ok(chunk_index(t->worker, t->arena, t->user, t->agent, &index));
    assert_ok(chunk_merge(t->worker, t->user, t->agent));
    assert_ok(db_commit(t->worker));
    return page;
}

/* The titles of what the user finds after some turns, best first. */
static const char *
found_after(const struct site *t, struct id user, const struct message_text *earlier, size_t count,
            const char *question)
{
    struct passage_question q = { .agent_id = t->agent,
                                  .text = question,
                                  .most = MOST,
                                  .earlier = earlier,
                                  .earlier_count = count };
    const char *titles = "";
    struct passage *list;
    size_t n;

    assert_ok(db_begin(t->app, TX_READ, user));
    assert_ok(passage_search(t->app, t->arena, &q, &list, &n));
    for (size_t i = 0; i < n; i++)
        titles = arena_printf(t->arena, "%s%s%s", titles, i ? " " : "", list[i].title);
    db_end_read(t->app);
    return titles;
}

static const char *
found(const struct site *t, struct id user, const char *question)
{
    return found_after(t, user, NULL, 0, question);
}

static void
what_others_commit_is_found_at_once(void **state)
{
    const struct site *t = *state;
    struct id gone = learn(t, "gone", "zebra zebra");

    assert_string_equal(found(t, t->user, "zebra"), "gone");
    assert_string_equal(found(t, t->user, "lion"), "");
    learn(t, "kept", "zebra near a lion");
    assert_string_equal(found(t, t->user, "zebra"), "gone kept");
    assert_string_equal(found(t, t->user, "lion"), "kept");
    world_sql(t->arena, "delete from pages where id = '%s'", gone.s);
    assert_string_equal(found(t, t->user, "zebra"), "kept");
}

static void
what_is_not_committed_is_not_found(void **state)
{
    const struct site *t = *state;

    learn(t, "old", "zebra");
    assert_string_equal(found(t, t->user, "zebra"), "old");
    world_sql(t->arena, "begin");
    world_sql(t->arena, "delete from chunk_segments where agent_id = '%s'", t->agent.s);
    assert_string_equal(found(t, t->user, "zebra"), "old");
    world_sql(t->arena, "rollback");
    assert_string_equal(found(t, t->user, "zebra"), "old");
}

static void
a_question_finds_the_same_when_segments_are_merged(void **state)
{
    const struct site *t = *state;

    for (int i = 0; i < 26; i++) {
        learn(t, arena_printf(t->arena, "p%d", i), arena_printf(t->arena, "%ctree zebra", 'a' + i));
        assert_string_equal(found(t, t->user, arena_printf(t->arena, "%ctree", 'a' + i)),
                            arena_printf(t->arena, "p%d", i));
        assert_string_equal(found(t, t->user, "atree"), "p0");
    }
    assert_in_range(world_count(t->arena,
                                "select count(*) from chunk_segments where agent_id = '%s'",
                                t->agent.s),
                    1, 15);
}

static void
what_is_in_memory_is_for_those_alone_who_may_use_the_agent(void **state)
{
    const struct site *t = *state;

    learn(t, "secret", "zebra");
    assert_string_equal(found(t, t->user, "zebra"), "secret");
    assert_string_equal(found(t, t->other, "zebra"), "");
    world_sql(t->arena, "update agents set visibility = 'workspace' where id = '%s'", t->agent.s);
    assert_string_equal(found(t, t->other, "zebra"), "secret");
    world_sql(t->arena, "update agents set visibility = 'private' where id = '%s'", t->agent.s);
    assert_string_equal(found(t, t->other, "zebra"), "");
    assert_string_equal(found(t, t->user, "zebra"), "secret");
}

/* As one would be that had lost its last commits and gave their numbers once more. */
static void
nothing_is_remembered_of_a_server_that_was_lost(void **state)
{
    const struct site *t = *state;
    struct id page = learn(t, "before", "zebra");
    long long last = world_count(t->arena, "select max(id) from chunk_segments");

    assert_string_equal(found(t, t->user, "zebra"), "before");
    world_sql(t->arena, "delete from pages where id = '%s'", page.s);
    world_sql(t->arena, "delete from chunk_segments where id = %lld", last);
    world_sql(t->arena, "alter table chunk_segments alter column id restart with %lld", last);
    learn(t, "after", "lion");
    db_disconnect(t->app);
    assert_string_equal(found(t, t->user, "lion"), "after");
    assert_string_equal(found(t, t->user, "zebra"), "");
}

static void
earlier_turns_decide_between_what_fits_alike(void **state)
{
    const struct site *t = *state;
    const struct message_text turns[] = { { .role = "user",
                                            .content = "Where does the tiger sleep?" },
                                          { .role = "assistant", .content = "In its den." },
                                          { .role = "user", .content = "Thank you, go on." } };

    learn(t, "lions", "tickets zoo lion");
    learn(t, "tigers", "tickets zoo tiger");
    for (size_t n = 1; n <= 3; n++)
        assert_string_equal(found_after(t, t->user, turns, n, "Zoo tickets?"), "tigers lions");
    assert_string_equal(found_after(t, t->user, turns, 3, "Tickets of the lion zoo?"),
                        "lions tigers");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SITE_TEST(what_others_commit_is_found_at_once),
        SITE_TEST(what_is_not_committed_is_not_found),
        SITE_TEST(a_question_finds_the_same_when_segments_are_merged),
        SITE_TEST(what_is_in_memory_is_for_those_alone_who_may_use_the_agent),
        SITE_TEST(earlier_turns_decide_between_what_fits_alike),
        SITE_TEST(nothing_is_remembered_of_a_server_that_was_lost),
    };

    return cmocka_run_group_tests_name("retrieval", tests, NULL, NULL);
}
