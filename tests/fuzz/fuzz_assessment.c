/*
 * Whatever a server says of a trace is refused, or names an assessment that a path can hold
 * and that is asked for again under the same id.
 */
#include "lib/arena.h"
#include "tests/fuzz/fuzz.h"
#include "worker/trace/assessment.h"

#define MESSAGE "01976f3e-8c7a-7d2e-9b41-5f0c2d7e8a10"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    char *text = arena_strndup(a, (const char *)data, size);
    char *again = arena_strdup(a, text);
    const char *id, *other;

    if (!assessment_find(a, text, strlen(text), MESSAGE, &id).code && id) {
        MUST(id[0] && strlen(id) <= ASSESSMENT_ID_MAX);
        MUST(!assessment_find(a, again, strlen(again), MESSAGE, &other).code);
        MUST(other && strcmp(id, other) == 0);
    }
    arena_free(a);
    return 0;
}
