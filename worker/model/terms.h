/*
 * Terms: the words of a question that matter, reduced to their stems so that
 * "indexes" meets "indexing". Plain English endings; other languages' words
 * are compared as they are written. Pure.
 */
#ifndef WORKER_TERMS_H
#define WORKER_TERMS_H

#include "lib/str.h"

#include <stddef.h>
#include <stdint.h>

struct arena;

#define TERMS_MAX 64 /* different words of one question that are looked at */

struct terms {
    struct str list[TERMS_MAX];
    size_t count;
};

/* The different terms of a text, without the words that every text has. */
void terms_read(struct terms *t, struct arena *a, struct str text);

/* Which of the terms occur in a text, a bit each. */
uint64_t terms_met(const struct terms *t, struct str text);

#endif
