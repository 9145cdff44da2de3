/* offstage-admin: accounts, keys and queues, for those who have the database and a terminal. */
#include "admin/admin.h"
#include "db/db.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/secret.h"

#include <getopt.h> /* optind */
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

/* Commands of that noun, or all (NULL); whether there were any. */
static bool
print_commands(const char *noun)
{
    bool any = false;

    for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
        for (const struct command *c = tables[t]; c->noun; c++) {
            if (noun && strcmp(noun, c->noun) != 0)
                continue;
            any = true;
            printf("  %s%s%s%s%s\n      %s\n", c->noun, c->verb[0] ? " " : "", c->verb,
                   c->usage[0] ? " " : "", c->usage, c->help);
        }
    }
    return any;
}

static void
print_help(void)
{
    printf(PROGRAM ": accounts, keys and queues of an installation\n\n"
                   "Usage: " PROGRAM " COMMAND [ARGUMENT...]\n\n");
    print_commands(NULL);
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

/* What is wrong with how a command is called, and how it is called. */
static int
bad_call(const struct command *c, const char *what)
{
    fprintf(stderr, "%s: %s\nUsage: %s %s%s%s%s%s\n", PROGRAM, what, PROGRAM, c->noun,
            c->verb[0] ? " " : "", c->verb, c->usage[0] ? " " : "", c->usage);
    return 2;
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

/* The command of the line; NULL when there is nothing more to do than to end with the status. */
static const struct command *
read_line(struct admin *ad, int argc, char **argv, int *status)
{
    const struct command *command;
    const char *wrong = options_read(ad->arena, argc, argv, &ad->options);
    char *const *words = argv + optind;
    size_t used, n = (size_t)(argc - optind);

    *status = 0;
    if (ad->options.help && (n == 0 || !print_commands(words[0])))
        print_help();
    if (ad->options.help)
        return NULL;
    command = find_command(words, n, &used);
    if (wrong || !command) {
        *status = bad_usage(wrong ? wrong : "there is no such command");
        return NULL;
    }
    wrong = options_fit(ad->arena, &ad->options, command->usage);
    if (!wrong && (n - used < command->least || n - used > command->most))
        wrong = n - used < command->least ? "something is missing" : "that is too much";
    if (wrong) {
        *status = bad_call(command, wrong);
        return NULL;
    }
    ad->args = (const char *const *)words + used;
    ad->count = n - used;
    return command;
}

int
main(int argc, char **argv)
{
    struct admin ad = { .arena = NULL };
    const struct command *command;
    int status;

    if (argc == 1) {
        print_help();
        return 2;
    }
    if (argc == 2 && strncmp(argv[1], "--", 2) == 0 && strcmp(argv[1], "--help") != 0)
        config_arguments(argc, argv, PROGRAM, 'O', "accounts, keys and queues", "");
    ad.arena = arena_new();
    command = read_line(&ad, argc, argv, &status);
    if (command)
        status = config_load('O') ? 0 : 2;
    if (command && status == 0) {
        ad.who = user_name(ad.arena);
        status = run(&ad, command);
    }
    arena_free(ad.arena);
    return status;
}
