/*
 * Fuzz: what the targets share. Each has one function that takes any bytes and
 * aborts when a property does not hold. It is driven by libFuzzer, or by
 * replay.c with the files of its corpus.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A function, so that a target's own branches can be counted. */
static inline void
fuzz_must(bool holds, const char *condition, const char *file, int line)
{
    if (holds)
        return;
    fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    abort();
}

#define MUST(condition) fuzz_must((condition), #condition, __FILE__, __LINE__)

#endif
