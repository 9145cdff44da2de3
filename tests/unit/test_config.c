#include "lib/config.h"
#include "tests/harness/harness.h"

#include <unistd.h>

#define URL "postgresql://user:hidden-word@host/db"

/* A process with these variables set, and what it prints of its settings. */
struct run {
    const char *names[4], *values[4];
    char letter;
};

static void
print_settings(void *arg)
{
    const struct run *r = arg;

    assert_int_equal(clearenv(), 0);
    for (size_t i = 0; i < TEST_COUNT(r->names) && r->names[i]; i++)
        assert_int_equal(setenv(r->names[i], r->values[i], 1), 0);
    if (!config_load(r->letter))
        exit(1);
    printf("url=%s socket=%s processes=%d notify=%d slots=%d", config_str(SET_DATABASE_URL),
           config_str(SET_APP_SOCKET), (int)config_int(SET_APP_PROCESSES), config_bool(SET_NOTIFY),
           (int)config_int(SET_WORKER_SLOTS));
}

static void
settings_have_their_defaults(void **state)
{
    struct outcome o = harness_run(*state, print_settings, &(struct run){ .letter = 'A' });

    assert_int_equal(o.status, 0);
    assert_string_equal(o.out,
                        "url= socket=/run/offstage/app.sock processes=8 notify=1 slots=1000");
    assert_string_equal(o.err, "");
}

static void
settings_read_as_defaults_before_they_are_loaded(void **state)
{
    (void)state;
    assert_int_equal(config_int(SET_APP_PROCESSES), 8);
    assert_true(config_bool(SET_NOTIFY));
    assert_string_equal(config_str(SET_LOG_LEVEL), "info");
}

static void
the_environment_overrides_them(void **state)
{
    struct run r = { { "OFFSTAGE_DATABASE_URL", "OFFSTAGE_APP_PROCESSES", "OFFSTAGE_NOTIFY" },
                     { URL, "256", "off" },
                     'A' };
    struct outcome o = harness_run(*state, print_settings, &r);

    assert_int_equal(o.status, 0);
    assert_contains(o.out, "url=" URL " socket=/run/offstage/app.sock processes=256 notify=0");
}

static void
an_empty_variable_is_an_unset_one(void **state)
{
    struct run r = { { "OFFSTAGE_APP_PROCESSES", "OFFSTAGE_APP_SOCKET", "OFFSTAGE_NOTIFY" },
                     { "", "", "" },
                     'A' };
    struct outcome o = harness_run(*state, print_settings, &r);

    assert_contains(o.out, "socket=/run/offstage/app.sock processes=8 notify=1");
}

static void
another_programs_settings_are_not_looked_at(void **state)
{
    struct run r = { { "OFFSTAGE_WORKER_SLOTS", "OFFSTAGE_APP_PROCESSES" },
                     { "nonsense", "2" },
                     'A' };
    struct outcome o = harness_run(*state, print_settings, &r);

    assert_int_equal(o.status, 0);
    assert_contains(o.out, "processes=2 notify=1 slots=1000");
}

static void
every_mistake_is_reported_at_once_and_no_secret_shown(void **state)
{
    const char *longest = arena_printf(*state, "hidden-word%0*d", 2088, 0);
    struct run r = { { "OFFSTAGE_APP_PROCESSES", "OFFSTAGE_NOTIFY", "OFFSTAGE_APP_SOCKET",
                       "OFFSTAGE_DATABASE_URL" },
                     { "257", "maybe", longest, longest },
                     'A' };
    struct outcome o = harness_run(*state, print_settings, &r);

    assert_int_equal(o.status, 1);
    assert_contains(o.err,
                    "OFFSTAGE_APP_PROCESSES: must be an integer from 1 to 256, not \"257\"\n");
    assert_contains(o.err, "OFFSTAGE_NOTIFY: must be on or off, not \"maybe\"\n");
    assert_contains(o.err, "OFFSTAGE_APP_SOCKET: must have at most 107 bytes, not \"hidden-word");
    assert_contains(o.err, "OFFSTAGE_DATABASE_URL: must have at most 2000 bytes\n");
}

static void
on_and_off_have_three_spellings_each(void **state)
{
    static const struct {
        const char *text;
        char shown;
    } cases[] = { { "on", '1' },  { "true", '1' },  { "1", '1' },
                  { "off", '0' }, { "false", '0' }, { "0", '0' } };

    for (size_t i = 0; i < TEST_COUNT(cases); i++) {
        struct run r = { { "OFFSTAGE_NOTIFY" }, { cases[i].text }, 'W' };
        struct outcome o = harness_run(*state, print_settings, &r);

        assert_contains(o.out, arena_printf(*state, "notify=%c", cases[i].shown));
    }
}

/* A file with this content; gone with the arena. */
static void
unlink_file(void *path)
{
    (void)unlink(path);
}

static const char *
file_with(struct arena *a, const char *content, size_t len)
{
    char *path = arena_strdup(a, "/tmp/offstage-test-XXXXXX");
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    arena_defer(a, unlink_file, path);
    assert_int_equal(write(fd, content, len), len);
    assert_int_equal(close(fd), 0);
    return path;
}

static void
a_secret_may_come_from_a_file_without_its_line_end(void **state)
{
    struct run r = { { "OFFSTAGE_DATABASE_URL_FILE" },
                     { file_with(*state, URL "\r\n", sizeof(URL) + 1) },
                     'A' };
    struct outcome o = harness_run(*state, print_settings, &r);

    assert_int_equal(o.status, 0);
    assert_contains(o.out, "url=" URL " ");
}

static void
a_secrets_file_must_be_readable_text_and_alone(void **state)
{
    char *large = arena_alloc(*state, 5000);
    struct run missing = { { "OFFSTAGE_DATABASE_URL_FILE" }, { "/nonexistent" }, 'A' };
    struct run folder = { { "OFFSTAGE_DATABASE_URL_FILE" }, { "/" }, 'A' };
    struct run nul = { { "OFFSTAGE_DATABASE_URL_FILE" }, { file_with(*state, "a\0b", 3) }, 'A' };
    struct run both = { { "OFFSTAGE_DATABASE_URL", "OFFSTAGE_DATABASE_URL_FILE" },
                        { URL, file_with(*state, URL, sizeof(URL) - 1) },
                        'A' };
    struct run too_large = { { "OFFSTAGE_DATABASE_URL_FILE" }, { NULL }, 'A' };

    memset(large, 'x', 5000);
    too_large.values[0] = file_with(*state, large, 5000);

    assert_contains(harness_run(*state, print_settings, &missing).err,
                    "OFFSTAGE_DATABASE_URL: cannot read \"/nonexistent\": No such file");
    assert_contains(harness_run(*state, print_settings, &folder).err,
                    "OFFSTAGE_DATABASE_URL: cannot read \"/\"");
    assert_contains(harness_run(*state, print_settings, &nul).err, "holds a NUL byte");
    assert_contains(harness_run(*state, print_settings, &both).err,
                    "OFFSTAGE_DATABASE_URL: is given twice, also as a file\n");
    assert_contains(harness_run(*state, print_settings, &too_large).err,
                    "OFFSTAGE_DATABASE_URL: must have at most 2000 bytes\n");
}

static void
answer_arguments(void *arg)
{
    char program[] = "offstage-app";
    char *argv[] = { program, arg, NULL };

    assert_int_equal(setenv("OFFSTAGE_DATABASE_URL", URL, 1), 0);
    config_arguments(arg ? 2 : 1, argv, "offstage-app", 'A', "answers requests", "More of it.\n");
    printf("went on");
}

static struct outcome
answer(struct arena *a, const char *argument)
{
    return harness_run(a, answer_arguments, argument ? arena_strdup(a, argument) : NULL);
}

static void
arguments_are_answered_with_text_and_status(void **state)
{
    struct outcome none = answer(*state, NULL);
    struct outcome version = answer(*state, "--version");
    struct outcome help = answer(*state, "--help");
    struct outcome unknown = answer(*state, "--nonsense");

    assert_string_equal(none.out, "went on");
    assert_int_equal(version.status, 0);
    assert_string_equal(version.out, "offstage-app " OFFSTAGE_VERSION "\n");
    assert_int_equal(help.status, 0);
    assert_contains(help.out, "offstage-app: answers requests\n\nUsage: offstage-app [--help");
    assert_contains(help.out, "\n\nMore of it.\n");
    assert_int_equal(unknown.status, 2);
    assert_string_equal(unknown.out, "");
    assert_contains(unknown.err, "offstage-app: unknown argument \"--nonsense\"");
}

static void
the_list_of_settings_fits_80_columns_and_shows_no_values(void **state)
{
    struct outcome o = answer(*state, "--help-config");

    assert_int_equal(o.status, 0);
    assert_contains(o.out, "OFFSTAGE_APP_PROCESSES\n    integer, 1 to 256; default 8\n    app ");
    assert_contains(o.out, "OFFSTAGE_DATABASE_URL\n    secret, or OFFSTAGE_DATABASE_URL_FILE\n");
    assert_null(strstr(o.out, "OFFSTAGE_WORKER_SLOTS"));
    assert_null(strstr(o.out, "hidden-word"));
    for (const char *line = o.out; line[0]; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 1, 80);
}

static void
the_markdown_table_has_a_row_for_every_setting(void **state)
{
    struct outcome o = answer(*state, "--help-config=markdown");
    size_t rows = 0;

    assert_int_equal(o.status, 0);
    for (const char *line = o.out; line[0]; line += strcspn(line, "\n") + 1) {
        size_t bars = 0;

        for (size_t i = 0; line[i] != '\n'; i++)
            bars += line[i] == '|';
        assert_int_equal(bars, 6);
        rows++;
    }
    assert_int_equal(rows, SETTING_COUNT + 2);
    assert_contains(o.out,
                    "\n| `OFFSTAGE_WORKER_SLOTS` | worker | integer, 1 to 100000 | `1000` | ");
}

/* The table itself: a default that its own rule refuses would stop every program. */
static void
every_default_passes_its_own_rule(void **state)
{
    static const char letters[] = "ASWD";

    for (size_t i = 0; letters[i]; i++) {
        struct outcome o =
            harness_run(*state, print_settings, &(struct run){ .letter = letters[i] });

        assert_int_equal(o.status, 0);
        assert_string_equal(o.err, "");
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT_TEST(settings_have_their_defaults),
        UNIT_TEST(settings_read_as_defaults_before_they_are_loaded),
        UNIT_TEST(the_environment_overrides_them),
        UNIT_TEST(an_empty_variable_is_an_unset_one),
        UNIT_TEST(another_programs_settings_are_not_looked_at),
        UNIT_TEST(every_mistake_is_reported_at_once_and_no_secret_shown),
        UNIT_TEST(on_and_off_have_three_spellings_each),
        UNIT_TEST(a_secret_may_come_from_a_file_without_its_line_end),
        UNIT_TEST(a_secrets_file_must_be_readable_text_and_alone),
        UNIT_TEST(arguments_are_answered_with_text_and_status),
        UNIT_TEST(the_list_of_settings_fits_80_columns_and_shows_no_values),
        UNIT_TEST(the_markdown_table_has_a_row_for_every_setting),
        UNIT_TEST(every_default_passes_its_own_rule),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
