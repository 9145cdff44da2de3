#include "lib/arena.h"
#include "worker/extract/markdown_private.h"

#define COLUMNS_MAX 20   /* wider ones are written row by row as plain lines */
#define ROWS_MAX    5000 /* those after are left out */
#define CELL_MAX    2000 /* characters; a cell with more is layout */
#define CELL_BYTES  (CELL_MAX * 4)

/* What a table looks like, its cells of the outer level only. */
struct shape {
    size_t rows, columns;
    bool headed; /* has th */
    bool layout; /* something in it that no cell of data has */
};

static bool
is_cell(const struct dom_node *n)
{
    return n->tag == TAG_TD || n->tag == TAG_TH;
}

static size_t
span(const struct dom_node *cell)
{
    int64_t n = 1;

    return str_int(str_trim(dom_attr(cell, DOM_COLSPAN)), 1, COLUMNS_MAX, &n) ? (size_t)n : 1;
}

static bool
holds_blocks(const struct dom_node *cell)
{
    size_t paragraphs = 0;

    for (const struct dom_node *i = cell->first; i; i = dom_next(i, cell)) {
        if (tag_heading_level(i->tag) > 0 || i->tag == TAG_PRE || i->tag == TAG_TABLE ||
            i->tag == TAG_FORM)
            return true;
        paragraphs += i->tag == TAG_P;
        if (paragraphs > 3)
            return true;
    }
    return false;
}

/* The next row after `n`, without those of tables inside. */
static const struct dom_node *
next_row(const struct dom_node *n, const struct dom_node *table)
{
    const struct dom_node *i = n->tag == TAG_TR ? dom_after(n, table) : dom_next(n, table);

    while (i && i->tag != TAG_TR)
        i = i->gone || i->tag == TAG_TABLE ? dom_after(i, table) : dom_next(i, table);
    return i;
}

static struct shape
shape_of(const struct dom_node *table)
{
    struct shape s = { 0 };

    for (const struct dom_node *row = next_row(table, table); row; row = next_row(row, table)) {
        size_t columns = 0;

        if (row->gone || row->m.chars == 0)
            continue;
        for (const struct dom_node *cell = row->first; cell; cell = cell->next) {
            if (!is_cell(cell) || cell->gone)
                continue;
            columns += span(cell);
            s.headed = s.headed || cell->tag == TAG_TH;
            s.layout = s.layout || cell->m.chars > CELL_MAX || holds_blocks(cell);
        }
        s.rows++;
        if (columns > s.columns)
            s.columns = columns;
    }
    return s;
}

/* On one line, its bars escaped. */
static void
add_cell(struct writer *w, const struct dom_node *cell)
{
    struct buf text;
    struct writer inner = { .arena = w->arena, .out = w->out, .text = &text, .flat = true };

    buf_init(&text, w->arena, CELL_BYTES);
    markdown_children(&inner, cell);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '|')
            buf_add_char(w->text, '\\');
        buf_add_char(w->text, text.data[i]);
    }
}

static void
add_row(struct writer *w, const struct dom_node *row, size_t columns)
{
    size_t column = 0;

    markdown_break(w, 1);
    markdown_text(w, STR("|"));
    for (const struct dom_node *cell = row->first; cell; cell = cell->next) {
        if (!is_cell(cell) || cell->gone || column >= columns)
            continue;
        buf_add_char(w->text, ' ');
        add_cell(w, cell);
        for (size_t i = span(cell); i > 0 && column < columns; i--, column++)
            buf_add_str(w->text, " |");
    }
    for (; column < columns; column++)
        buf_add_str(w->text, " |");
}

static void
add_rule(struct writer *w, size_t columns)
{
    markdown_break(w, 1);
    markdown_text(w, STR("|"));
    for (size_t i = 0; i < columns; i++)
        buf_add_str(w->text, " --- |");
}

bool
markdown_table(struct writer *w, const struct dom_node *n)
{
    struct shape s = shape_of(n);
    size_t rows = 0;

    if (s.layout || s.columns < 2 || s.columns > COLUMNS_MAX || (s.rows < 2 && !s.headed))
        return false;
    markdown_break(w, 2);
    for (const struct dom_node *i = n->first; i; i = i->next)
        if (i->tag == TAG_CAPTION)
            markdown_node(w, i);
    markdown_break(w, 2);
    for (const struct dom_node *row = next_row(n, n); row && rows < ROWS_MAX;
         row = next_row(row, n)) {
        if (row->gone || row->m.chars == 0)
            continue;
        add_row(w, row, s.columns);
        if (rows++ == 0)
            add_rule(w, s.columns);
    }
    markdown_break(w, 2);
    return true;
}
