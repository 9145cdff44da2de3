#include "tests/fuzz/dialect_reply.h"

const struct dialect *const fuzzed_dialect = &dialect_responses;
