#include "lib/arena.h"
#include "lib/buf.h"
#include "worker/extract/child.h"
#include "worker/extract/format.h"

#define PAGES_MAX 5000 /* those after are left out */
#define MEMORY    ((size_t)1024 * 1024 * 1024)
#define LONG_LINE                                                                                  \
    40                 /* characters; a longer line goes on in the next, unless it ends a sentence \
                        */
#define TITLE_LINE 120 /* bytes; a longer first line is no title */

/* Where the lines of a page are put together to paragraphs. */
struct paper {
    struct arena *arena;
    struct buf text;
    struct str before; /* the line before; empty at the start of a paragraph */
};

static bool
ends_sentence(struct str line)
{
    return line.len > 0 && strchr(".:;?!", line.p[line.len - 1]);
}

static bool
is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* A word that was cut at the end of a line: "exam-" and "ple". */
static bool
is_cut_word(struct str before, struct str line)
{
    return before.len > 2 && before.p[before.len - 1] == '-' &&
           is_lower(before.p[before.len - 2]) && is_lower(line.p[0]);
}

static void
add_line(struct paper *p, struct str line)
{
    line = str_trim(line);
    if (line.len == 0) {
        p->before = line;
        return;
    }
    if (is_cut_word(p->before, line))
        buf_truncate(&p->text, p->text.len - 1);
    else if (p->before.len > LONG_LINE && !ends_sentence(p->before))
        buf_add_char(&p->text, ' ');
    else if (p->text.len > 0)
        buf_add_str(&p->text, p->before.len > 0 ? "\n" : "\n\n");
    buf_add(&p->text, line.p, line.len);
    p->before = line;
}

static void
add_heading(struct paper *p, size_t page, struct extract_heading *h)
{
    const char *text = arena_printf(p->arena, "Page %zu", page);

    if (p->text.len > 0)
        buf_add_str(&p->text, "\n\n");
    *h = (struct extract_heading){
        .offset = p->text.len,
        .level = 2,
        .text = text,
        .anchor = arena_printf(p->arena, "page=%zu", page),
    };
    buf_printf(&p->text, "## %s", text);
    p->before = STR("");
}

static void
add_page(struct paper *p, struct str page)
{
    while (page.len > 0) {
        struct str rest, line = str_cut(page, '\n', &rest);

        add_line(p, line);
        page = rest;
    }
}

/* Pages end with a form feed. */
static void
put_together(struct paper *p, struct str all, struct extract_page *out)
{
    struct extract_heading *list = arena_array(p->arena, PAGES_MAX, sizeof(*list));
    bool several = memchr(all.p, '\f', all.len) != (all.len ? all.p + all.len - 1 : NULL);
    size_t n = 0;

    for (size_t page = 1; all.len > 0 && page <= PAGES_MAX; page++) {
        struct str rest, one = str_cut(all, '\f', &rest);

        if (several && str_trim(one).len > 0)
            add_heading(p, page, &list[n++]);
        add_page(p, one);
        out->cut = rest.len > 0 && page == PAGES_MAX;
        all = rest;
    }
    out->headings = list;
    out->heading_count = n;
}

struct err
format_pdf(struct arena *a, struct str bytes, struct extract_page *out)
{
    static const char *const argv[] = {
        "/usr/bin/pdftotext", "-q", "-enc", "UTF-8", "-eol", "unix", "-", "-", NULL
    };
    struct child child = { .argv = argv,
                           .input = bytes,
                           .cpu_s = EXTRACT_PDF_S,
                           .memory = MEMORY,
                           .output_max = EXTRACT_TEXT_MAX };
    struct paper paper = { .arena = a, .before = STR("") };
    struct str all, first, rest;
    char carry[4];
    size_t carried = 0;
    struct buf valid;

    TRY(child_run(a, &child, &all));
    buf_init(&valid, a, all.len * 3 + 4);
    str_utf8_repair(all, carry, &carried, &valid);
    str_utf8_repair_end(&carried, &valid);
    buf_init(&paper.text, a, EXTRACT_TEXT_MAX);
    put_together(&paper, (struct str){ valid.data, valid.len }, out);
    out->cut = out->cut || !buf_ok(&paper.text);
    out->text = paper.text.data;
    first = str_trim(str_cut(str_trim((struct str){ valid.data, valid.len }), '\n', &rest));
    if (first.len <= TITLE_LINE)
        out->title = str_dup(a, first);
    return OK;
}
