#include "app/multipart.h"

#include "lib/arena.h"

#include <string.h>

#define BOUNDARY_MAX ((size_t)70) /* characters, RFC 2046 */

static void
skip(struct str *s, size_t n)
{
    s->p += n;
    s->len -= n;
}

bool
multipart_is(const char *content_type)
{
    struct str rest, type = str_cut(str_from(content_type), ';', &rest);

    return str_eq_nocase(str_trim(type), STR("multipart/form-data"));
}

/* The value of `name` in "…; name=value; other=\"quoted \\\" value\"". */
static bool
parameter(struct arena *a, struct str header, struct str name, const char **out)
{
    struct str rest;

    for ((void)str_cut(header, ';', &rest); rest.len > 0;) {
        char *value = arena_alloc(a, rest.len + 1);
        struct str key;
        size_t n = 0, i = 0;

        while (i < rest.len && rest.p[i] != '=')
            i++;
        key = str_trim((struct str){ rest.p, i });
        skip(&rest, i < rest.len ? i + 1 : i);
        if (rest.len > 0 && rest.p[0] == '"') {
            for (i = 1; i < rest.len && rest.p[i] != '"'; i++) {
                if (rest.p[i] == '\\' && i + 1 < rest.len && rest.p[i + 1] == '"')
                    i++;
                value[n++] = rest.p[i];
            }
            skip(&rest, i < rest.len ? i + 1 : i);
            (void)str_cut(rest, ';', &rest);
        } else {
            struct str token = str_trim(str_cut(rest, ';', &rest));

            n = token.len;
            memcpy(value, token.p, n);
        }
        if (str_eq_nocase(key, name) && str_utf8_valid((struct str){ value, n }) == n &&
            !memchr(value, '\0', n)) {
            *out = value;
            return true;
        }
    }
    return false;
}

/* Some browsers of old sent the whole path. */
static const char *
last_segment(const char *path)
{
    const char *slash = strrchr(path, '/'), *back = strrchr(path, '\\');

    if (back && (!slash || back > slash))
        slash = back;
    return slash ? slash + 1 : path;
}

static struct err
read_headers(struct arena *a, struct str headers, struct part *out)
{
    out->type = "";
    while (headers.len > 0) {
        struct str value, name = str_cut(str_cut(headers, '\n', &headers), ':', &value);

        value = str_trim(value);
        if (str_eq_nocase(str_trim(name), STR("Content-Type"))) {
            out->type = str_dup(a, value);
        } else if (str_eq_nocase(str_trim(name), STR("Content-Disposition"))) {
            (void)parameter(a, value, STR("name"), &out->name);
            if (parameter(a, value, STR("filename"), &out->file_name))
                out->file_name = last_segment(out->file_name);
        }
    }
    return out->name ? OK : ERR(ERR_MALFORMED, "a part of the form has no name");
}

/* One part, from behind its delimiter to the next one, which *rest begins with. */
static struct err
read_part(struct arena *a, struct str delimiter, struct str *rest, struct part *out)
{
    size_t most = rest->len < MULTIPART_HEADER_MAX ? rest->len : MULTIPART_HEADER_MAX;
    const char *end = memmem(rest->p, most, "\r\n\r\n", 4), *next;
    struct str headers;

    if (!end)
        return ERR(ERR_MALFORMED, "the headers of a part of the form do not end");
    headers = (struct str){ rest->p, (size_t)(end - rest->p) };
    TRY(read_headers(a, headers, out));
    skip(rest, headers.len + 4);
    next = memmem(rest->p, rest->len, delimiter.p, delimiter.len);
    if (!next)
        return ERR(ERR_MALFORMED, "a part of the form was cut");
    out->body = (struct str){ rest->p, (size_t)(next - rest->p) };
    skip(rest, out->body.len + delimiter.len);
    return OK;
}

struct err
multipart_parse(struct arena *a, const char *content_type, struct str body, struct part **out,
                size_t *count)
{
    struct part *list = arena_array(a, MULTIPART_PARTS_MAX, sizeof(*list));
    const char *boundary;
    struct str delimiter;
    size_t n = 0;

    if (!parameter(a, str_from(content_type), STR("boundary"), &boundary) ||
        strlen(boundary) > BOUNDARY_MAX || !boundary[0])
        return ERR(ERR_MALFORMED, "the form's Content-Type names no boundary");
    delimiter = str_from(arena_printf(a, "\r\n--%s", boundary));
    /* The first one stands at the start, without a line end before it. */
    if (!str_starts(body, (struct str){ delimiter.p + 2, delimiter.len - 2 }))
        return ERR(ERR_MALFORMED, "the form does not begin with its boundary");
    skip(&body, delimiter.len - 2);
    while (!str_starts(body, STR("--"))) {
        if (!str_starts(body, STR("\r\n")))
            return ERR(ERR_MALFORMED, "the form's boundary is followed by something else");
        skip(&body, 2);
        if (n == MULTIPART_PARTS_MAX)
            return ERR(ERR_TOO_LARGE, "the form has too many parts");
        TRY(read_part(a, delimiter, &body, &list[n]));
        n++;
    }
    *out = list;
    *count = n;
    return OK;
}
