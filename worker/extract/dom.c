#include "worker/extract/dom.h"

#include "lib/arena.h"
#include "lib/buf.h"

static const struct {
    const char *name;
    size_t len;
} names[DOM_NAME_COUNT] = {
#define NAME(constant, text) [constant] = { text, sizeof(text) - 1 }
    NAME(DOM_ALT, "alt"),
    NAME(DOM_ARIA_HIDDEN, "aria-hidden"),
    NAME(DOM_CLASS, "class"),
    NAME(DOM_COLSPAN, "colspan"),
    NAME(DOM_CONTENT, "content"),
    NAME(DOM_DATETIME, "datetime"),
    NAME(DOM_HIDDEN, "hidden"),
    NAME(DOM_HREF, "href"),
    NAME(DOM_HREFLANG, "hreflang"),
    NAME(DOM_HTTP_EQUIV, "http-equiv"),
    NAME(DOM_ID, "id"),
    NAME(DOM_ITEMPROP, "itemprop"),
    NAME(DOM_LANG, "lang"),
    NAME(DOM_NAME, "name"),
    NAME(DOM_OPEN, "open"),
    NAME(DOM_PROPERTY, "property"),
    NAME(DOM_REL, "rel"),
    NAME(DOM_ROLE, "role"),
    NAME(DOM_ROWSPAN, "rowspan"),
    NAME(DOM_START, "start"),
    NAME(DOM_STYLE, "style"),
    NAME(DOM_TITLE, "title"),
    NAME(DOM_TYPE, "type"),
#undef NAME
};

enum dom_name
dom_name_find(struct str name)
{
    for (int i = 0; i < DOM_NAME_COUNT; i++)
        if (names[i].len == name.len && str_lower(name.p[0]) == names[i].name[0] &&
            str_eq_nocase(name, (struct str){ names[i].name, names[i].len }))
            return (enum dom_name)i;
    return DOM_NAME_COUNT;
}

struct str
dom_attr(const struct dom_node *n, enum dom_name name)
{
    for (const struct dom_attr *attr = n->attrs; attr; attr = attr->next)
        if (attr->name == name)
            return attr->value;
    return (struct str){ NULL, 0 };
}

struct dom_node *
dom_after(const struct dom_node *n, const struct dom_node *top)
{
    while (n != top && !n->next)
        n = n->parent;
    return n == top ? NULL : n->next;
}

bool
dom_has_role(const struct dom_node *n, struct str role)
{
    return n->attrs && str_eq_nocase(dom_attr(n, DOM_ROLE), role);
}

struct dom_node *
dom_next(const struct dom_node *n, const struct dom_node *top)
{
    return n->first ? n->first : dom_after(n, top);
}

const char *
dom_text(struct arena *a, const struct dom_node *n, size_t max)
{
    struct buf out;
    bool space = false;

    buf_init(&out, a, max);
    for (const struct dom_node *i = n; i && buf_ok(&out); i = dom_next(i, n)) {
        if (i != n && (tag_traits(i->tag) & TAG_BLOCK || i->tag == TAG_BR))
            space = true;
        for (size_t k = 0; i->tag == TAG_STRING && k < i->text.len; k++) {
            char c = i->text.p[k];

            if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f') {
                space = true;
                continue;
            }
            if (space && out.len > 0)
                buf_add_char(&out, ' ');
            space = false;
            buf_add_char(&out, c);
        }
    }
    return arena_strndup(a, out.data, str_utf8_valid((struct str){ out.data, out.len }));
}
