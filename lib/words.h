/*
 * Words: the words of a text as search compares them.
 *
 * A word is folded (NFKC, case), reduced to its stem in its language, freed of
 * accents, and hashed to a term of 32 bits. Identifiers count as a whole and
 * by their parts: pg_dump, getUserId; what a hyphen joins, as its parts and as
 * one word; C++, C# and .NET as they are. Scripts that have no spaces between
 * words are read as pairs of characters.
 *
 * Of 100,000 different words one pair or so has the same hash; it costs a
 * little precision for those two. Texts are valid UTF-8. Pure.
 */
#ifndef LIB_WORDS_H
#define LIB_WORDS_H

#include "lib/language.h"
#include "lib/str.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct words;

enum word_kind {
    WORD_PLAIN,
    WORD_EXTRA, /* another form of what stands around it: no place of its own in the sequence */
    WORD_COMMON /* that every text has; in capitals (WHERE, IF) a word is plain */
};

struct word {
    uint32_t term; /* never 0 */
    enum word_kind kind;
    size_t start, len; /* in the text */
};

/* A reader for one language; it lives as long as the arena. */
struct words *words_new(struct arena *a, enum language language);

/* The words of a text, in order, in `a`; returns how many. */
size_t words_read(struct words *w, struct arena *a, struct str text, struct word **out);

#endif
