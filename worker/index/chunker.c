#include "worker/index/chunker.h"

#include "db/chunk.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/sentence.h"
#include "lib/str.h"
#include "worker/index/chunk_units.h"

#include <stdbool.h>
#include <string.h>

#define LEVELS 6 /* of Markdown headings */

struct chunker {
    struct arena *arena;
    struct str text;
    struct str path[LEVELS];
    const char *anchor;       /* of the last heading that had one */
    struct chunk_units units; /* of the section being read */
    struct source_chunk *chunks;
    size_t chunk_count, chunk_cap;
};

/* ---- lines -------------------------------------------------------------- */

/* The level of an ATX heading; 0 for any other line. */
static int
heading_level(struct str line)
{
    int level = 0;

    while ((size_t)level < line.len && line.p[level] == '#')
        level++;
    if (level == 0 || level > LEVELS)
        return 0;
    return (size_t)level == line.len || line.p[level] == ' ' || line.p[level] == '\t' ? level : 0;
}

static bool
is_fence(struct str line)
{
    line = str_trim(line);
    return str_starts(line, STR("```")) || str_starts(line, STR("~~~"));
}

/* "Setup {#setup}": cuts the anchor off; an empty one when there is none. */
static struct str
cut_anchor(struct str *title)
{
    size_t end = title->len, at = end;

    if (end < 4 || title->p[end - 1] != '}')
        return (struct str){ "", 0 };
    while (at > 0 && title->p[at - 1] != '{' && title->p[at - 1] != ' ')
        at--;
    if (at == 0 || title->p[at - 1] != '{' || title->p[at] != '#')
        return (struct str){ "", 0 };
    *title = str_trim((struct str){ title->p, at - 1 });
    return (struct str){ title->p + at + 1, end - at - 2 };
}

static void
set_heading(struct chunker *c, struct str line, int level)
{
    struct str title = str_trim((struct str){ line.p + level, line.len - (size_t)level });
    struct str anchor = cut_anchor(&title);

    while (title.len > 0 && title.p[title.len - 1] == '#')
        title.len--;
    c->path[level - 1] = str_trim(title);
    c->anchor = str_dup(c->arena, str_utf8_prefix(anchor, CHUNK_ANCHOR));
    for (int below = level; below < LEVELS; below++)
        c->path[below] = (struct str){ "", 0 };
}

static const char *
heading_path(struct chunker *c)
{
    struct str whole;
    struct buf out;

    buf_init(&out, c->arena, SIZE_MAX);
    for (int level = 0; level < LEVELS; level++) {
        if (c->path[level].len == 0)
            continue;
        if (out.len > 0)
            buf_add_str(&out, " > ");
        buf_add(&out, c->path[level].p, c->path[level].len);
    }
    whole = str_utf8_prefix((struct str){ out.data, out.len }, CHUNK_HEADING);
    return str_dup(c->arena, whole);
}

/* ---- sections ------------------------------------------------------------ */

/* From one unit to another, with what makes sense of where it is cut. */
static const char *
content(struct chunker *c, const struct chunk_unit *first, const struct chunk_unit *last)
{
    struct buf out;

    buf_init(&out, c->arena, SIZE_MAX);
    if (first->lead.len > 0) {
        buf_add(&out, first->lead.p, first->lead.len);
        buf_add_char(&out, '\n');
    }
    buf_add(&out, c->text.p + first->start, last->end - first->start);
    if (last->tail.len > 0) {
        buf_add_char(&out, '\n');
        buf_add(&out, last->tail.p, last->tail.len);
    }
    return out.data;
}

static void
add_chunk(struct chunker *c, const char *heading, size_t first, size_t last)
{
    c->chunks = arena_grow(c->arena, c->chunks, c->chunk_count, &c->chunk_cap, sizeof(*c->chunks));
    c->chunks[c->chunk_count++] =
        (struct source_chunk){ .heading = heading,
                               .anchor = c->anchor,
                               .content = content(c, &c->units.list[first], &c->units.list[last]) };
}

/* The unit that the next chunk begins with: up to CHUNK_OVERLAP characters before `next`. */
static size_t
overlap_from(const struct chunker *c, size_t first, size_t next)
{
    size_t chars = 0, from = next;

    while (from - 1 > first && chars + c->units.list[from - 1].chars <= CHUNK_OVERLAP)
        chars += c->units.list[--from].chars;
    return from;
}

/* The characters that a chunk of this section shall have: all have about the same. */
static size_t
chunk_size(const struct chunker *c)
{
    size_t all = 0;

    for (size_t i = 0; i < c->units.count; i++)
        all += c->units.list[i].chars;
    return all <= CHUNK_MOST ? CHUNK_MOST : all / ((all + CHUNK_CHARS - 1) / CHUNK_CHARS) + 1;
}

static void
pack(struct chunker *c)
{
    const char *heading = heading_path(c);
    size_t first = 0, chars = 0, size = chunk_size(c);

    for (size_t i = 0; i < c->units.count; i++) {
        const struct chunk_unit *u = &c->units.list[i];
        bool full = chars > 0 && chars + u->chars / 2 > size;
        bool good_border = size < CHUNK_MOST && u->new_paragraph && chars > size * 4 / 5;

        if (full || good_border) {
            size_t from = overlap_from(c, first, i);

            add_chunk(c, heading, first, i - 1);
            first = from;
            chars = 0;
        }
        chars += u->chars;
    }
    if (c->units.count > 0)
        add_chunk(c, heading, first, c->units.count - 1);
}

static void
end_section(struct chunker *c, const char *start, const char *end)
{
    chunk_units_read(&c->units, (struct str){ start, (size_t)(end - start) });
    pack(c);
}

size_t
chunker_split(struct arena *a, const char *text, struct source_chunk **out)
{
    struct chunker c = { .arena = a, .text = str_from(text), .anchor = "" };
    struct str rest = c.text, line;
    const char *section = text;
    bool fenced = false;

    chunk_units_init(&c.units, a, text);
    while (rest.len > 0) {
        int level;

        line = str_cut(rest, '\n', &rest);
        if (is_fence(line))
            fenced = !fenced;
        level = fenced ? 0 : heading_level(line);
        if (level == 0)
            continue;
        end_section(&c, section, line.p);
        set_heading(&c, line, level);
        section = line.p + line.len;
    }
    end_section(&c, section, c.text.p + c.text.len);
    *out = c.chunks;
    return c.chunk_count;
}
