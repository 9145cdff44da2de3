/*
 * Dialect reply: what is common to the targets that fuzz how a dialect hears.
 */
#ifndef TESTS_FUZZ_DIALECT_REPLY_H
#define TESTS_FUZZ_DIALECT_REPLY_H

#include "worker/model/dialect.h"

/* Each of these targets names one. */
extern const struct dialect *const fuzzed_dialect;

#endif
