#include "admin/options.h"

#include "lib/arena.h"
#include "lib/str.h"

#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

/* A number up to `max`; 0: a text. */
static const struct known {
    const char *name;
    int64_t max;
    size_t place;
} known[] = {
    { "name", 0, offsetof(struct options, name) },
    { "role", 0, offsetof(struct options, role) },
    { "scope", 0, offsetof(struct options, scope) },
    { "password-file", 0, offsetof(struct options, password_file) },
    { "days", 36500, offsetof(struct options, days) },
    { "limit", 10000, offsetof(struct options, limit) },
    { "requests-per-minute", INT32_MAX, offsetof(struct options, requests_per_minute) },
    { "unfinished", INT32_MAX, offsetof(struct options, unfinished) },
    { "tokens-per-day", INT64_C(1000000000000), offsetof(struct options, tokens_per_day) },
};

#define KNOWN       (sizeof(known) / sizeof(known[0]))
#define OPTION_HELP ((int)KNOWN)

/* getopt_long()'s table: each option is known by its place in ours. */
static void
list_options(struct option list[KNOWN + 2])
{
    for (size_t i = 0; i < KNOWN; i++)
        list[i] = (struct option){ known[i].name, required_argument, NULL, (int)i };
    list[KNOWN] = (struct option){ "help", no_argument, NULL, OPTION_HELP };
    list[KNOWN + 1] = (struct option){ NULL, 0, NULL, 0 };
}

static const char *
take_text(struct arena *a, const struct known *k, const char *text, struct options *out)
{
    memcpy((char *)out + k->place, &text, sizeof(text));
    return text[0] ? NULL : arena_printf(a, "--%s needs a value", k->name);
}

static const char *
take_number(struct arena *a, const struct known *k, const char *text, struct options *out)
{
    int64_t number;

    if (!str_int(str_from(text), 1, k->max, &number))
        return arena_printf(a, "--%s must be an integer from 1 to %" PRId64, k->name, k->max);
    memcpy((char *)out + k->place, &number, sizeof(number));
    return NULL;
}

const char *
options_read(struct arena *a, int argc, char **argv, struct options *out)
{
    struct option list[KNOWN + 2];
    const char *wrong = NULL;
    int id;

    list_options(list);
    opterr = 0;
    while (!wrong && (id = getopt_long(argc, argv, ":", list, NULL)) != -1) {
        if (id == ':')
            wrong = arena_printf(a, "%s needs a value", argv[optind - 1]);
        else if (id == '?')
            wrong = arena_printf(a, "there is no option %s", argv[optind - 1]);
        else if (id == OPTION_HELP)
            out->help = true;
        else if (known[id].max)
            wrong = take_number(a, &known[id], optarg, out);
        else
            wrong = take_text(a, &known[id], optarg, out);
    }
    return wrong;
}

static bool
is_given(const struct options *o, const struct known *k)
{
    const char *text;
    int64_t number;

    if (k->max) {
        memcpy(&number, (const char *)o + k->place, sizeof(number));
        return number != 0;
    }
    memcpy(&text, (const char *)o + k->place, sizeof(text));
    return text != NULL;
}

const char *
options_fit(struct arena *a, const struct options *o, const char *usage)
{
    for (size_t i = 0; i < KNOWN; i++)
        if (is_given(o, &known[i]) && !strstr(usage, arena_printf(a, "[--%s ", known[i].name)))
            return arena_printf(a, "it takes no --%s", known[i].name);
    return NULL;
}
