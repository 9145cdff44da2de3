/* The tree by Gumbo, an HTML5 parser; nothing else includes it. */
#include "lib/arena.h"
#include "worker/extract/class_words.h"
#include "worker/extract/dom.h"
#include "worker/extract/guard.h"

#include <gumbo.h>
#include <setjmp.h>

#define MEMORY_MAX ((size_t)384 * 1024 * 1024) /* bytes that the parser may take for a page */
#define CPU_S_MAX  10                          /* seconds likewise */
#define LOOK_EVERY 4096                        /* allocations between looks at the clock */

static const enum tag tags[GUMBO_TAG_LAST + 1] = {
#define TAG(name, traits) [GUMBO_TAG_##name] = TAG_##name,
#include "worker/extract/tags.def"
#undef TAG
};

/*
 * The guard keeps the parser's work linear; should it ever not, the parser is left where it
 * stands: all that it has is in the arena.
 */
struct budget {
    struct arena *arena;
    size_t memory, calls;
    time_t until_s;
    jmp_buf spent;
};

static time_t
cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec;
}

static void *
allocate(void *context, size_t size)
{
    struct budget *b = context;

    if (size > MEMORY_MAX - b->memory || (++b->calls % LOOK_EVERY == 0 && cpu_s() > b->until_s))
        longjmp(b->spent, 1);
    b->memory += size;
    return arena_alloc(b->arena, size);
}

/* The arena goes away as a whole. */
static void
keep(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

static const GumboVector *
children(const GumboNode *from)
{
    static const GumboVector none = { NULL, 0, 0 };

    return from->type == GUMBO_NODE_ELEMENT || from->type == GUMBO_NODE_TEMPLATE
               ? &from->v.element.children
               : &none;
}

static void
take_attrs(struct arena *a, const struct stand_ins *texts, const GumboVector *from,
           struct dom_node *to)
{
    struct dom_attr **tail = &to->attrs;

    for (unsigned i = 0; i < from->length; i++) {
        const GumboAttribute *one = from->data[i];
        enum dom_name name = dom_name_find(str_from(one->name));
        struct dom_attr *attr;

        if (name == DOM_NAME_COUNT)
            continue;
        attr = ARENA_NEW(a, struct dom_attr);
        *attr = (struct dom_attr){ name, stand_ins_read(texts, a, str_from(one->value)), NULL };
        *tail = attr;
        tail = &attr->next;
    }
}

/* The guard writes some elements as others, which the parser treats more simply. */
static enum tag
tag_of(GumboTag tag)
{
    switch ((unsigned)tag) {
    case GUMBO_TAG_VAR:
        return TAG_A;
    case GUMBO_TAG_SAMP:
        return TAG_CODE;
    case GUMBO_TAG_CENTER:
        return TAG_FORM;
    case GUMBO_TAG_DATA:
        return TAG_BUTTON;
    default:
        return tags[tag];
    }
}

/* A question that opens its answer is a button in a heading. */
static bool
is_in_heading(const struct dom_node *n)
{
    for (size_t i = 0; n && i < 3; i++, n = n->parent)
        if (tag_heading_level(n->tag) > 0)
            return true;
    return false;
}

/* Where a word may be parted at the end of a line is nothing that is searched for. */
static struct str
without_soft_hyphens(struct arena *a, struct str text)
{
    static const struct str hyphen = { "\xc2\xad", 2 };
    const char *at = memmem(text.p, text.len, hyphen.p, hyphen.len);
    struct buf out;

    if (!at)
        return text;
    buf_init(&out, a, text.len);
    for (; at; at = memmem(text.p, text.len, hyphen.p, hyphen.len)) {
        size_t before = (size_t)(at - text.p);

        buf_add(&out, text.p, before);
        text.p = at + hyphen.len;
        text.len -= before + hyphen.len;
    }
    buf_add(&out, text.p, text.len);
    return (struct str){ out.data, out.len };
}

static struct dom_node *
take_node(struct arena *a, const struct stand_ins *texts, const GumboNode *from,
          struct dom_node *parent)
{
    struct dom_node *n = ARENA_NEW(a, struct dom_node);

    if (from->type == GUMBO_NODE_ELEMENT || from->type == GUMBO_NODE_TEMPLATE) {
        n->tag = tag_of(from->v.element.tag);
        if (n->tag == TAG_BUTTON && is_in_heading(parent))
            n->tag = TAG_SPAN;
        take_attrs(a, texts, &from->v.element.attributes, n);
        n->words = class_words(dom_attr(n, DOM_CLASS)) | class_words(dom_attr(n, DOM_ID));
    } else if (from->type != GUMBO_NODE_COMMENT) {
        n->tag = TAG_STRING;
        n->text = without_soft_hyphens(a, stand_ins_read(texts, a, str_from(from->v.text.text)));
    }
    n->parent = parent;
    if (!parent)
        return n;
    if (parent->last)
        parent->last->next = n;
    else
        parent->first = n;
    parent->last = n;
    if ((tag_traits(n->tag) & TAG_BLOCK) || n->tag == TAG_BR)
        for (struct dom_node *i = parent; i && !i->parts; i = i->parent)
            i->parts = true;
    return n;
}

/* In document order, without recursion: how deep the parser goes is only about known. */
static void
take_tree(struct arena *a, const struct stand_ins *texts, const GumboNode *top, struct dom *out)
{
    struct dom_node *parent = NULL;
    size_t depth = 0, count = 0;
    const GumboNode *from = top;

    while (from && count++ < DOM_NODES_MAX) {
        struct dom_node *n = take_node(a, texts, from, parent);

        if (!parent)
            out->root = n;
        if (n->tag == TAG_BODY && !out->body)
            out->body = n;
        if (children(from)->length > 0) {
            if (++depth < DOM_DEPTH_MAX)
                parent = n;
            from = children(from)->data[0];
            continue;
        }
        while (from != top && from->index_within_parent + 1 >= children(from->parent)->length) {
            from = from->parent;
            if (depth-- < DOM_DEPTH_MAX && parent)
                parent = parent->parent;
        }
        from = from == top ? NULL : children(from->parent)->data[from->index_within_parent + 1];
    }
    out->cut = out->cut || count > DOM_NODES_MAX;
}

void
dom_parse(struct arena *a, struct str bytes, unsigned mode, struct dom *out)
{
    struct guard *guard = ARENA_NEW(a, struct guard);
    struct budget *budget = ARENA_NEW(a, struct budget);
    GumboOptions options = kGumboDefaultOptions;

    guard_rewrite(a, bytes, mode, guard);
    *out = (struct dom){ .data = guard->data,
                         .data_count = guard->data_count,
                         .scripts = guard->scripts,
                         .noscript = guard->noscript,
                         .cut = guard->cut };
    *budget = (struct budget){ .arena = a, .until_s = cpu_s() + CPU_S_MAX };
    options.allocator = allocate;
    options.deallocator = keep;
    options.userdata = budget;
    options.max_errors = 0;
    out->root = ARENA_NEW(a, struct dom_node);
    if (setjmp(budget->spent) == 0)
        take_tree(a, &guard->stand_ins,
                  gumbo_parse_with_options(&options, guard->html.data, guard->html.len)->root, out);
    else
        out->cut = true;
    if (!out->body)
        out->body = out->root;
}
