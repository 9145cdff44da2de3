/*
 * DOCX (ECMA-376 part 1, section 17): the body's XML becomes HTML with the same
 * headings, lists and tables, and takes the way of a page from there.
 */
#include "lib/arena.h"
#include "lib/buf.h"
#include "worker/extract/dom.h"
#include "worker/extract/format.h"
#include "worker/extract/markdown.h"
#include "worker/extract/measure.h"
#include "worker/extract/zip.h"

#include <libxml/parser.h>

#define PART_MAX   (32 * 1024 * 1024) /* bytes of one XML part, unpacked */
#define STYLES_MAX 500
#define STYLE_NAME 64 /* bytes; longer ids are no headings */

/* A style of paragraphs that is a heading. */
struct style {
    char id[STYLE_NAME];
    int level;
};

struct reader {
    struct arena *arena;
    struct buf html;
    struct style *styles;
    size_t style_count;
    char style_id[STYLE_NAME]; /* in styles.xml: of the style that is open */

    struct buf paragraph; /* its text, escaped */
    int level;            /* of the heading that the paragraph is; 0 for none */
    bool item;            /* of a list */
    int indent;
    int lists; /* <ul> that are open */
    bool text; /* in w:t */
    bool hidden;
    int deleted; /* elements open that hold what was deleted */
};

/* Five pointers an attribute: name, prefix, namespace, and where the value begins and ends. */
static struct str
val(const xmlChar **attrs, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp((const char *)attrs[i * 5], name) == 0)
            return (struct str){ (const char *)attrs[i * 5 + 3],
                                 (size_t)(attrs[i * 5 + 4] - attrs[i * 5 + 3]) };
    return STR("");
}

static bool
is(const xmlChar *name, const char *other)
{
    return strcmp((const char *)name, other) == 0;
}

/* ---- styles.xml: which styles are headings ------------------------------------------------ */

static void
note_heading(struct reader *r, int level)
{
    struct style *s = &r->styles[r->style_count];

    if (!r->style_id[0] || level < 1 || level > 6 || r->style_count == STYLES_MAX)
        return;
    snprintf(s->id, sizeof(s->id), "%s", r->style_id);
    s->level = level;
    r->style_count++;
}

static void
style_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
            int namespaces, const xmlChar **namespace_list, int count, int defaulted,
            const xmlChar **attrs)
{
    struct reader *r = context;
    struct str value = val(attrs, count, "val");
    int64_t level;

    (void)prefix;
    (void)uri;
    (void)namespaces;
    (void)namespace_list;
    (void)defaulted;
    if (is(name, "style")) {
        struct str id = val(attrs, count, "styleId");

        snprintf(r->style_id, sizeof(r->style_id), "%.*s", id.len < STYLE_NAME ? (int)id.len : 0,
                 id.p);
    } else if (is(name, "name") && value.len == 9 &&
               str_eq_nocase((struct str){ value.p, 8 }, STR("heading "))) {
        note_heading(r, value.p[8] - '0');
    } else if (is(name, "name") && str_eq_nocase(value, STR("title"))) {
        note_heading(r, 1);
    } else if (is(name, "outlineLvl") && str_int(value, 0, 5, &level)) {
        note_heading(r, (int)level + 1);
    }
}

/* ---- document.xml -------------------------------------------------------------------------- */

static int
level_of(const struct reader *r, struct str id)
{
    for (size_t i = 0; i < r->style_count; i++)
        if (str_eq(id, str_from(r->styles[i].id)))
            return r->styles[i].level;
    return 0;
}

static void
set_lists(struct reader *r, int lists)
{
    for (; r->lists < lists; r->lists++)
        buf_add_str(&r->html, "<ul>");
    for (; r->lists > lists; r->lists--)
        buf_add_str(&r->html, "</ul>");
}

static void
paragraph_end(struct reader *r)
{
    const char *tag = r->level > 0 ? arena_printf(r->arena, "h%d", r->level) : r->item ? "li" : "p";

    if (r->paragraph.len > 0) {
        set_lists(r, r->level == 0 && r->item ? r->indent + 1 : 0);
        buf_printf(&r->html, "<%s>", tag);
        buf_add(&r->html, r->paragraph.data, r->paragraph.len);
        buf_printf(&r->html, "</%s>", tag);
    }
    buf_truncate(&r->paragraph, 0);
}

static void
paragraph_property(struct reader *r, const xmlChar *name, struct str value)
{
    int64_t n;

    if (is(name, "pStyle")) {
        r->level = level_of(r, value);
    } else if (is(name, "outlineLvl") && str_int(value, 0, 5, &n)) {
        r->level = (int)n + 1;
    } else if (is(name, "ilvl") && str_int(value, 0, 8, &n)) {
        r->indent = (int)n;
    } else if (is(name, "numId")) {
        r->item = !str_eq(value, STR("0"));
    }
}

static const char *
table_tag(const xmlChar *name)
{
    return is(name, "tbl") ? "table" : is(name, "tr") ? "tr" : is(name, "tc") ? "td" : NULL;
}

static void
start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces,
      const xmlChar **namespace_list, int count, int defaulted, const xmlChar **attrs)
{
    struct reader *r = context;
    struct str value = val(attrs, count, "val");

    (void)prefix;
    (void)uri;
    (void)namespaces;
    (void)namespace_list;
    (void)defaulted;
    if (is(name, "p")) {
        r->level = 0;
        r->indent = 0;
        r->item = false;
    } else if (is(name, "r")) {
        r->hidden = false;
    } else if (is(name, "vanish")) {
        r->hidden = !str_eq(value, STR("0")) && !str_eq(value, STR("false"));
    } else if (is(name, "del") || is(name, "moveFrom") || is(name, "Fallback")) {
        r->deleted++;
    } else if (is(name, "tab") || is(name, "br") || is(name, "cr")) {
        buf_add_str(&r->paragraph, is(name, "tab") ? " " : "<br>");
    } else if (table_tag(name)) {
        set_lists(r, 0);
        buf_printf(&r->html, "<%s>", table_tag(name));
    } else {
        paragraph_property(r, name, value);
    }
    r->text = is(name, "t");
}

static void
end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    struct reader *r = context;

    (void)prefix;
    (void)uri;
    r->text = false;
    if (is(name, "p"))
        paragraph_end(r);
    else if (is(name, "del") || is(name, "moveFrom") || is(name, "Fallback"))
        r->deleted--;
    if (table_tag(name)) {
        set_lists(r, 0);
        buf_printf(&r->html, "</%s>", table_tag(name));
    }
}

static void
characters(void *context, const xmlChar *text, int len)
{
    struct reader *r = context;

    if (!r->text || r->hidden || r->deleted > 0)
        return;
    for (int i = 0; i < len; i++) {
        char c = (char)text[i];

        if (c == '<')
            buf_add_str(&r->paragraph, "&lt;");
        else if (c == '&')
            buf_add_str(&r->paragraph, "&amp;");
        else
            buf_add_char(&r->paragraph, c);
    }
}

/* ---- both ----------------------------------------------------------------------------------- */

static void
free_parser(void *parser)
{
    xmlFreeParserCtxt(parser);
}

/* No entities, no network: a part says all itself. */
static struct err
parse(struct reader *r, struct str xml, startElementNsSAX2Func on_start)
{
    xmlSAXHandler sax = { .initialized = XML_SAX2_MAGIC, .startElementNs = on_start };
    xmlParserCtxtPtr parser;

    if (on_start == start) {
        sax.endElementNs = end;
        sax.characters = characters;
    }
    parser = xmlCreatePushParserCtxt(&sax, r, NULL, 0, NULL);
    if (!parser)
        return ERR(ERR_UNAVAILABLE, "could not read a document");
    arena_defer(r->arena, free_parser, parser);
    xmlCtxtUseOptions(parser, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (xmlParseChunk(parser, xml.p, (int)xml.len, 1) != 0)
        return ERR(ERR_MALFORMED, "the document is damaged");
    return OK;
}

struct err
format_docx(struct arena *a, struct str bytes, struct extract_page *out)
{
    struct reader r = { .arena = a };
    struct markdown md;
    struct str part;
    struct dom dom;
    struct err e;

    r.styles = arena_array(a, STYLES_MAX, sizeof(*r.styles));
    buf_init(&r.html, a, EXTRACT_TEXT_MAX * 2);
    buf_init(&r.paragraph, a, EXTRACT_TEXT_MAX);
    e = zip_read(a, bytes, "word/styles.xml", PART_MAX, &part);
    if (!e.code)
        e = parse(&r, part, style_start);
    if (e.code && e.code != ERR_NOT_FOUND)
        return e;
    e = zip_read(a, bytes, "word/document.xml", PART_MAX, &part);
    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_MALFORMED, "the document is damaged");
    if (e.code)
        return e;
    TRY(parse(&r, part, start));
    set_lists(&r, 0);
    dom_parse(a, (struct str){ r.html.data, r.html.len }, 0, &dom);
    measure(dom.body);
    markdown_write(a, dom.body, &md);
    out->text = md.text.data;
    out->headings = md.headings;
    out->heading_count = md.heading_count;
    out->cut = dom.cut || !buf_ok(&r.html) || !buf_ok(&md.text);
    if (md.heading_count > 0)
        out->title = md.headings[0].text;
    return OK;
}
