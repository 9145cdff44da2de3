#include "worker/extract/line.h"

#include "worker/extract/dom.h"
#include "worker/extract/measure.h"

static bool
breaks(const struct dom_node *n)
{
    return n->parts || (tag_traits(n->tag) & TAG_BLOCK) || n->tag == TAG_BR;
}

static bool
has_text(const struct line *line)
{
    for (const struct dom_node *i = line->first; i != line->end; i = i->next)
        if (!i->gone && i->m.chars > 0)
            return true;
    return false;
}

void
line_each(struct dom_node *top, void (*visit)(void *context, const struct line *line),
          void *context)
{
    struct dom_node *i = top->first;

    while (i) {
        struct line line = { top, i, NULL };

        while (i && !breaks(i))
            i = i->next;
        line.end = i;
        if (has_text(&line))
            visit(context, &line);
        if (!i)
            break;
        if (!i->gone && i->tag != TAG_PRE && !(tag_traits(i->tag) & TAG_SKIP))
            line_each(i, visit, context);
        i = i->next;
    }
}

/* A no-break space is a space. */
static bool
is_word(struct str text, size_t i)
{
    unsigned char c = (unsigned char)text.p[i], next, before;

    if (c == 0xc2 || c == 0xa0) {
        next = i + 1 < text.len ? (unsigned char)text.p[i + 1] : 0;
        before = i > 0 ? (unsigned char)text.p[i - 1] : 0;
        return c == 0xc2 ? next != 0xa0 : before != 0xc2;
    }
    return (c >= '0' && c <= ':') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c > 0x80;
}

static size_t
add_words(struct str text, char *out, size_t len, size_t size)
{
    for (size_t i = 0; i < text.len && len + 1 < size; i++) {
        if (is_word(text, i))
            out[len++] = str_lower(text.p[i]);
        else if (len > 0 && out[len - 1] != ' ')
            out[len++] = ' ';
    }
    return len;
}

static size_t
end_words(char *out, size_t len)
{
    len -= len > 0 && out[len - 1] == ' ';
    out[len] = '\0';
    return len;
}

size_t
line_words(const struct line *line, char *out, size_t size)
{
    size_t len = 0;

    for (const struct dom_node *i = line->first; i != line->end; i = i->next) {
        const struct dom_node *n = i;

        while (n) {
            bool over = n->gone || (tag_traits(n->tag) & TAG_SKIP);

            if (!over && n->tag == TAG_STRING)
                len = add_words(n->text, out, len, size);
            n = over ? dom_after(n, i) : dom_next(n, i);
        }
    }
    return end_words(out, len);
}

size_t
line_words_of(struct str text, char *out, size_t size)
{
    return end_words(out, add_words(text, out, 0, size));
}

bool
line_is_link(const struct line *line)
{
    uint32_t chars = 0, linked = 0;

    for (const struct dom_node *i = line->parent; i; i = i->parent)
        if (i->tag == TAG_A)
            return true;
    for (const struct dom_node *i = line->first; i != line->end; i = i->next) {
        chars += i->gone ? 0 : i->m.chars;
        linked += i->gone ? 0 : i->m.linked;
    }
    return linked + 2 >= chars;
}

bool
line_begins(const char *words, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (words[0] == list[i][0] && strncmp(words, list[i], strlen(list[i])) == 0)
            return true;
    return false;
}

bool
line_holds_link(const struct line *line)
{
    uint32_t links = 0;

    for (const struct dom_node *i = line->first; i != line->end; i = i->next)
        links += i->gone ? 0 : i->m.links;
    return links > 0;
}

void
line_drop(const struct line *line)
{
    for (struct dom_node *i = line->first; i != line->end; i = i->next)
        i->gone = true;
}
