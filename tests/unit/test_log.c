#include "lib/json_check.h"
#include "lib/log.h"
#include "tests/harness/harness.h"

#include <errno.h>
#include <json-c/json.h>

static void
put(void *object)
{
    (void)json_object_put(object);
}

/* The one line that `fn` logs, checked to be one JSON object. */
static struct json_object *
logged(struct arena *a, void (*fn)(void *arg), void *arg)
{
    struct outcome o = harness_run(a, fn, arg);
    size_t len = strlen(o.err);
    struct json_object *line;

    assert_in_range(len, 2, LOG_LINE_MAX);
    assert_ptr_equal(strchr(o.err, '\n'), o.err + len - 1);
    assert_ok(json_check(a, o.err, len));
    line = json_tokener_parse(o.err);
    arena_defer(a, put, line);
    return line;
}

static const char *
member(struct json_object *line, const char *key)
{
    struct json_object *value = NULL;

    return json_object_object_get_ex(line, key, &value) ? json_object_get_string(value) : NULL;
}

static void
log_a_job(void *arg)
{
    (void)arg;
    log_init("offstage-test", LOG_LEVEL_INFO);
    log_warn("job_failed", LOG_S("job_id", "j1"), LOG_I("attempt", -3), LOG_S("msg", NULL));
}

static void
a_line_begins_with_what_every_line_has(void **state)
{
    static const char *const order[] = { "ts",    "level",  "program", "pid",
                                         "event", "job_id", "attempt", "msg" };
    struct json_object *line = logged(*state, log_a_job, NULL);
    struct json_object_iterator at = json_object_iter_begin(line);
    struct json_object_iterator end = json_object_iter_end(line);
    size_t i = 0;

    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
        assert_string_equal(json_object_iter_peek_name(&at), order[i++]);
    assert_int_equal(i, TEST_COUNT(order));
    assert_int_equal(strlen(member(line, "ts")), 27);
    assert_string_equal(member(line, "level"), "warn");
    assert_string_equal(member(line, "program"), "offstage-test");
    assert_string_equal(member(line, "event"), "job_failed");
    assert_string_equal(member(line, "job_id"), "j1");
    assert_string_equal(member(line, "attempt"), "-3");
    assert_string_equal(member(line, "msg"), "");
}

static void
log_hostile_text(void *arg)
{
    log_error("x_y", LOG_S("msg", arg));
}

static void
a_value_cannot_break_the_line(void **state)
{
    char hostile[] = "a\"}\n{\"level\":\"info\\\x01\xff\xc0\xaf\xed\xa0\x80 \xc3\xbc";
    struct json_object *line = logged(*state, log_hostile_text, hostile);

    assert_string_equal(member(line, "msg"),
                        "a\"}\n{\"level\":\"info\\\x01\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf"
                        "\xbd\xef\xbf\xbd\xef\xbf\xbd \xc3\xbc");
}

static void
log_long_values(void *arg)
{
    log_info("x_y", LOG_S("path", arg), LOG_S("msg", arg), LOG_S("host", arg), LOG_S("kind", arg),
             LOG_S("queue", arg), LOG_I("n", 1));
}

static void
long_values_are_cut_between_characters(void **state)
{
    static const char *const texts[] = { "x", "\n", "\x01", "\xff", "\xf0\x9f\x99\x82" };

    for (size_t i = 0; i < TEST_COUNT(texts); i++) {
        size_t len = strlen(texts[i]);
        char *text = arena_alloc(*state, 9000 * len + 1);
        struct json_object *line;

        for (size_t j = 0; j < 9000; j++)
            memcpy(text + j * len, texts[i], len);
        line = logged(*state, log_long_values, text);
        assert_string_equal(member(line, "event"), "x_y");
        assert_in_range(strlen(member(line, "path")), 600, 3100);
    }
}

static void
log_below_and_at_the_level(void *arg)
{
    (void)arg;
    log_init("p", LOG_LEVEL_WARN);
    log_debug("a_a", LOG_I("n", 1));
    log_info("b_b", LOG_I("n", 1));
    errno = ENOTTY;
    log_warn("c_c", LOG_I("n", 1));
    if (errno != ENOTTY)
        exit(1);
}

static void
what_is_below_the_level_is_not_written_and_errno_stays(void **state)
{
    struct outcome o = harness_run(*state, log_below_and_at_the_level, NULL);

    assert_int_equal(o.status, 0);
    assert_null(strstr(o.err, "a_a"));
    assert_null(strstr(o.err, "b_b"));
    assert_contains(o.err, "c_c");
}

static void
levels_are_read_by_name(void **state)
{
    enum log_level level = LOG_LEVEL_INFO;

    (void)state;
    assert_true(log_level_parse("debug", &level) && level == LOG_LEVEL_DEBUG);
    assert_true(log_level_parse("error", &level) && level == LOG_LEVEL_ERROR);
    assert_false(log_level_parse("Error", &level));
    assert_false(log_level_parse("", &level));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(a_line_begins_with_what_every_line_has),
        UNIT_TEST(a_value_cannot_break_the_line),
        UNIT_TEST(long_values_are_cut_between_characters),
        UNIT_TEST(what_is_below_the_level_is_not_written_and_errno_stays),
        UNIT_TEST(levels_are_read_by_name),
    };

    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
