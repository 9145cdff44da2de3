#include "worker/embed/embeddings.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/json_writer.h"
#include "lib/vector.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PATH     "/embeddings"
#define BODY_MAX ((size_t)8 * 1024 * 1024)

const char *
embeddings_url(struct arena *a, const char *base)
{
    struct str s = str_from(base);
    size_t path = strlen(PATH);

    while (s.len > 0 && s.p[s.len - 1] == '/')
        s.len--;
    if (s.len >= path && memcmp(s.p + s.len - path, PATH, path) == 0)
        return str_dup(a, s);
    return arena_printf(a, "%.*s" PATH, (int)s.len, s.p);
}

struct str
embeddings_body(struct arena *a, const char *model, const char *const *texts, size_t n)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, a, BODY_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_str(&w, "model", model);
    jw_str(&w, "encoding_format", "float");
    jw_array(&w, "input");
    for (size_t i = 0; i < n; i++)
        jw_str(&w, NULL, str_dup(a, str_utf8_prefix(str_from(texts[i]), EMBEDDINGS_TEXT_MAX)));
    jw_array_end(&w);
    jw_object_end(&w);
    return (struct str){ out.data, out.len };
}

/* ---- the answer ---------------------------------------------------------------- */

/* The numbers of an array; 0 when there are too many, or something else is among them. */
static size_t
read_floats(struct str array, float *out)
{
    struct str element;
    char text[64];
    size_t n = 0;

    while (json_next(&array, &element)) {
        char *end;

        if (n == VECTOR_MAX || element.len == 0 || element.len >= sizeof(text))
            return 0;
        memcpy(text, element.p, element.len);
        text[element.len] = '\0';
        out[n++] = strtof(text, &end);
        if (*end)
            return 0;
    }
    return n;
}

/* Floats of four bytes, little endian, in base64. */
static size_t
read_base64(struct arena *a, struct str value, float *out)
{
    struct str text = json_text(a, value);
    size_t bytes = 0;

    if (sodium_base642bin((unsigned char *)out, VECTOR_MAX * sizeof(*out), text.p, text.len, NULL,
                          &bytes, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return 0;
    return bytes % sizeof(*out) == 0 ? bytes / sizeof(*out) : 0;
}

/* What is read of one answer. */
struct reading {
    struct arena *arena;
    size_t n;
    bool *seen;
    float *numbers;
    struct embeddings got;
};

static bool
take(struct reading *r, struct str item, size_t place)
{
    struct str index = json_member(item, "index"), value = json_member(item, "embedding");
    size_t at = index.len > 0 ? (size_t)json_int(index) : place;
    size_t count = json_is_array(value) ? read_floats(value, r->numbers)
                                        : read_base64(r->arena, value, r->numbers);

    if (at >= r->n || r->seen[at] || count == 0)
        return false;
    if (r->got.dimensions == 0) {
        r->got.dimensions = count;
        r->got.numbers = arena_array(r->arena, r->n, count);
    }
    r->seen[at] = true;
    return count == r->got.dimensions &&
           vector_pack(r->numbers, count, r->got.numbers + at * count);
}

struct err
embeddings_read(struct arena *a, struct str reply, size_t n, struct embeddings *out)
{
    static const struct err bad = { ERR_UPSTREAM,
                                    "The embeddings server's answer has no vector for each text." };
    struct reading r = { .arena = a, .n = n };
    struct str list, item;
    size_t count = 0;

    if (json_check(a, reply.p, reply.len).code)
        return ERR(ERR_UPSTREAM, "The embeddings server's answer is no JSON.");
    r.seen = arena_array(a, n, sizeof(*r.seen));
    r.numbers = arena_array(a, VECTOR_MAX, sizeof(*r.numbers));
    list = json_member(json_value(reply), "data");
    if (!json_is_array(list))
        return bad;
    for (; json_next(&list, &item); count++)
        if (!json_is_object(item) || !take(&r, item, count))
            return bad;
    if (count != n)
        return bad;
    *out = r.got;
    return OK;
}
