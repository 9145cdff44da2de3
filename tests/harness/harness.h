/*
 * Harness: what every C test starts with. Each test gets an arena of its own as
 * *state; what it makes there is gone afterwards.
 */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H

#include "lib/arena.h"
#include "lib/err.h"

/* cmocka needs these four before its own header, in this order. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

int harness_setup(void **state);
int harness_teardown(void **state);

#define UNIT_TEST(f)     cmocka_unit_test_setup_teardown(f, harness_setup, harness_teardown)
#define TEST_COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Fail, with the error's message, unless the call gives OK, or the code. */
#define assert_ok(call)        harness_expect(ERR_NONE, (call), #call, __FILE__, __LINE__)
#define assert_err(code, call) harness_expect((code), (call), #call, __FILE__, __LINE__)

void harness_expect(enum err_code code, struct err got, const char *call, const char *file,
                    int line);

/* Whether `part` is in `text`. */
#define assert_contains(text, part) harness_contains((text), (part), __FILE__, __LINE__)

void harness_contains(const char *text, const char *part, const char *file, int line);

/* What a function did in a process of its own, which ends with status 0 when it returns. */
struct outcome {
    int status;            /* of exit(), or -1 */
    int signal;            /* that ended it, or 0 */
    const char *out, *err; /* what it wrote */
};

struct outcome harness_run(struct arena *a, void (*fn)(void *arg), void *arg);

#endif
