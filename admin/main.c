/* offstage-admin: accounts, keys and queues, for those who have the database and a terminal. */
#include "admin/admin.h"
#include "db/db.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/secret.h"
#include "lib/str.h"

#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATEMENT_TIMEOUT_MS 30000
#define PROGRAM              "offstage-admin"

static const struct command *const tables[] = { user_commands, key_commands, queue_commands };

/* ---- what commands share ----------------------------------------------------- */

struct err
admin_begin(struct admin *ad)
{
    TRY(db_begin(ad->db, TX_WRITE, ID_NONE));
    db_be_admin(ad->db);
    return OK;
}

struct err
admin_begin_read(struct admin *ad)
{
    TRY(db_begin(ad->db, TX_READ, ID_NONE));
    db_be_admin(ad->db);
    return OK;
}

struct err
admin_audit(struct admin *ad, enum audit_action action, struct id subject, const char *detail)
{
    struct audit_entry entry = { .action = action,
                                 .subject_id = subject,
                                 .detail = arena_printf(ad->arena, "%s%sby the operator %s",
                                                        detail ? detail : "", detail ? "; " : "",
                                                        ad->who) };

    return audit_add(ad->db, ad->arena, &entry);
}

struct err
admin_role(const struct admin *ad, const char *text, const char **out)
{
    (void)ad;
    if (text && strcmp(text, "user") != 0 && strcmp(text, "admin") != 0)
        return ERR(ERR_INVALID, "a role is user or admin");
    *out = text ? text : "user";
    return OK;
}

void
admin_row(const char *const *cells, const int *widths, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        printf("%-*s  ", widths[i], cells[i] ? cells[i] : "");
    printf("%s\n", cells[n - 1] ? cells[n - 1] : "");
}

/* ---- the command line ---------------------------------------------------------- */

static void
print_help(void)
{
    printf(PROGRAM ": accounts, keys and queues of an installation\n\n"
                   "Usage: " PROGRAM " COMMAND [ARGUMENT...]\n\n");
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
        for (const struct command *c = tables[t]; c->noun; c++)
            printf("  %s%s%s %s\n      %s\n", c->noun, c->verb[0] ? " " : "", c->verb, c->usage,
                   c->help);
    printf(
        "\n  --help, --version, --help-config\n\n"
        "It connects to OFFSTAGE_DATABASE_URL and takes the role offstage_app there. Links need\n"
        "the OFFSTAGE_SECRET_KEY of the app, and begin with OFFSTAGE_PUBLIC_URL. What is done is\n"
        "in the audit log. Exit status: 0 done, 1 failed, 2 wrong usage.\n");
}

static int
bad_usage(const char *what)
{
    fprintf(stderr, "%s: %s; see %s --help\n", PROGRAM, what, PROGRAM);
    return 2;
}

static bool
read_number(const char *text, int64_t max, int64_t *out)
{
    return str_int(str_from(text), 1, max, out);
}

enum option_id {
    OPTION_NAME = 1,
    OPTION_ROLE,
    OPTION_SCOPE,
    OPTION_PASSWORD_FILE,
    OPTION_DAYS,
    OPTION_LIMIT,
    OPTION_REQUESTS,
    OPTION_UNFINISHED,
    OPTION_TOKENS
};

static bool
take_option(struct options *o, int id, const char *text)
{
    switch (id) {
    case OPTION_NAME:
        o->name = text;
        return text[0] != '\0';
    case OPTION_ROLE:
        o->role = text;
        return true;
    case OPTION_SCOPE:
        o->scope = text;
        return true;
    case OPTION_PASSWORD_FILE:
        o->password_file = text;
        return true;
    case OPTION_DAYS:
        return read_number(text, 36500, &o->days);
    case OPTION_LIMIT:
        return read_number(text, 10000, &o->limit);
    case OPTION_REQUESTS:
        return read_number(text, INT32_MAX, &o->requests_per_minute);
    case OPTION_UNFINISHED:
        return read_number(text, INT32_MAX, &o->unfinished);
    case OPTION_TOKENS:
        return read_number(text, INT64_C(1000000000000), &o->tokens_per_day);
    default:
        return false;
    }
}

static bool
read_options(int argc, char **argv, struct options *out)
{
    static const struct option known[] = {
        { "name", required_argument, NULL, OPTION_NAME },
        { "role", required_argument, NULL, OPTION_ROLE },
        { "scope", required_argument, NULL, OPTION_SCOPE },
        { "password-file", required_argument, NULL, OPTION_PASSWORD_FILE },
        { "days", required_argument, NULL, OPTION_DAYS },
        { "limit", required_argument, NULL, OPTION_LIMIT },
        { "requests-per-minute", required_argument, NULL, OPTION_REQUESTS },
        { "unfinished", required_argument, NULL, OPTION_UNFINISHED },
        { "tokens-per-day", required_argument, NULL, OPTION_TOKENS },
        { NULL, 0, NULL, 0 },
    };
    int id;

    opterr = 0;
    while ((id = getopt_long(argc, argv, "", known, NULL)) != -1)
        if (!take_option(out, id, optarg))
            return false;
    return true;
}

static const struct command *
find_command(char *const *words, size_t n, size_t *used)
{
    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
        for (const struct command *c = tables[t]; c->noun; c++) {
            *used = c->verb[0] ? 2 : 1;
            if (n >= *used && strcmp(words[0], c->noun) == 0 &&
                (!c->verb[0] || strcmp(words[1], c->verb) == 0))
                return c;
        }
    }
    return NULL;
}

static const char *
user_name(struct arena *a)
{
    const struct passwd *user = getpwuid(getuid());

    return user ? arena_strdup(a, user->pw_name) : arena_printf(a, "%u", (unsigned)getuid());
}

static int
run(struct admin *ad, const struct command *command)
{
    const char *role = config_str(SET_DATABASE_ROLE);
    struct db_options options = { .conninfo = config_str(SET_DATABASE_URL),
                                  .role = role[0] ? role : "offstage_app",
                                  .application = PROGRAM,
                                  .statement_timeout_ms = STATEMENT_TIMEOUT_MS };
    struct err e;

    if (!options.conninfo[0]) {
        fprintf(stderr, "OFFSTAGE_DATABASE_URL: is needed\n");
        return 2;
    }
    secret_init();
    ad->db = db_new(ad->arena, &options);
    e = db_connect(ad->db);
    if (!e.code)
        e = command->run(ad);
    if (!e.code)
        return fflush(stdout) == 0 ? 0 : 1;
    db_rollback(ad->db);
    fprintf(stderr, "%s: %s\n", PROGRAM, e.msg);
    return 1;
}

int
main(int argc, char **argv)
{
    struct admin ad = { .arena = NULL };
    const struct command *command;
    size_t words, used;
    int status;

    if (argc == 1 || (argc == 2 && strcmp(argv[1], "--help") == 0)) {
        print_help();
        return argc == 1 ? 2 : 0;
    }
    if (argc == 2 && strncmp(argv[1], "--", 2) == 0)
        config_arguments(argc, argv, PROGRAM, 'O', "accounts, keys and queues", "");
    if (!read_options(argc, argv, &ad.options))
        return bad_usage("an option is unknown or its value is not one");
    words = (size_t)(argc - optind);
    command = find_command(argv + optind, words, &used);
    if (!command)
        return bad_usage("there is no such command");
    if (words - used < command->least || words - used > command->most)
        return bad_usage("too few or too many arguments");
    if (!config_load('O'))
        return 2;
    ad.args = (const char *const *)argv + optind + used;
    ad.count = words - used;
    ad.arena = arena_new();
    ad.who = user_name(ad.arena);
    status = run(&ad, command);
    arena_free(ad.arena);
    return status;
}
