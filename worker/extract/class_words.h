/*
 * Class_words: what the names that authors give their elements (class and id) say of them.
 * A name is cut at hyphens, underscores and capitals; whole words count, and pairs of them.
 */
#ifndef WORKER_EXTRACT_CLASS_WORDS_H
#define WORKER_EXTRACT_CLASS_WORDS_H

#include "lib/str.h"

enum class_words {
    CLASS_NOTHING = 0,
    CLASS_FRAME = 1,   /* around the content of a page: navigation, footers, adverts, notices */
    CLASS_CONTENT = 2, /* the content, or a part of it */
    CLASS_COMMENT = 4, /* what readers wrote below */
    CLASS_SOFT = 8,    /* around the content, unless it has sentences of its own */
    CLASS_BYLINE = 16, /* who wrote an article, and when */
    CLASS_BUTTON = 32, /* to be pressed */
};

/* The sum of what the words of a class or id say. */
unsigned class_words(struct str names);

#endif
