#include "worker/index/chunker.h"

#include "db/chunk.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/sentence.h"
#include "lib/str.h"

#include <stdbool.h>
#include <string.h>

#define LEVELS 6 /* of Markdown headings */

struct unit {
    size_t start, end; /* in the text */
    size_t chars;
    bool new_paragraph;
};

struct chunker {
    struct arena *arena;
    struct str text;
    struct str path[LEVELS];
    const char *anchor; /* of the last heading that had one */
    struct unit *units; /* of the section being read */
    size_t unit_count, unit_cap;
    struct source_chunk *chunks;
    size_t chunk_count, chunk_cap;
};

/* Room for one more element of a growing array in an arena. */
static void *
grow(struct arena *a, void *list, size_t count, size_t *cap, size_t size)
{
    void *larger;

    if (count < *cap)
        return list;
    *cap = *cap ? *cap * 2 : 64;
    larger = arena_array(a, *cap, size);
    if (count > 0)
        memcpy(larger, list, count * size);
    return larger;
}

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

static void
add_unit(struct chunker *c, struct str s, bool new_paragraph)
{
    size_t start = (size_t)(s.p - c->text.p);

    c->units = grow(c->arena, c->units, c->unit_count, &c->unit_cap, sizeof(*c->units));
    c->units[c->unit_count++] =
        (struct unit){ start, start + s.len, str_utf8_count(s), new_paragraph };
}

/* All of `s`, or at most CHUNK_CHARS characters up to white space, if its second half has any. */
static struct str
long_prefix(struct str s)
{
    size_t end = 0, space = 0, chars = 0;

    while (end < s.len && chars < CHUNK_CHARS) {
        if (chars > CHUNK_CHARS / 2 && (s.p[end] == ' ' || s.p[end] == '\n'))
            space = end;
        end += str_utf8_first((struct str){ s.p + end, s.len - end });
        chars++;
    }
    if (end == s.len || space == 0)
        return (struct str){ s.p, end };
    return (struct str){ s.p, space };
}

static bool
has_blank_line(const char *from, const char *to)
{
    int line_ends = 0;

    for (; from < to; from++)
        line_ends += *from == '\n';
    return line_ends > 1;
}

static void
read_units(struct chunker *c, struct str section)
{
    struct str rest = section, sentence;
    const char *behind = section.p;

    c->unit_count = 0;
    while (sentence_next(&rest, &sentence)) {
        bool new_paragraph = has_blank_line(behind, sentence.p);

        behind = sentence.p + sentence.len;
        while (sentence.len > 0) {
            struct str part = long_prefix(sentence);

            add_unit(c, part, new_paragraph);
            new_paragraph = false;
            sentence = str_trim((struct str){ part.p + part.len, sentence.len - part.len });
        }
    }
}

static void
add_chunk(struct chunker *c, const char *heading, size_t first, size_t last)
{
    size_t start = c->units[first].start, end = c->units[last].end;

    c->chunks = grow(c->arena, c->chunks, c->chunk_count, &c->chunk_cap, sizeof(*c->chunks));
    c->chunks[c->chunk_count++] =
        (struct source_chunk){ .heading = heading,
                               .anchor = c->anchor,
                               .content = arena_strndup(c->arena, c->text.p + start, end - start) };
}

/* The unit that the next chunk begins with: up to CHUNK_OVERLAP characters before `next`. */
static size_t
overlap_from(const struct chunker *c, size_t first, size_t next)
{
    size_t chars = 0, from = next;

    while (from - 1 > first && chars + c->units[from - 1].chars <= CHUNK_OVERLAP)
        chars += c->units[--from].chars;
    return from;
}

/* The characters that a chunk of this section shall have: all have about the same. */
static size_t
chunk_size(const struct chunker *c)
{
    size_t all = 0;

    for (size_t i = 0; i < c->unit_count; i++)
        all += c->units[i].chars;
    return all <= CHUNK_MOST ? CHUNK_MOST : all / ((all + CHUNK_CHARS - 1) / CHUNK_CHARS) + 1;
}

static void
pack(struct chunker *c)
{
    const char *heading = heading_path(c);
    size_t first = 0, chars = 0, size = chunk_size(c);

    for (size_t i = 0; i < c->unit_count; i++) {
        const struct unit *u = &c->units[i];
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
    if (c->unit_count > 0)
        add_chunk(c, heading, first, c->unit_count - 1);
}

static void
end_section(struct chunker *c, const char *start, const char *end)
{
    read_units(c, (struct str){ start, (size_t)(end - start) });
    pack(c);
}

size_t
chunker_split(struct arena *a, const char *text, struct source_chunk **out)
{
    struct chunker c = { .arena = a, .text = str_from(text), .anchor = "" };
    struct str rest = c.text, line;
    const char *section = text;
    bool fenced = false;

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
