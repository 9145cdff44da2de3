#include "worker/extract/class_words.h"

#include <stdlib.h>

#define WORD_MAX 24 /* bytes; no longer ones are in the table */

struct word {
    const char *text; /* pairs are joined by a hyphen */
    unsigned says;
};

static const struct word table[] = {
#define WORD(text, says) { text, CLASS_##says },
#include "worker/extract/class_words.def"
#undef WORD
};

static int
compare(const void *key, const void *row)
{
    return strcmp(key, ((const struct word *)row)->text);
}

static const struct word *
look_up(const char *text)
{
    return bsearch(text, table, sizeof(table) / sizeof(table[0]), sizeof(table[0]), compare);
}

static bool
is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool
is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* The next word, in lower case; its length, 0 at the end. *joined: no space stands before it. */
static size_t
next_word(struct str *rest, char word[WORD_MAX], bool *joined)
{
    size_t i = 0, len = 0;

    *joined = rest->len > 0;
    while (i < rest->len && !is_lower(rest->p[i]) && !is_upper(rest->p[i])) {
        if (rest->p[i] == ' ' || rest->p[i] == '\n' || rest->p[i] == '\t')
            *joined = false;
        i++;
    }
    for (; i < rest->len && (is_lower(rest->p[i]) || is_upper(rest->p[i])); i++) {
        if (len > 0 && is_upper(rest->p[i]) && is_lower(rest->p[i - 1]))
            break;
        if (len < WORD_MAX - 1)
            word[len++] = str_lower(rest->p[i]);
    }
    word[len] = '\0';
    rest->p += i;
    rest->len -= i;
    return len;
}

/* Whether a utility class shows it again on wider screens: "hidden md:block". */
static bool
is_shown_when_wide(struct str names)
{
    static const char *const shows[] = { ":block", ":flex", ":grid", ":inline", ":table" };

    if (names.len == 0 || !memchr(names.p, ':', names.len))
        return false;
    for (size_t i = 0; i < sizeof(shows) / sizeof(shows[0]); i++)
        if (memmem(names.p, names.len, shows[i], strlen(shows[i])))
            return true;
    return false;
}

static bool
ends_name(struct str rest)
{
    return rest.len == 0 || rest.p[0] == ' ' || rest.p[0] == '\n' || rest.p[0] == '\t';
}

/* "has-sidebar" is what a sidebar stands in, or does not. */
static bool
is_of_others(const char *word)
{
    static const char *const before[] = { "has", "no", "with", "without" };

    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++)
        if (strcmp(word, before[i]) == 0)
            return true;
    return false;
}

/* A pair that is in the table counts in place of its two words. */
unsigned
class_words(struct str names)
{
    char before[WORD_MAX] = "", word[WORD_MAX], pair[2 * WORD_MAX + 1];
    unsigned says = 0, last = 0;
    bool joined, wide = is_shown_when_wide(names);

    while (names.len > 0 && next_word(&names, word, &joined) > 0) {
        const struct word *one = look_up(word), *both = NULL;

        joined = joined && before[0];
        if (joined) {
            snprintf(pair, sizeof(pair), "%s-%s", before, word);
            both = look_up(pair);
        }
        if (!both)
            says |= last;
        last = both ? both->says : one ? one->says : 0;
        if (joined && is_of_others(before))
            last = 0;
        if (strcmp(word, "hidden") == 0 && (wide || joined || !ends_name(names)))
            last = 0;
        memcpy(before, word, sizeof(before));
    }
    return says | last;
}
