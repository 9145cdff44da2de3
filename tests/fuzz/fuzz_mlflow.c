/*
 * Whatever a server sends as a trace is refused, or becomes JSON: spans with ids of
 * 16 digits, of which none is its own parent.
 */
#include "lib/arena.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "tests/fuzz/fuzz.h"
#include "worker/trace/mlflow.h"

#define OURS "00000000000000aa"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct mlflow_place place = { INT64_C(1769860800000000000), 10000000, OURS };
    struct arena *a = arena_new();
    char *text = arena_strndup(a, (const char *)data, size);
    struct str rest, span;
    struct mlflow_trace trace;
    char *all;

    if (!mlflow_read(a, text, strlen(text), &place, &trace).code) {
        all = arena_printf(a, "[%s]", trace.spans);
        rest = (struct str){ all, strlen(all) };
        while (json_next(&rest, &span)) {
            struct str id = json_text(a, json_member(span, "span_id"));
            struct str parent = json_text(a, json_member(span, "parent_id"));

            MUST(id.len == 16 && parent.len == 16);
            MUST(!str_eq(id, parent) || str_eq(id, STR(OURS)));
            trace.count--;
        }
        MUST(trace.count == 0);
    }
    arena_free(a);
    return 0;
}
