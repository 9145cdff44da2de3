#include "lib/config.h"

#include "lib/arena.h"
#include "lib/str.h"

#include <errno.h>
#include <inttypes.h>

#define WIDTH 80 /* columns of --help-config */

enum kind { KIND_STR, KIND_INT, KIND_BOOL, KIND_SECRET };

static const struct {
    const char *name;
    enum kind kind;
    const char *def;
    int64_t min, max;
    const char *programs;
    const char *help;
} table[] = {
#define SETTING(id, name, type, def, min, max, programs, help)                                     \
    [SET_##id] = { name, KIND_##type, def, min, max, programs, help },
#include "lib/config.def"
#undef SETTING
};

static struct {
    const char *text; /* NULL until config_load(): the default is meant */
    int64_t number;
} values[SETTING_COUNT];

/* Holds the texts; never freed, since they are read until the process ends. */
static struct arena *life;

static bool
parse_bool(const char *text, int64_t *out)
{
    static const struct {
        const char *word;
        int64_t value;
    } words[] = {
        { "on", 1 }, { "off", 0 }, { "true", 1 }, { "false", 0 }, { "1", 1 }, { "0", 0 }
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i].word) == 0) {
            *out = words[i].value;
            return true;
        }
    }
    return false;
}

/* Print what is wrong with a setting. `text` is shown unless it may be a secret. */
static bool
mistake(enum setting s, const char *rule, const char *text)
{
    fprintf(stderr, "%s: %s", table[s].name, rule);
    if (text && table[s].kind != KIND_SECRET)
        fprintf(stderr, ", not \"%s\"", text);
    fputc('\n', stderr);
    return false;
}

static bool
set(enum setting s, const char *text)
{
    int64_t min = table[s].min, max = table[s].max, len = (int64_t)strlen(text);

    switch (table[s].kind) {
    case KIND_INT:
        if (!str_int(str_from(text), min, max, &values[s].number))
            return mistake(
                s, arena_printf(life, "must be an integer from %" PRId64 " to %" PRId64, min, max),
                text);
        break;
    case KIND_BOOL:
        if (!parse_bool(text, &values[s].number))
            return mistake(s, "must be on or off", text);
        break;
    case KIND_STR:
    case KIND_SECRET:
        /* Unset stands outside the range: a minimum is for those who set it. */
        if (len > 0 && (len < min || len > max))
            return mistake(
                s,
                arena_printf(life, "must have %s%" PRId64 " bytes",
                             min > 1 ? arena_printf(life, "%" PRId64 " to ", min) : "at most ",
                             max),
                text);
        break;
    }
    values[s].text = arena_strdup(life, text);
    return true;
}

/* The first line of the file that holds a secret. False after saying why not. */
static bool
read_secret(enum setting s, const char *path, const char **out)
{
    size_t size = (size_t)table[s].max + 2, len;
    char *text = arena_alloc(life, size + 1);
    FILE *file = fopen(path, "re");

    if (!file)
        return mistake(s, arena_printf(life, "cannot read \"%s\": %s", path, strerror(errno)),
                       NULL);
    len = fread(text, 1, size, file);
    if (ferror(file)) {
        (void)fclose(file);
        return mistake(s, arena_printf(life, "cannot read \"%s\"", path), NULL);
    }
    (void)fclose(file);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    text[len] = '\0';
    if (strlen(text) != len)
        return mistake(s, arena_printf(life, "\"%s\" holds a NUL byte", path), NULL);
    *out = text;
    return true;
}

/* The environment's word on a setting, or its default; an empty one counts as unset. */
static bool
load(enum setting s)
{
    const char *text = getenv(table[s].name), *path = NULL;

    if (text && !text[0])
        text = NULL;
    if (table[s].kind == KIND_SECRET)
        path = getenv(arena_printf(life, "%s_FILE", table[s].name));
    if (path && path[0]) {
        if (text)
            return mistake(s, "is given twice, also as a file", NULL);
        if (!read_secret(s, path, &text))
            return false;
    }
    return set(s, text ? text : table[s].def);
}

bool
config_load(char letter)
{
    bool ok = true;

    if (!life)
        life = arena_new();
    for (int s = 0; s < SETTING_COUNT; s++) {
        bool good = strchr(table[s].programs, letter) ? load((enum setting)s)
                                                      : set((enum setting)s, table[s].def);

        ok = ok && good;
    }
    return ok;
}

const char *
config_str(enum setting s)
{
    return values[s].text ? values[s].text : table[s].def;
}

int64_t
config_int(enum setting s)
{
    int64_t number = values[s].number;

    if (!values[s].text)
        (void)str_int(str_from(table[s].def), table[s].min, table[s].max, &number);
    return number;
}

bool
config_bool(enum setting s)
{
    int64_t number = values[s].number;

    if (!values[s].text)
        (void)parse_bool(table[s].def, &number);
    return number != 0;
}

static const char *
kind_text(struct arena *a, enum setting s)
{
    switch (table[s].kind) {
    case KIND_INT:
        return arena_printf(a, "integer, %" PRId64 " to %" PRId64, table[s].min, table[s].max);
    case KIND_BOOL:
        return "on or off";
    case KIND_SECRET:
        return arena_printf(a, "secret, or %s_FILE", table[s].name);
    case KIND_STR:
        break;
    }
    return arena_printf(a, "text, at most %" PRId64 " bytes", table[s].max);
}

/* Words in lines of at most WIDTH columns, each after `indent` spaces. */
static void
print_wrapped(FILE *to, const char *text, int indent)
{
    struct str rest = str_from(text);
    size_t column = 0;

    while (rest.len > 0) {
        struct str word = str_cut(rest, ' ', &rest);

        if (column > 0 && column + 1 + word.len > WIDTH) {
            fputc('\n', to);
            column = 0;
        }
        if (column == 0)
            column = (size_t)fprintf(to, "%*s", indent, "");
        else
            column += (size_t)fprintf(to, " ");
        column += (size_t)fprintf(to, "%.*s", (int)word.len, word.p);
    }
    fputc('\n', to);
}

void
config_print(FILE *to, char letter)
{
    struct arena *a = arena_new();

    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting s = (enum setting)i;
        const char *kind = kind_text(a, s);

        if (letter && !strchr(table[s].programs, letter))
            continue;
        fprintf(to, "%s\n", table[s].name);
        if (table[s].def[0])
            kind = arena_printf(a, "%s; default %s", kind, table[s].def);
        print_wrapped(to, kind, 4);
        print_wrapped(to, table[s].help, 4);
    }
    arena_free(a);
}

static const char *
program_names(struct arena *a, const char *letters)
{
    static const struct {
        char letter;
        const char *name;
    } programs[] = {
        { 'A', "app" }, { 'S', "stream" }, { 'W', "worker" }, { 'O', "admin" }, { 'D', "dev" }
    };
    const char *names = "";

    for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
        if (strchr(letters, programs[i].letter))
            names = arena_printf(a, "%s%s%s", names, names[0] ? ", " : "", programs[i].name);
    return names;
}

void
config_print_markdown(FILE *to)
{
    struct arena *a = arena_new();

    fputs("| Setting | Read by | Type | Default | Meaning |\n|---|---|---|---|---|\n", to);
    for (int i = 0; i < SETTING_COUNT; i++) {
        enum setting s = (enum setting)i;
        const char *def = table[s].def[0] ? arena_printf(a, "`%s`", table[s].def) : "";

        fprintf(to, "| `%s` | %s | %s | %s | %s |\n", table[s].name,
                program_names(a, table[s].programs), kind_text(a, s), def, table[s].help);
    }
    arena_free(a);
}

void
config_arguments(int argc, char **argv, const char *program, char letter, const char *summary,
                 const char *usage)
{
    if (argc < 2)
        return;
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        printf("%s %s\n", program, OFFSTAGE_VERSION);
    } else if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        printf("%s: %s\n\n"
               "Usage: %s [--help | --help-config[=markdown] | --version]\n\n%s",
               program, summary, program, usage);
    } else if (argc == 2 && strcmp(argv[1], "--help-config") == 0) {
        config_print(stdout, letter);
    } else if (argc == 2 && strcmp(argv[1], "--help-config=markdown") == 0) {
        config_print_markdown(stdout);
    } else {
        fprintf(stderr, "%s: unknown argument \"%s\"; see %s --help\n", program,
                argv[argc == 2 ? 1 : argc - 1], program);
        exit(2);
    }
    exit(fflush(stdout) == 0 ? 0 : 1);
}
