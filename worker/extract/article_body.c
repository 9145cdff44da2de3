/* What an article says to be its text, in JSON-LD: what is not of it is something else. */
#include "lib/arena.h"
#include "lib/seen.h"
#include "worker/extract/article.h"
#include "worker/extract/dom.h"
#include "worker/extract/line.h"
#include "worker/extract/measure.h"
#include "worker/extract/structured.h"

#define LINE_BYTES 2048                 /* of a line that is looked for */
#define BODY_LEAST ((size_t)500)        /* bytes; a shorter one is a summary */
#define BODY_MOST  ((size_t)512 * 1024) /* bytes that are read */
#define TOGETHER   3                    /* words that are looked for as one */
#define ENOUGH     7 /* tenths of the lines' words that it must hold, to be the text */

struct body {
    struct seen said;    /* its words, three by three */
    size_t words, found; /* of the lines that have no form, so far */
};

static bool
ends(struct str text, const char *const *marks, size_t count, size_t *len)
{
    for (size_t i = 0; i < count; i++) {
        *len = strlen(marks[i]);
        if (text.len >= *len && memcmp(text.p + text.len - *len, marks[i], *len) == 0)
            return true;
    }
    return false;
}

/* Not cut: it ends with a sentence, whatever quotes or brackets close behind it. */
static bool
is_whole(struct str text)
{
    static const char *const closing[] = { "\"", "'", ")", "]", "\xe2\x80\x9d", "\xe2\x80\x99" };
    static const char *const stops[] = { ".", "!", "?", "\xe3\x80\x82" }, *const cut[] = { "..." };
    size_t len;

    text = str_trim(text);
    while (ends(text, closing, sizeof(closing) / sizeof(closing[0]), &len))
        text.len -= len;
    return ends(text, stops, sizeof(stops) / sizeof(stops[0]), &len) && !ends(text, cut, 1, &len);
}

/* The next TOGETHER words from the word at *at, which then is the one behind. */
static bool
next_words(struct str words, size_t *at, struct str *out)
{
    size_t end = *at, next = 0;

    for (int i = 0; i < TOGETHER; i++) {
        const char *space = end < words.len ? memchr(words.p + end, ' ', words.len - end) : NULL;

        if (end >= words.len)
            return false;
        end = space ? (size_t)(space - words.p) + 1 : words.len + 1;
        next = i == 0 ? end : next;
    }
    *out = (struct str){ words.p + *at, end - 1 - *at };
    *at = next;
    return true;
}

static void
remember(struct arena *a, struct str text, struct seen *said)
{
    size_t size = text.len + 1, at = 0;
    char *words = arena_alloc(a, size);
    struct str all = { words, line_words_of(text, words, size) }, some;

    while (next_words(all, &at, &some))
        (void)seen_at(said, some);
}

/* How many of a line's words, three by three, the body has. */
static size_t
count(const struct body *b, const struct line *line, size_t *found)
{
    char buffer[LINE_BYTES];
    struct str words = { buffer, line_words(line, buffer, sizeof(buffer)) }, some;
    size_t at = 0, all = 0;

    *found = 0;
    while (next_words(words, &at, &some)) {
        all++;
        *found += seen_find(&b->said, some) != NULL;
    }
    return all;
}

/* Tables, lists and headings are often left out of the one text that has no form. */
static bool
has_form(const struct dom_node *n)
{
    for (int i = 0; n && i < 6; i++, n = n->parent)
        if (tag_heading_level(n->tag) > 0 || n->tag == TAG_TABLE || n->tag == TAG_DL ||
            n->tag == TAG_LI || n->tag == TAG_PRE || n->tag == TAG_CODE)
            return true;
    return false;
}

static void
add(void *context, const struct line *line)
{
    struct body *b = context;
    size_t found;

    if (has_form(line->parent))
        return;
    b->words += count(b, line, &found);
    b->found += found;
}

static void
judge(void *context, const struct line *line)
{
    struct body *b = context;
    size_t found, all = count(b, line, &found);

    if (all > 0 && found * 2 < all && !has_form(line->parent))
        line_drop(line);
}

void
article_keep_body(struct arena *scratch, const struct dom *dom, struct dom_node *root)
{
    struct str text = structured_body(scratch, dom);
    struct body b = { .words = 0 };

    if (text.len < BODY_LEAST || text.len > BODY_MOST || !is_whole(text))
        return;
    seen_init(&b.said, scratch);
    remember(scratch, text, &b.said);
    line_each(root, add, &b);
    if (b.found * 10 < b.words * ENOUGH)
        return;
    line_each(root, judge, &b);
    measure(root);
}
