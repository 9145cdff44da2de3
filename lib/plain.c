#include "lib/plain.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/str.h"

#include <stdbool.h>
#include <string.h>

#define LOOK     8   /* times as many bytes of Markdown as of text are looked at */
#define LINK_MAX 500 /* bytes of a link's text, and of its address */

struct line {
    struct buf out;
    size_t max;
    bool space; /* before what comes next */
};

static bool
is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (unsigned char)c >= 0x80;
}

static bool
is_full(const struct line *l)
{
    return l->out.len > l->max;
}

static void
add(struct line *l, char c)
{
    if ((unsigned char)c <= ' ') {
        l->space = l->out.len > 0;
        return;
    }
    if (l->space)
        buf_add_char(&l->out, ' ');
    l->space = false;
    buf_add_char(&l->out, c);
}

/* How many bytes of marks a line begins with: "## ", "> ", "- ", or all of a fence. */
static size_t
line_marks(const char *p)
{
    size_t n = strspn(p, " \t"), hashes = strspn(p + n, "#");

    if (strncmp(p + n, "```", 3) == 0 || strncmp(p + n, "~~~", 3) == 0)
        return strcspn(p, "\n");
    if (p[n] == '|' && strspn(p + n, "|-: ") == strcspn(p + n, "\n"))
        return strcspn(p, "\n"); /* below the head of a table */
    if (p[n] == '>')
        return n + 1;
    if (hashes == 0 && strspn(p + n, "-*+") == 1)
        hashes = 1;
    return hashes >= 1 && hashes <= 6 && p[n + hashes] == ' ' ? n + hashes + 1 : 0;
}

/* The text of a link or picture that p begins with; *after is what follows it. */
static bool
link_text(const char *p, struct str *text, const char **after)
{
    const char *from = p + (*p == '!'), *end, *close;

    if (*from != '[')
        return false;
    end = memchr(from, ']', strnlen(from, LINK_MAX));
    if (!end || end[1] != '(')
        return false;
    close = memchr(end, ')', strnlen(end, LINK_MAX));
    if (!close || memchr(end, '\n', (size_t)(close - end)))
        return false;
    *text = (struct str){ from + 1, (size_t)(end - from) - 1 };
    *after = close + 1;
    return true;
}

/* Whether the two stars at p are about what stands beside them, and no operator between words. */
static bool
is_bold(const char *start, const char *p)
{
    char before = p > start ? p[-1] : ' ', after = p[2];
    bool opens = (unsigned char)after > ' ', closes = (unsigned char)before > ' ';

    return opens != closes || (opens && !(is_word(before) && is_word(after)));
}

static void
strip(struct line *l, const char *text, const char *end)
{
    bool begins = true, row = false; /* of a table */
    const char *after;
    struct str inner;

    for (const char *p = text; p < end && !is_full(l);) {
        size_t marks = begins ? line_marks(p) : 0;

        row = begins ? p[strspn(p, " \t")] == '|' : row;
        if (marks > 0) {
            p += marks;
            begins = *p != '\n';
        } else if ((*p == '[' || *p == '!') && link_text(p, &inner, &after)) {
            for (size_t i = 0; i < inner.len; i++)
                add(l, inner.p[i]);
            p = after;
            begins = false;
        } else if (p[0] == '*' && p[1] == '*' && is_bold(text, p)) {
            p += 2;
        } else if (*p == '`') {
            p++;
        } else {
            begins = *p == '\n';
            add(l, row && *p == '|' ? ' ' : *p);
            p++;
        }
    }
}

const char *
plain_start(struct arena *a, const char *text, size_t max)
{
    size_t near = strnlen(text, LOOK * max + LINK_MAX);
    struct str seen = str_utf8_prefix((struct str){ text, near }, LOOK * max);
    struct line l = { .max = max };
    size_t cut;

    buf_init(&l.out, a, 2 * max + LINK_MAX);
    strip(&l, seen.p, seen.p + seen.len);
    if (l.out.len == 0)
        for (size_t i = 0; i < seen.len && !is_full(&l); i++)
            add(&l, seen.p[i]);
    cut = str_utf8_prefix((struct str){ l.out.data, l.out.len }, max).len;
    if (cut == l.out.len && seen.len == near)
        return l.out.data;
    return arena_printf(a, "%.*s\xe2\x80\xa6", (int)cut, l.out.data);
}
