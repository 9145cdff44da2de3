/*
 * Whatever a server answers is an error, or tools whose schemas are JSON and texts
 * that are UTF-8; and any schema checks any value without harm.
 */
#include "lib/arena.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "tests/fuzz/fuzz.h"
#include "worker/tool/mcp.h"
#include "worker/tool/schema.h"

static void
read_result(struct arena *a, struct str result)
{
    struct mcp_tool *list = arena_array(a, MCP_TOOLS_MAX, sizeof(*list));
    const char *cursor, *version, *output;
    size_t n = 0;
    bool failed;

    mcp_tools(a, result, list, &n, &cursor);
    for (size_t i = 0; i < n; i++) {
        MUST(!json_check(a, list[i].parameters, strlen(list[i].parameters)).code);
        MUST(str_utf8_valid(str_from(list[i].description)) == strlen(list[i].description));
        (void)schema_check(a, json_value(str_from(list[i].parameters)), result).code;
    }
    (void)mcp_version(a, result, &version).code;
    output = mcp_output(a, result, &failed);
    MUST(str_utf8_valid(str_from(output)) == strlen(output));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = { "application/json", "text/event-stream" };
    struct arena *a = arena_new();
    struct str result;
    bool done;

    if (size > 0 &&
        !mcp_result(a, types[data[0] % 2], (struct str){ (const char *)data + 1, size - 1 }, 2,
                    &done, &result)
             .code &&
        done)
        read_result(a, result);
    arena_free(a);
    return 0;
}
