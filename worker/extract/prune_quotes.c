/* What the page itself says above: in forums each answer begins with a quote of it. */
#include "lib/arena.h"
#include "lib/seen.h"
#include "worker/extract/dom.h"
#include "worker/extract/line.h"
#include "worker/extract/measure.h"
#include "worker/extract/prune.h"

#define LEAST_BYTES  40   /* of a line that is not said twice by chance */
#define REPEAT_BYTES 60   /* of a line that is looked for again outside of quotes */
#define LINE_BYTES   2048 /* of a line that are compared */

static bool
is_quoted(const struct dom_node *n)
{
    while (n && n->tag != TAG_BLOCKQUOTE)
        n = n->parent;
    return n != NULL;
}

static void
judge(void *context, const struct line *line)
{
    char words[LINE_BYTES];
    size_t len = line_words(line, words, sizeof(words));

    if (len < LEAST_BYTES)
        return;
    if ((*seen_at(context, (struct str){ words, len }))++ > 0 && is_quoted(line->parent))
        line_drop(line);
}

static size_t
count_quotes(const struct dom_node *body)
{
    size_t quotes = 0;

    for (const struct dom_node *n = body; n; n = dom_next(n, body))
        quotes += n->tag == TAG_BLOCKQUOTE;
    return quotes;
}

/* A quote of which next to nothing is left goes with the name that stands over it. */
static void
drop_rests(struct dom_node *body, const uint32_t *before)
{
    size_t i = 0;

    measure(body);
    for (struct dom_node *n = body; n; n = dom_next(n, body))
        if (n->tag == TAG_BLOCKQUOTE && n->m.chars < before[i++] / 2)
            n->gone = true;
}

void
prune_quotes(struct arena *scratch, struct dom_node *body)
{
    size_t quotes = count_quotes(body), i = 0;
    struct seen said; /* lines so far */
    uint32_t *before;

    if (quotes == 0)
        return;
    seen_init(&said, scratch);
    before = arena_array(scratch, quotes, sizeof(*before));
    for (const struct dom_node *n = body; n; n = dom_next(n, body))
        if (n->tag == TAG_BLOCKQUOTE)
            before[i++] = n->m.chars;
    line_each(body, judge, &said);
    drop_rests(body, before);
    measure(body);
}

/* ---- repeats ---------------------------------------------------------------------- */

/* What is in a table or a list of terms is said of each of its rows. */
static bool
is_row(const struct dom_node *n)
{
    for (; n; n = n->parent)
        if (n->tag == TAG_TABLE || n->tag == TAG_DL)
            return true;
    return false;
}

/* What holds the paragraph, or the lines between <br>. */
static const struct dom_node *
place_of(const struct line *line)
{
    return line->parent->parts ? line->parent : line->parent->parent;
}

/* A refrain stands where it stood before; what is there for other screens has its own place. */
static void
judge_repeat(void *context, const struct line *line)
{
    char words[LINE_BYTES];
    size_t len = line_words(line, words, sizeof(words));
    int64_t here = (int64_t)(intptr_t)place_of(line), *first;

    if (len < REPEAT_BYTES)
        return;
    first = seen_at(context, (struct str){ words, len });
    if (*first == 0)
        *first = here;
    else if (*first != here && !is_row(line->parent))
        line_drop(line);
}

void
prune_repeats(struct arena *scratch, struct dom_node *root)
{
    struct seen said;

    seen_init(&said, scratch);
    line_each(root, judge_repeat, &said);
    measure(root);
}
