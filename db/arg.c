/* Parameters of queries: the arg_ functions of db/db.h. */
#include "db/db.h"
#include "lib/arena.h"
#include "lib/buf.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#define ARRAY_MAX ((size_t)256 * 1024 * 1024) /* bytes of one array literal */
#define TEXT_TYPE 25                          /* pg_type.oid of text */

struct arg
arg_str(const char *s)
{
    return (struct arg){ .text = s };
}

struct arg
arg_null(void)
{
    return (struct arg){ .text = NULL };
}

struct arg
arg_id(struct id id)
{
    struct arg arg = { .is_own = id_is_set(id) };

    snprintf(arg.own, sizeof(arg.own), "%s", id.s);
    return arg;
}

struct arg
arg_int(int64_t n)
{
    struct arg arg = { .is_own = true };

    snprintf(arg.own, sizeof(arg.own), "%" PRId64, n);
    return arg;
}

struct arg
arg_bool(bool b)
{
    return arg_str(b ? "t" : "f");
}

struct arg
arg_double(double d)
{
    struct arg arg = { .is_own = !isnan(d) };

    snprintf(arg.own, sizeof(arg.own), "%.17g", d);
    return arg;
}

struct arg
arg_bytes(const void *bytes, size_t len)
{
    assert(len <= 1024UL * 1024 * 1024);
    return (struct arg){ .text = bytes, .is_binary = true, .len = (int)len };
}

struct arg
arg_ids(struct arena *a, const struct id *ids, size_t n)
{
    struct buf b;

    buf_init(&b, a, ARRAY_MAX);
    buf_add_char(&b, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_char(&b, ',');
        buf_add_str(&b, id_is_set(ids[i]) ? ids[i].s : "NULL");
    }
    buf_add_char(&b, '}');
    return arg_str(b.data);
}

struct arg
arg_ints(struct arena *a, const int64_t *ints, size_t n)
{
    struct buf b;

    buf_init(&b, a, ARRAY_MAX);
    buf_add_char(&b, '{');
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, i ? ",%" PRId64 : "%" PRId64, ints[i]);
    buf_add_char(&b, '}');
    return arg_str(b.data);
}

static void
add_element(struct buf *b, const char *s)
{
    buf_add_char(b, '"');
    while (*s) {
        size_t plain = strcspn(s, "\\\"");

        buf_add(b, s, plain);
        s += plain;
        if (*s) {
            buf_add_char(b, '\\');
            buf_add_char(b, *s++);
        }
    }
    buf_add_char(b, '"');
}

struct arg
arg_strs(struct arena *a, const char *const *strs, size_t n)
{
    struct buf b;

    buf_init(&b, a, ARRAY_MAX);
    buf_add_char(&b, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_char(&b, ',');
        if (strs[i])
            add_element(&b, strs[i]);
        else
            buf_add_str(&b, "NULL");
    }
    buf_add_char(&b, '}');
    assert(buf_ok(&b));
    return arg_str(b.data);
}

static void
add_int32(struct buf *b, uint32_t n)
{
    const uint8_t bytes[] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8),
                              (uint8_t)n };

    buf_add(b, bytes, sizeof(bytes));
}

/* Dimensions, whether there are NULLs, the elements' type; size and lower bound of the one. */
struct arg
arg_texts(struct arena *a, const char *const *texts, size_t n)
{
    struct buf b;

    buf_init(&b, a, ARRAY_MAX);
    add_int32(&b, 1);
    add_int32(&b, 1);
    add_int32(&b, TEXT_TYPE);
    add_int32(&b, (uint32_t)n);
    add_int32(&b, 1);
    for (size_t i = 0; i < n; i++) {
        size_t len = texts[i] ? strlen(texts[i]) : 0;

        add_int32(&b, texts[i] ? (uint32_t)len : UINT32_MAX);
        buf_add(&b, texts[i], len);
    }
    assert(buf_ok(&b));
    return arg_bytes(b.data, b.len);
}
