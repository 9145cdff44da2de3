/*
 * What json_check() takes, json-c takes too, as one value of the same meaning;
 * what it refuses, it refuses with a place inside the text and readable words.
 */
#include "lib/arena.h"
#include "lib/json_check.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"

#include <json-c/json.h>

/* Parse what passed the check; NULL is a value, so success is told apart. */
static struct json_object *
parse(const char *text, size_t len)
{
    struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH_MAX + 2);
    struct json_object *value;

    MUST(tok);
    json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
    value = json_tokener_parse_ex(tok, text, (int)len + 1); /* numbers end at the NUL */
    MUST(json_tokener_get_error(tok) == json_tokener_success);
    MUST(json_tokener_get_parse_end(tok) <= len + 1);
    json_tokener_free(tok);
    return value;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    const char *text = arena_strndup(a, (const char *)data, size), *again;
    struct err e = json_check(a, text, size);
    struct json_object *value, *second;
    size_t len;

    if (e.code) {
        MUST(e.code == ERR_MALFORMED);
        MUST(str_utf8_valid(str_from(e.msg)) == strlen(e.msg));
        MUST(strncmp(e.msg, "not valid JSON at byte ", 23) == 0);
        MUST(strtoul(e.msg + 23, NULL, 10) <= size);
        MUST(strlen(text) != size || json_check(a, arena_printf(a, " %s", text), size + 1).code);
    } else {
        MUST(str_utf8_valid((struct str){ text, size }) == size);
        MUST(strlen(text) == size);
        MUST(!json_check(a, arena_printf(a, "\t%s\n", text), size + 2).code);
        value = parse(text, size);
        again = json_object_to_json_string_length(value, JSON_C_TO_STRING_PLAIN, &len);
        MUST(!json_check(a, again, len).code);
        second = parse(again, len);
        MUST(json_object_equal(value, second));
        (void)json_object_put(value);
        (void)json_object_put(second);
    }
    arena_free(a);
    return 0;
}
