#include "worker/extract/measure.h"

#include "worker/extract/dom.h"

#include <stdbool.h>

/* Characters of text, each run of white space counted as one. */
static uint32_t
count_chars(struct str text)
{
    uint32_t n = 0;
    bool space = false;

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.p[i];

        if (c <= ' ') {
            space = true;
            continue;
        }
        n += (uint32_t)((c & 0xc0) != 0x80) + (uint32_t)(space && n > 0);
        space = false;
    }
    return n > 0 && space ? n + 1 : n;
}

static bool
is_paragraph(enum tag tag)
{
    return tag == TAG_P || tag == TAG_PRE || tag == TAG_BLOCKQUOTE || tag == TAG_DD ||
           tag == TAG_TD || tag == TAG_LI;
}

void
measure(struct dom_node *top)
{
    struct dom_measure m = { 0 };

    /* A tree is measured after each thing that is taken out of it; its strings stay as they are. */
    if (top->tag == TAG_STRING)
        m.chars = top->m.chars > 0 ? top->m.chars : count_chars(top->text);
    for (struct dom_node *i = top->first; i; i = i->next) {
        if (i->gone || (tag_traits(i->tag) & TAG_SKIP))
            continue;
        measure(i);
        m.chars += i->m.chars;
        m.linked += i->m.linked;
        m.links += i->m.links;
        m.mass += i->m.mass;
    }
    if (top->tag == TAG_A) {
        m.linked = m.chars;
        m.links++;
    }
    if (is_paragraph(top->tag) && m.mass == 0 && m.chars >= MEASURE_PARAGRAPH)
        m.mass = m.chars - m.linked;
    top->m = m;
}

uint32_t
measure_plain(const struct dom_node *n)
{
    return n->m.chars - n->m.linked;
}
