/* The tree by Gumbo, an HTML5 parser; nothing else includes it. */
#include "lib/arena.h"
#include "worker/extract/dom.h"
#include "worker/extract/guard.h"

#include <gumbo.h>

static const enum tag tags[GUMBO_TAG_LAST + 1] = {
#define TAG(name, traits) [GUMBO_TAG_##name] = TAG_##name,
#include "worker/extract/tags.def"
#undef TAG
};

static void *
allocate(void *arena, size_t size)
{
    return arena_alloc(arena, size);
}

/* The arena goes away as a whole. */
static void
keep(void *arena, void *memory)
{
    (void)arena;
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
take_attrs(struct arena *a, const GumboVector *from, struct dom_node *to)
{
    struct dom_attr **tail = &to->attrs;

    for (unsigned i = 0; i < from->length; i++) {
        const GumboAttribute *one = from->data[i];
        enum dom_name name = dom_name_find(str_from(one->name));
        struct dom_attr *attr;

        if (name == DOM_NAME_COUNT)
            continue;
        attr = ARENA_NEW(a, struct dom_attr);
        *attr = (struct dom_attr){ name, str_from(one->value), NULL };
        *tail = attr;
        tail = &attr->next;
    }
}

static struct dom_node *
take_node(struct arena *a, const GumboNode *from, struct dom_node *parent)
{
    struct dom_node *n = ARENA_NEW(a, struct dom_node);

    if (from->type == GUMBO_NODE_ELEMENT || from->type == GUMBO_NODE_TEMPLATE) {
        n->tag = tags[from->v.element.tag];
        take_attrs(a, &from->v.element.attributes, n);
    } else if (from->type != GUMBO_NODE_COMMENT) {
        n->tag = TAG_STRING;
        n->text = str_from(from->v.text.text);
    }
    if (n->tag == TAG_SAMP)
        n->tag = TAG_CODE;
    n->parent = parent;
    if (!parent)
        return n;
    if (parent->last)
        parent->last->next = n;
    else
        parent->first = n;
    parent->last = n;
    return n;
}

/* In document order, without recursion: how deep the parser goes is only about known. */
static void
take_tree(struct arena *a, const GumboNode *top, struct dom *out)
{
    struct dom_node *parent = NULL;
    size_t depth = 0, count = 0;
    const GumboNode *from = top;

    while (from && count++ < DOM_NODES_MAX) {
        struct dom_node *n = take_node(a, from, parent);

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
dom_parse(struct arena *a, struct str bytes, bool xhtml, struct dom *out)
{
    struct guard *guard = ARENA_NEW(a, struct guard);
    GumboOptions options = kGumboDefaultOptions;
    const GumboOutput *parsed;

    guard_rewrite(a, bytes, xhtml, guard);
    *out = (struct dom){ .data = guard->data,
                         .data_count = guard->data_count,
                         .scripts = guard->scripts,
                         .cut = guard->cut };
    options.allocator = allocate;
    options.deallocator = keep;
    options.userdata = a;
    options.max_errors = 0;
    parsed = gumbo_parse_with_options(&options, guard->html.data, guard->html.len);
    take_tree(a, parsed->root, out);
    if (!out->body)
        out->body = out->root;
}
