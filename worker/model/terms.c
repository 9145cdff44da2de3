#include "worker/model/terms.h"

#include "lib/arena.h"

#include <stdbool.h>
#include <string.h>

#define WORD_MAX ((size_t)64) /* bytes; the rest of a longer word is not looked at */

struct word {
    char s[WORD_MAX];
    size_t len;
};

static const char *const common[] = {
    "a",       "about", "all",   "also", "am",   "an",    "and",    "any",  "are",    "as",
    "at",      "be",    "been",  "but",  "by",   "can",   "could",  "did",  "do",     "does",
    "explain", "for",   "from",  "get",  "give", "had",   "has",    "have", "how",    "i",
    "if",      "in",    "into",  "is",   "it",   "its",   "me",     "more", "my",     "no",
    "not",     "of",    "on",    "one",  "or",   "our",   "please", "say",  "should", "so",
    "some",    "tell",  "than",  "that", "the",  "their", "them",   "then", "there",  "these",
    "they",    "this",  "those", "to",   "us",   "was",   "we",     "were", "what",   "when",
    "where",   "which", "who",   "why",  "will", "with",  "would",  "you",  "your",
};

static bool
is_word_byte(char c)
{
    unsigned char u = (unsigned char)c;

    return u >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
ends_in(const struct word *w, const char *ending)
{
    size_t len = strlen(ending);

    return w->len >= len && memcmp(w->s + w->len - len, ending, len) == 0;
}

static bool
is_consonant(char c)
{
    return c >= 'a' && c <= 'z' && !strchr("aeiou", c);
}

static void
drop_ending(struct word *w, const char *ending, size_t least)
{
    if (w->len >= strlen(ending) + least && ends_in(w, ending))
        w->len -= strlen(ending);
}

/* Cut what inflection adds. Crude, but the same on both sides of a comparison. */
static void
stem(struct word *w)
{
    if (ends_in(w, "ies") && w->len > 4) {
        w->len -= 2;
        w->s[w->len - 1] = 'y';
    } else if (ends_in(w, "s") && !ends_in(w, "ss") && w->len > 3) {
        w->len--;
    }
    drop_ending(w, "ing", 3);
    drop_ending(w, "ed", 3);
    drop_ending(w, "ly", 3);
    if (w->len > 3 && w->s[w->len - 1] == 'e')
        w->len--;
    /* "running" is of "run"; "install" loses an l as well, on both sides. */
    if (w->len > 3 && w->s[w->len - 1] == w->s[w->len - 2] && is_consonant(w->s[w->len - 1]))
        w->len--;
}

static char
lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c;
}

/* The next word of *rest in small letters. False at the end. */
static bool
next_word(struct str *rest, struct word *w)
{
    w->len = 0;
    while (rest->len > 0 && !is_word_byte(rest->p[0]))
        *rest = (struct str){ rest->p + 1, rest->len - 1 };
    while (rest->len > 0 && is_word_byte(rest->p[0])) {
        char c = rest->p[0];

        if (w->len < WORD_MAX)
            w->s[w->len++] = lower(c);
        *rest = (struct str){ rest->p + 1, rest->len - 1 };
    }
    return w->len > 0;
}

static bool
is_common(const struct word *w)
{
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (str_eq((struct str){ w->s, w->len }, str_from(common[i])))
            return true;
    return false;
}

static bool
find(const struct terms *t, const struct word *w, size_t *at)
{
    for (*at = 0; *at < t->count; ++*at)
        if (str_eq(t->list[*at], (struct str){ w->s, w->len }))
            return true;
    return false;
}

void
terms_read(struct terms *t, struct arena *a, struct str text)
{
    struct word w;
    size_t at;

    t->count = 0;
    while (t->count < TERMS_MAX && next_word(&text, &w)) {
        if (is_common(&w))
            continue;
        stem(&w);
        if (!find(t, &w, &at))
            t->list[t->count++] = (struct str){ arena_strndup(a, w.s, w.len), w.len };
    }
}

uint64_t
terms_met(const struct terms *t, struct str text)
{
    uint64_t met = 0;
    struct word w;
    size_t at;

    while (next_word(&text, &w)) {
        stem(&w);
        if (find(t, &w, &at))
            met |= UINT64_C(1) << at;
    }
    return met;
}
