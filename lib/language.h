/*
 * Language: which one a text is in, and what searching it needs to know: how its
 * words are reduced to stems, and which of them every text has. Pure.
 */
#ifndef LIB_LANGUAGE_H
#define LIB_LANGUAGE_H

#include "lib/str.h"

#include <stdbool.h>

enum language {
    LANGUAGE_EN,
    LANGUAGE_DE,
    LANGUAGE_FR,
    LANGUAGE_ES,
    LANGUAGE_IT,
    LANGUAGE_PT,
    LANGUAGE_NL,
    LANGUAGE_SV,
    LANGUAGE_DA,
    LANGUAGE_NO,
    LANGUAGE_FI,
    LANGUAGE_RU,
    LANGUAGE_TR,
    LANGUAGE_HU,
    LANGUAGE_RO,
    LANGUAGE_AR,
    LANGUAGE_OTHER, /* no stems, no common words */
    LANGUAGE_COUNT
};

/*
 * The language of a text by its first 6,000 bytes: ISO 639-1, a literal, also of languages
 * that are not listed above; "" when it is not clear.
 */
const char *language_guess(struct str text);

/*
 * By a BCP 47 tag ("de", "de-AT", "pt_BR"), or by a guess at the text when the tag is NULL or
 * empty: English when that is not clear.
 */
enum language language_of(const char *tag, struct str text);

/* The name that Snowball's stemmer goes by; NULL for LANGUAGE_OTHER. */
const char *language_stemmer(enum language language);

/* Common words in small letters, ended by NULL; empty where none are known. */
const char *const *language_common(enum language language);

#endif
