/*
 * A reader gives only values within the limits it was asked for, its problems
 * are JSON, and a document without problems means the same when read again.
 */
#include "lib/arena.h"
#include "lib/json_check.h"
#include "lib/json_reader.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"

#include <json-c/json.h>

static const char *const words[] = { "one", "two", NULL };

static void
read_string(const char *s, size_t min, size_t max)
{
    if (s) {
        MUST(str_utf8_valid(str_from(s)) == strlen(s));
        MUST(str_utf8_count(str_from(s)) >= min && str_utf8_count(str_from(s)) <= max);
    }
}

static void
read_scalars(struct json_reader *in)
{
    int64_t i = jr_opt_int(in, "i", -5, 5, 0);
    double d = jr_opt_double(in, "d", -1, 1, 0);
    struct id id = jr_opt_id(in, "id"), parsed;
    int w = jr_opt_word(in, "w", words);

    read_string(jr_opt_str(in, "s", 1, 4), 1, 4);
    MUST(i >= -5 && i <= 5);
    MUST(d >= -1 && d <= 1);
    MUST(w >= -1 && w <= 1);
    MUST(!id_is_set(id) || (id_parse(id.s, &parsed) && id_eq(id, parsed)));
    (void)jr_opt_bool(in, "b", false);
}

static void
read_document(struct arena *a, const char *text, size_t size)
{
    struct json_reader in, nested;
    struct err e;
    size_t count;
    const char *raw;

    jr_parse(&in, a, text, size);
    read_scalars(&in);
    if (jr_opt_object(&in, "o", &nested)) {
        read_scalars(&nested);
        e = jr_check(&nested);
        MUST(!e.code || e.code == ERR_INVALID);
    }
    count = jr_opt_array(&in, "l", 3);
    MUST(count <= 3);
    for (size_t i = 0; i < count; i++)
        read_string(jr_array_str(&in, "l", i, 0, 2), 0, 2);
    raw = jr_opt_raw(&in, "raw", 100);
    if (raw)
        MUST(strlen(raw) <= 100 && !json_check(a, raw, strlen(raw)).code);

    e = jr_check(&in);
    MUST((e.code == ERR_NONE) == (in.problems->len == 0 && in.object));
    if (e.code)
        MUST(str_utf8_valid(str_from(e.msg)) == strlen(e.msg));
    raw = arena_printf(a, "[%s]", in.problems->data);
    MUST(!json_check(a, raw, strlen(raw)).code);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();

    read_document(a, (const char *)data, size);
    arena_free(a);
    return 0;
}
