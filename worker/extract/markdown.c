#include "worker/extract/markdown.h"

#include "lib/arena.h"
#include "worker/extract/markdown_private.h"

#include <ctype.h>

/* ---- characters ------------------------------------------------------------------- */

void
markdown_break(struct writer *w, int breaks)
{
    if (w->marked || w->text->len == 0)
        return;
    if (w->flat)
        w->space = true;
    else if (w->breaks < breaks)
        w->breaks = breaks;
}

/* What is due before the next character. */
static void
settle(struct writer *w)
{
    size_t indent = w->indent_len;

    if (w->breaks > 0) {
        for (int i = 0; i < w->breaks; i++) {
            buf_add_char(w->text, '\n');
            if (i + 1 < w->breaks && memchr(w->indent, '>', indent))
                buf_add(w->text, w->indent, indent - 1);
        }
        buf_add(w->text, w->indent, indent);
    } else if (w->space && w->text->len > 0 && !w->marked) {
        buf_add_char(w->text, ' ');
    }
    w->breaks = 0;
    w->space = false;
    w->marked = false;
}

static bool
is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static void
add_line(struct writer *w, const char *p, size_t len)
{
    settle(w);
    buf_add(w->text, p, len);
}

/* In code each line counts, even an empty one. */
static void
pre_text(struct writer *w, struct str text)
{
    while (text.len > 0) {
        const char *end = memchr(text.p, '\n', text.len);
        size_t len = end ? (size_t)(end - text.p) : text.len;

        if (len > 0)
            add_line(w, text.p, len);
        if (end)
            w->breaks++;
        len += end ? 1 : 0;
        text.p += len;
        text.len -= len;
    }
}

void
markdown_text(struct writer *w, struct str text)
{
    size_t from, i = 0;

    if (w->pre) {
        pre_text(w, text);
        return;
    }
    while (i < text.len) {
        while (i < text.len && is_space(text.p[i])) {
            w->space = true;
            i++;
        }
        for (from = i; i < text.len && !is_space(text.p[i]); i++)
            continue;
        if (i > from)
            add_line(w, text.p + from, i - from);
    }
}

/* ---- headings --------------------------------------------------------------------- */

/* The id nearest to a heading: its own, one in it, or that of the section it begins. */
static struct str
anchor_of(const struct dom_node *n)
{
    struct str id = dom_attr(n, DOM_ID);

    for (const struct dom_node *i = n; i && id.len == 0; i = dom_next(i, n)) {
        id = dom_attr(i, DOM_ID);
        if (id.len == 0 && i->tag == TAG_A)
            id = dom_attr(i, DOM_NAME);
    }
    for (const struct dom_node *i = n; id.len == 0 && i->parent; i = i->parent) {
        const struct dom_node *first = i->parent->first;

        while (first && first != i && first->tag == TAG_STRING && first->m.chars == 0)
            first = first->next;
        if (first && first != i && first->tag == TAG_A && first->m.chars == 0)
            id =
                dom_attr(first, DOM_NAME).len ? dom_attr(first, DOM_NAME) : dom_attr(first, DOM_ID);
        else if (first == i && (i->parent->tag == TAG_SECTION || i->parent->tag == TAG_DIV))
            id = dom_attr(i->parent, DOM_ID);
        else
            break;
    }
    return id;
}

/* Without the sign that many generators put behind it as a link to itself. */
static struct str
trim_heading(struct str s)
{
    static const struct str signs[] = { { "\xc2\xb6", 2 }, { "#", 1 }, { "\xf0\x9f\x94\x97", 4 } };

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (s.len > signs[i].len &&
            memcmp(s.p + s.len - signs[i].len, signs[i].p, signs[i].len) == 0)
            s.len -= signs[i].len;
    return str_trim(s);
}

static void
heading(struct writer *w, const struct dom_node *n, int level)
{
    struct buf *whole = w->text, line;
    struct writer inner = { .arena = w->arena, .out = w->out, .text = &line, .flat = true };
    struct extract_heading *h = &w->out->headings[w->out->heading_count];
    struct str text;

    buf_init(&line, w->arena, EXTRACT_TITLE_MAX * 4);
    markdown_children(&inner, n);
    text = trim_heading(str_trim((struct str){ line.data, line.len }));
    if (text.len == 0)
        return;
    if (w->flat) {
        markdown_text(w, text);
        return;
    }
    markdown_break(w, 2);
    settle(w);
    if (w->out->heading_count < MARKDOWN_HEADINGS) {
        *h = (struct extract_heading){
            .offset = whole->len,
            .level = level,
            .text = str_dup(w->arena, str_utf8_prefix(text, EXTRACT_TITLE_MAX)),
            .anchor = str_dup(w->arena, anchor_of(n)),
        };
        w->out->heading_count++;
    }
    buf_add(whole, "######", (size_t)level);
    buf_add_char(whole, ' ');
    buf_add(whole, text.p, text.len);
    markdown_break(w, 2);
}

/* ---- code -------------------------------------------------------------------------- */

/* "python" from class="language-python" and the like, of the block or what is around it. */
static struct str
code_language(const struct dom_node *n)
{
    static const char *const marks[] = { "language-", "lang-", "highlight-source-", "highlight-",
                                         "brush:" };
    const struct dom_node *places[3] = { n, n->first, n->parent };

    for (size_t i = 0; i < 3; i++) {
        struct str names = places[i] ? dom_attr(places[i], DOM_CLASS) : STR("");

        while (names.len > 0) {
            struct str rest, name = str_cut(names, ' ', &rest);

            names = rest;
            for (size_t k = 0; k < sizeof(marks) / sizeof(marks[0]); k++) {
                struct str mark = str_from(marks[k]);

                if (name.len > mark.len && name.len < mark.len + 20 && str_starts(name, mark))
                    return (struct str){ name.p + mark.len, name.len - mark.len };
            }
        }
    }
    return STR("");
}

static void
fence(struct writer *w, const struct dom_node *n)
{
    struct buf *whole = w->text, code;
    struct writer inner = { .arena = w->arena, .out = w->out, .text = &code, .pre = true };
    struct str language = code_language(n), text;
    const char *mark = "```";

    buf_init(&code, w->arena, EXTRACT_TEXT_MAX);
    markdown_children(&inner, n);
    text = (struct str){ code.data, code.len };
    while (text.len > 0 && is_space(text.p[text.len - 1]))
        text.len--;
    if (text.len == 0)
        return;
    if (memmem(text.p, text.len, "```", 3))
        mark = "~~~~";
    markdown_break(w, 2);
    settle(w);
    buf_add_str(whole, mark);
    buf_add(whole, language.p, language.len);
    w->breaks = 1;
    w->pre = true;
    pre_text(w, text);
    w->pre = false;
    w->breaks = 1;
    add_line(w, mark, strlen(mark));
    markdown_break(w, 2);
}

static void
inline_code(struct writer *w, const struct dom_node *n)
{
    struct buf *whole = w->text;
    size_t before;

    if (w->pre || n->m.chars == 0) {
        markdown_children(w, n);
        return;
    }
    settle(w);
    before = whole->len;
    buf_add_char(whole, '`');
    w->marked = true;
    markdown_children(w, n);
    if (w->marked)
        buf_truncate(whole, before);
    else
        buf_add_char(whole, '`');
    w->marked = false;
}

/* ---- lists and quotes ------------------------------------------------------------------ */

static size_t
push_indent(struct writer *w, const char *more, size_t len)
{
    size_t before = w->indent_len;

    if (before + len <= sizeof(w->indent)) {
        memcpy(w->indent + before, more, len);
        w->indent_len += len;
    }
    return before;
}

static void
indented(struct writer *w, const struct dom_node *n, const char *more, size_t len)
{
    size_t before = push_indent(w, more, len);

    markdown_children(w, n);
    w->indent_len = before;
}

static void
item(struct writer *w, const struct dom_node *n, const char *mark)
{
    if (n->m.chars == 0)
        return;
    markdown_break(w, 1);
    if (w->flat) {
        markdown_children(w, n);
        markdown_break(w, 1);
        return;
    }
    settle(w);
    buf_add_str(w->text, mark);
    w->marked = true;
    indented(w, n, "    ", strlen(mark) < 4 ? strlen(mark) : 4);
    w->marked = false;
    markdown_break(w, 1);
}

static int64_t
first_number(const struct dom_node *n)
{
    int64_t number = 1;

    return str_int(str_trim(dom_attr(n, DOM_START)), 0, 1000000, &number) ? number : 1;
}

/* A list that stands beside the items of another belongs to the item before it. */
static void
list_inside(struct writer *w, const struct dom_node *n)
{
    bool list = n->tag == TAG_UL || n->tag == TAG_OL;
    size_t before = list && w->breaks > 0 ? push_indent(w, "  ", 2) : w->indent_len;

    markdown_node(w, n);
    w->indent_len = before;
}

static void
list(struct writer *w, const struct dom_node *n)
{
    bool nested = w->indent_len > 0;
    int64_t number = first_number(n);

    markdown_break(w, nested ? 1 : 2);
    for (const struct dom_node *i = n->first; i; i = i->next) {
        char mark[24];

        if (n->tag == TAG_OL)
            snprintf(mark, sizeof(mark), "%lld. ", (long long)number);
        if (i->tag == TAG_LI && !i->gone)
            item(w, i, n->tag == TAG_OL ? mark : "- ");
        else
            list_inside(w, i);
        number += i->tag == TAG_LI;
    }
    markdown_break(w, nested ? 1 : 2);
}

static void
quote(struct writer *w, const struct dom_node *n)
{
    size_t before;

    markdown_break(w, 2);
    before = push_indent(w, "> ", 2);
    if (w->text->len == 0) {
        buf_add_str(w->text, "> ");
        w->marked = true;
    }
    markdown_children(w, n);
    w->marked = false;
    w->indent_len = before;
    markdown_break(w, 2);
}

/* ---- all of it ----------------------------------------------------------------------- */

static bool
is_paragraph(enum tag tag)
{
    return tag == TAG_P || tag == TAG_SECTION || tag == TAG_ARTICLE || tag == TAG_TABLE ||
           tag == TAG_DL || tag == TAG_FIGURE || tag == TAG_HR || tag == TAG_DETAILS ||
           tag == TAG_HEADER || tag == TAG_FOOTER;
}

static void
element(struct writer *w, const struct dom_node *n)
{
    int breaks = is_paragraph(n->tag) ? 2 : tag_traits(n->tag) & TAG_BLOCK ? 1 : 0;

    markdown_break(w, breaks);
    markdown_children(w, n);
    markdown_break(w, breaks);
}

void
markdown_node(struct writer *w, const struct dom_node *n)
{
    int level = tag_heading_level(n->tag);

    if (n->gone || (tag_traits(n->tag) & TAG_SKIP))
        return;
    if (n->tag == TAG_STRING)
        markdown_text(w, n->text);
    else if (level > 0 && !w->pre)
        heading(w, n, level);
    else if (n->tag == TAG_BR)
        markdown_break(w, 1);
    else if (n->tag == TAG_UL || n->tag == TAG_OL || n->tag == TAG_MENU)
        list(w, n);
    else if (n->tag == TAG_PRE && !w->flat && !w->pre)
        fence(w, n);
    else if (n->tag == TAG_CODE)
        inline_code(w, n);
    else if (n->tag == TAG_BLOCKQUOTE && !w->flat)
        quote(w, n);
    else if (n->tag != TAG_TABLE || w->flat || !markdown_table(w, n))
        element(w, n);
}

void
markdown_children(struct writer *w, const struct dom_node *n)
{
    for (const struct dom_node *i = n->first; i; i = i->next)
        markdown_node(w, i);
}

void
markdown_write(struct arena *a, const struct dom_node *root, struct markdown *out)
{
    struct writer w = { .arena = a, .out = out, .text = &out->text };

    buf_init(&out->text, a, EXTRACT_TEXT_MAX);
    out->headings = arena_array(a, MARKDOWN_HEADINGS + 1, sizeof(*out->headings));
    out->heading_count = 0;
    markdown_node(&w, root);
}
