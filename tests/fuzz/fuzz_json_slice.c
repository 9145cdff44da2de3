/*
 * Slices of a checked text say what json-c's tree of it says: types, lengths,
 * elements, texts, numbers.
 */
#include "lib/arena.h"
#include "lib/json_reader.h"
#include "lib/json_slice.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"

#include <json-c/json.h>

/* NOLINTBEGIN(misc-no-recursion): as deep as JSON_DEPTH_MAX */
static void compare(struct arena *a, struct json_object *tree, struct str slice);

static void
compare_object(struct arena *a, struct json_object *tree, struct str slice)
{
    struct json_object_iterator at = json_object_iter_begin(tree), end = json_object_iter_end(tree);

    MUST(json_is_object(slice));
    MUST(json_is_empty(slice) == (json_object_object_length(tree) == 0));
    for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
        struct json_object *value = json_object_iter_peek_value(&at);
        struct str member = json_member(slice, json_object_iter_peek_name(&at));

        /* A key that was written with escapes is not found by what it means. */
        MUST(member.len > 0 || memchr(slice.p, '\\', slice.len));
        if (member.len > 0)
            compare(a, value, member);
    }
}

static void
compare_array(struct arena *a, struct json_object *tree, struct str slice)
{
    struct str element;
    size_t n = 0;

    MUST(json_is_array(slice));
    for (; json_next(&slice, &element); n++) {
        MUST(n < json_object_array_length(tree));
        compare(a, json_object_array_get_idx(tree, n), element);
    }
    MUST(n == json_object_array_length(tree));
}

static void
compare(struct arena *a, struct json_object *tree, struct str slice)
{
    struct str text = json_text(a, slice);

    if (json_object_is_type(tree, json_type_object)) {
        compare_object(a, tree, slice);
    } else if (json_object_is_type(tree, json_type_array)) {
        compare_array(a, tree, slice);
    } else if (json_object_is_type(tree, json_type_string)) {
        MUST(json_is_string(slice));
        MUST(str_eq(text, (struct str){ json_object_get_string(tree),
                                        (size_t)json_object_get_string_len(tree) }));
    } else if (json_object_is_type(tree, json_type_int)) {
        /* Beyond 63 bits json-c takes the nearest number, and a slice none. */
        MUST(json_int(slice) == json_object_get_int64(tree) || json_int(slice) == 0);
    } else {
        MUST(text.len == 0 && slice.len > 0);
    }
}
/* NOLINTEND(misc-no-recursion) */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    char *text = arena_strndup(a, (const char *)data, size);
    struct json_reader in;

    jr_parse(&in, a, text, size);
    if (in.object)
        compare(a, in.object, json_value((struct str){ text, size }));
    arena_free(a);
    return 0;
}
