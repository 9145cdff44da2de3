/*
 * Language: which one a text is in, as far as searching it needs to know: how
 * its words are reduced to stems, and which of them every text has. Pure.
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
 * By a BCP 47 tag ("de", "de-AT", "pt_BR"), or by the text when the tag is NULL or
 * empty: the language whose common words it has most of, English when it has too few.
 */
enum language language_of(const char *tag, struct str text);

/* The name that Snowball's stemmer goes by; NULL for LANGUAGE_OTHER. */
const char *language_stemmer(enum language language);

/* Common words in small letters, ended by NULL; empty where none are known. */
const char *const *language_common(enum language language);

#endif
