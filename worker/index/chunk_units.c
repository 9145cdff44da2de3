#include "worker/index/chunk_units.h"

#include "lib/arena.h"
#include "lib/sentence.h"
#include "worker/index/chunker.h"

#include <string.h>

#define CODE_PART (CHUNK_CHARS / 2) /* characters of code that is cut, in one unit */

static const struct str none = { "", 0 };

void
chunk_units_init(struct chunk_units *u, struct arena *a, const char *text)
{
    *u = (struct chunk_units){ .arena = a, .text = text };
}

static struct chunk_unit *
add(struct chunk_units *u, struct str s)
{
    size_t start = (size_t)(s.p - u->text);

    u->list = arena_grow(u->arena, u->list, u->count, &u->cap, sizeof(*u->list));
    u->list[u->count] = (struct chunk_unit){
        .start = start, .end = start + s.len, .chars = str_utf8_count(s), .lead = none, .tail = none
    };
    return &u->list[u->count++];
}

/* All of `s`, or at most `most` characters up to white space, if its second half has any. */
static struct str
long_prefix(struct str s, size_t most, const char *spaces)
{
    size_t end = 0, space = 0, chars = 0;

    while (end < s.len && chars < most) {
        if (chars > most / 2 && strchr(spaces, s.p[end]))
            space = end;
        end += str_utf8_first((struct str){ s.p + end, s.len - end });
        chars++;
    }
    if (end == s.len || space == 0)
        return (struct str){ s.p, end };
    return (struct str){ s.p, space };
}

static struct str
behind(struct str s, struct str part)
{
    return (struct str){ part.p + part.len, s.len - (size_t)(part.p - s.p) - part.len };
}

/* ---- code ------------------------------------------------------------------------------- */

/* Its first and its last line, and what is between them. */
struct code {
    struct str open, body, close;
};

static struct code
code_parts(struct str s)
{
    struct code c;
    size_t end;

    c.open = str_cut(s, '\n', &c.body);
    for (end = c.body.len; end > 0 && c.body.p[end - 1] != '\n';)
        end--;
    c.close = (struct str){ c.body.p + end, c.body.len - end };
    c.body.len = end;
    return c;
}

/* The first unit has the fence before it, the last the one behind it; each lacks the other. */
static void
add_code_parts(struct chunk_units *u, struct str s, struct code c)
{
    size_t first = u->count;

    while (c.body.len > 0) {
        struct str part = long_prefix(c.body, CODE_PART, "\n");
        struct chunk_unit *unit = add(u, part);

        unit->lead = str_trim(c.open);
        unit->tail = str_trim(c.close);
        c.body = behind(c.body, part);
        if (c.body.len > 0 && c.body.p[0] == '\n')
            c.body = (struct str){ c.body.p + 1, c.body.len - 1 };
    }
    u->list[first].start = (size_t)(s.p - u->text);
    u->list[first].lead = none;
    u->list[u->count - 1].end = u->list[first].start + s.len;
    u->list[u->count - 1].tail = none;
}

static void
add_sentence(struct chunk_units *u, struct str s, struct str lead)
{
    for (bool begins = true; s.len > 0; begins = false) {
        struct str part = long_prefix(s, CHUNK_CHARS, " \n");

        add(u, part)->lead = begins ? lead : none;
        s = str_trim(behind(s, part));
    }
}

static void
add_code(struct chunk_units *u, struct str s)
{
    struct code c = code_parts(s);

    if (str_utf8_count(s) > CHUNK_CHARS && c.body.len > 0 &&
        c.open.len + c.close.len <= CHUNK_LEAD_MAX)
        add_code_parts(u, s, c);
    else
        add_sentence(u, s, none);
}

/* ---- sections ----------------------------------------------------------------------------- */

static bool
has_blank_line(const char *from, const char *to)
{
    int line_ends = 0;

    for (; from < to; from++)
        line_ends += *from == '\n';
    return line_ends > 1;
}

void
chunk_units_read(struct chunk_units *u, struct str section)
{
    struct str rest = section, s = { section.p, 0 }, head = none;

    u->count = 0;
    for (;;) {
        const char *end = s.p + s.len;
        bool code = sentence_code(&rest, &s), heads = !code && sentence_table_head(&rest, &s);
        bool new_paragraph;
        size_t first = u->count;

        if (!code && !heads && !sentence_next(&rest, &s))
            return;
        new_paragraph = has_blank_line(end, s.p);
        if (code || new_paragraph || s.p[0] != '|')
            head = none;
        if (code)
            add_code(u, s);
        else
            add_sentence(u, s, heads ? none : head);
        if (heads && s.len <= CHUNK_LEAD_MAX)
            head = s;
        u->list[first].new_paragraph = new_paragraph;
    }
}
