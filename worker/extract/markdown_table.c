#include "lib/arena.h"
#include "worker/extract/markdown_private.h"

#define COLUMNS_MAX 20   /* wider ones are written row by row as plain lines */
#define ROWS_MAX    5000 /* those after are left out */
#define CELL_MAX    2000 /* characters; a cell with more is layout */
#define CELL_BYTES  (CELL_MAX * 4)
#define SAID_AGAIN  60 /* characters; a longer cell is not repeated in the rows that it covers */

/* For each column the cell of a row above that reaches down, and how many rows it still covers. */
struct above {
    const struct dom_node *cell[COLUMNS_MAX + 1];
    size_t rows[COLUMNS_MAX + 1];
};

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

static size_t
rows_covered(const struct dom_node *cell)
{
    int64_t n = 1;

    return str_int(str_trim(dom_attr(cell, DOM_ROWSPAN)), 1, ROWS_MAX, &n) ? (size_t)n : 1;
}

/* The cell that reaches into this row from above; NULL when a cell of the row itself comes next. */
static const struct dom_node *
take_above(struct above *above, size_t column)
{
    if (column > COLUMNS_MAX || above->rows[column] == 0)
        return NULL;
    above->rows[column]--;
    return above->cell[column];
}

/* Puts a cell at a column, and says how many columns it takes; none are beyond one too many. */
static size_t
place(struct above *above, const struct dom_node *cell, size_t column)
{
    size_t rows = rows_covered(cell), n = span(cell);

    if (column + n > COLUMNS_MAX + 1)
        n = column > COLUMNS_MAX ? 0 : COLUMNS_MAX + 1 - column;
    for (size_t i = column; i < column + n; i++) {
        above->cell[i] = cell;
        above->rows[i] = rows - 1;
    }
    return n;
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

/* The columns of a row, those that are covered from above among them. */
static size_t
count_columns(const struct dom_node *row, struct above *above)
{
    size_t columns = 0;

    for (const struct dom_node *cell = row->first; cell; cell = cell->next) {
        if (!is_cell(cell) || cell->gone)
            continue;
        while (take_above(above, columns))
            columns++;
        columns += place(above, cell, columns);
    }
    while (take_above(above, columns))
        columns++;
    return columns;
}

static struct shape
shape_of(const struct dom_node *table)
{
    struct shape s = { 0 };
    struct above above = { 0 };

    for (const struct dom_node *row = next_row(table, table); row; row = next_row(row, table)) {
        size_t columns;

        if (row->gone || row->m.chars == 0)
            continue;
        for (const struct dom_node *cell = row->first; cell; cell = cell->next) {
            if (!is_cell(cell) || cell->gone)
                continue;
            s.headed = s.headed || cell->tag == TAG_TH;
            s.layout = s.layout || cell->m.chars > CELL_MAX || holds_blocks(cell);
        }
        columns = count_columns(row, &above);
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

/* The columns from `column` on that cells above reach into; the first that is free. */
static size_t
add_above(struct writer *w, struct above *above, size_t column)
{
    const struct dom_node *cell, *last = NULL;

    for (; (cell = take_above(above, column)); column++, last = cell) {
        if (cell != last && cell->m.chars <= SAID_AGAIN) {
            buf_add_char(w->text, ' ');
            add_cell(w, cell);
        }
        buf_add_str(w->text, " |");
    }
    return column;
}

static void
add_row(struct writer *w, const struct dom_node *row, struct above *above, size_t columns)
{
    size_t column = 0;

    markdown_break(w, 1);
    markdown_text(w, STR("|"));
    for (const struct dom_node *cell = row->first; cell; cell = cell->next) {
        if (!is_cell(cell) || cell->gone)
            continue;
        column = add_above(w, above, column);
        buf_add_char(w->text, ' ');
        add_cell(w, cell);
        for (size_t i = place(above, cell, column); i > 0; i--, column++)
            buf_add_str(w->text, " |");
    }
    for (column = add_above(w, above, column); column < columns; column++)
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
    struct above above = { 0 };
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
        add_row(w, row, &above, s.columns);
        if (rows++ == 0)
            add_rule(w, s.columns);
    }
    markdown_break(w, 2);
    return true;
}
