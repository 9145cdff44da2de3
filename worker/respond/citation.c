#include "worker/respond/citation.h"

#include "db/passage.h"
#include "lib/arena.h"
#include "lib/json_writer.h"
#include "lib/str.h"

#include <stdint.h>
#include <string.h>

#define SNIPPET_MAX ((size_t)240) /* bytes */
#define JSON_MAX    ((size_t)1024 * 1024)

size_t
citation_find(struct arena *a, const char *text, const struct passage *passages, size_t count,
              struct citation **out)
{
    size_t found = 0;

    *out = arena_array(a, count, sizeof(**out));
    for (size_t i = 0; i < count; i++)
        if (strstr(text, arena_printf(a, "[%zu]", i + 1)))
            (*out)[found++] = (struct citation){ i + 1, &passages[i] };
    return found;
}

const char *
citation_annotation(struct arena *a, const struct citation *c)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, a, JSON_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    jw_str(&w, "type", "file_citation");
    jw_id(&w, "file_id", c->passage->source_id);
    jw_str(&w, "filename", c->passage->title);
    jw_int(&w, "index", (int64_t)c->n - 1);
    jw_object_end(&w);
    return out.data;
}

/* The start of a passage on one line. */
static const char *
snippet(struct arena *a, const char *content)
{
    struct str start = str_utf8_prefix(str_from(content), SNIPPET_MAX);
    struct buf out;

    buf_init(&out, a, SNIPPET_MAX + 4);
    for (size_t i = 0; i < start.len; i++) {
        bool space = strchr(" \t\r\n", start.p[i]) != NULL;

        if (!space)
            buf_add_char(&out, start.p[i]);
        else if (out.len > 0 && out.data[out.len - 1] != ' ')
            buf_add_char(&out, ' ');
    }
    if (content[start.len])
        buf_add_str(&out, "…");
    return out.data;
}

const char *
citation_sources(struct arena *a, const struct citation *list, size_t count)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, a, JSON_MAX);
    jw_begin(&w, &out);
    jw_array(&w, NULL);
    for (size_t i = 0; i < count; i++) {
        jw_object(&w, NULL);
        jw_int(&w, "n", (int64_t)list[i].n);
        jw_str(&w, "url", list[i].passage->url);
        jw_str(&w, "title", list[i].passage->title);
        jw_str(&w, "heading", list[i].passage->heading);
        jw_str(&w, "anchor", list[i].passage->anchor ? list[i].passage->anchor : "");
        jw_str(&w, "snippet", snippet(a, list[i].passage->content));
        jw_double(&w, "score", list[i].passage->score);
        jw_id(&w, "source_id", list[i].passage->source_id);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    return out.data;
}
