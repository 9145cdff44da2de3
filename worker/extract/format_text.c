#include "lib/arena.h"
#include "lib/buf.h"
#include "worker/extract/format.h"

#define HEADINGS_MAX 2000

static bool
is_fence(struct str line)
{
    return str_starts(line, STR("```")) || str_starts(line, STR("~~~"));
}

/* The level of an ATX heading; 0 for other lines. */
static int
heading_level(struct str line)
{
    size_t level = 0;

    while (level < line.len && line.p[level] == '#')
        level++;
    return level > 0 && level <= 6 && level < line.len && line.p[level] == ' ' ? (int)level : 0;
}

static void
add_heading(struct arena *a, struct str line, size_t offset, struct extract_heading *h)
{
    int level = heading_level(line);
    struct str text = { line.p + level, line.len - (size_t)level };

    text = str_trim(text);
    while (text.len > 0 && text.p[text.len - 1] == '#')
        text.len--;
    *h = (struct extract_heading){
        .offset = offset,
        .level = level,
        .text = str_dup(a, str_utf8_prefix(str_trim(text), EXTRACT_TITLE_MAX)),
        .anchor = "",
    };
}

static void
find_headings(struct arena *a, struct str text, struct extract_page *out)
{
    struct extract_heading *list = arena_array(a, HEADINGS_MAX, sizeof(*list));
    struct str rest = text;
    bool fenced = false;
    size_t n = 0;

    while (rest.len > 0 && n < HEADINGS_MAX) {
        struct str next, line = str_cut(rest, '\n', &next);

        if (is_fence(line))
            fenced = !fenced;
        else if (!fenced && heading_level(line) > 0)
            add_heading(a, line, (size_t)(line.p - text.p), &list[n++]);
        rest = next;
    }
    out->headings = list;
    out->heading_count = n;
}

/* "---\ntitle: ...\n---" before the text is for the program that makes pages of it. */
static struct str
without_front_matter(struct str text)
{
    const char *end;

    if (!str_starts(text, STR("---\n")) && !str_starts(text, STR("---\r\n")))
        return text;
    end = memmem(text.p + 4, text.len - 4, "\n---", 4);
    if (!end || end - text.p > 4096)
        return text;
    end += 4;
    return str_trim((struct str){ end, text.len - (size_t)(end - text.p) });
}

void
format_text(struct arena *a, struct str text, struct extract_page *out)
{
    struct str rest, line;

    if (out->type == EXTRACT_MARKDOWN)
        text = without_front_matter(text);
    text = str_from(str_dup(a, text));
    out->text = text.p;
    if (out->type == EXTRACT_MARKDOWN)
        find_headings(a, text, out);
    line = str_trim(str_cut(str_trim(text), '\n', &rest));
    if (out->heading_count > 0)
        out->title = out->headings[0].text;
    else if (line.len <= EXTRACT_TITLE_MAX / 2)
        out->title = str_dup(a, line);
}
