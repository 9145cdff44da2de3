#include "worker/trace/mlflow_value.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_slice.h"

#define DEPTH_MAX 20 /* of the JSON that is made: what holds it is nested too */
#define JSON_MAX  ((size_t)16 * 1024 * 1024)
#define KEYS_MAX  200 /* of one dictionary; they must not repeat */

static void write_value(struct buf *out, struct str value, int depth);

static void
write_list(struct buf *out, struct str values, int depth)
{
    struct str one;

    buf_add_char(out, '[');
    for (int n = 0; json_next(&values, &one); n++) {
        if (n > 0)
            buf_add_char(out, ',');
        write_value(out, one, depth);
    }
    buf_add_char(out, ']');
}

static void
write_dictionary(struct buf *out, struct str values, int depth)
{
    struct str keys[KEYS_MAX], pair;
    int n = 0, i;

    buf_add_char(out, '{');
    while (n < KEYS_MAX && json_next(&values, &pair)) {
        keys[n] = json_member(pair, "key");
        for (i = 0; i < n && !str_eq(keys[i], keys[n]);)
            i++;
        if (i < n || !json_is_string(keys[n]))
            continue;
        if (n++ > 0)
            buf_add_char(out, ',');
        buf_add(out, keys[n - 1].p, keys[n - 1].len);
        buf_add_char(out, ':');
        write_value(out, json_member(pair, "value"), depth);
    }
    buf_add_char(out, '}');
}

static void
write_value(struct buf *out, struct str value, int depth)
{
    static const char *const names[] = { "string_value", "int_value", "double_value",
                                         "bool_value" };
    struct str list = json_member(value, "array_value");
    struct str dictionary = json_member(value, "kvlist_value"), inner = { "", 0 };

    if (depth == 0) {
        buf_add_str(out, "null");
    } else if (list.len) {
        write_list(out, json_member(list, "values"), depth - 1);
    } else if (dictionary.len) {
        write_dictionary(out, json_member(dictionary, "values"), depth - 1);
    } else {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && inner.len == 0; i++)
            inner = json_member(value, names[i]);
        if (inner.len)
            buf_add(out, inner.p, inner.len);
        else
            buf_add_str(out, "null");
    }
}

struct str
mlflow_plain(struct arena *a, struct str value)
{
    static const char *const names[] = { "string_value", "int_value", "double_value",
                                         "bool_value" };
    struct buf out;

    if (!json_is_object(value))
        return value;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct str inner = json_member(value, names[i]);

        if (inner.len)
            return inner;
    }
    if (!json_member(value, "array_value").len && !json_member(value, "kvlist_value").len)
        return value;
    buf_init(&out, a, JSON_MAX);
    write_value(&out, value, DEPTH_MAX);
    return (struct str){ out.data, out.len };
}
