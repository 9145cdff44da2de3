#include "worker/extract/guard.h"

#include "lib/arena.h"
#include "worker/extract/dom.h"
#include "worker/extract/open_tags.h"
#include "worker/extract/tag.h"

#include <strings.h>

#define NAME_MAX_LEN 32 /* bytes of an element's or attribute's name that can be known */

/* A tag as it was read: what of it goes on is in `attrs`. */
struct markup {
    enum tag tag;
    uint32_t hash;
    bool self_closing;
    bool data; /* a script of JSON-LD */
    struct buf *attrs;
};

struct state {
    struct arena *arena;
    struct guard *out;
    const char *p, *end;
    bool xhtml, noscript;
    size_t tags;
    size_t deeper;            /* elements that were left out for being too deep, still open */
    bool unclosed[TAG_COUNT]; /* from here on there is no end tag of these */
    struct open_tags open;
    struct buf attrs;
};

static bool
is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* ---- text ------------------------------------------------------------------------ */

/* As much as there is room for. */
static void
add_text(struct guard *out, struct str text)
{
    size_t used = out->html.len + out->stand_ins.spared, space = 0;
    size_t room = used < GUARD_HTML ? GUARD_HTML - used : 0;

    if (text.len > room) {
        text = str_utf8_prefix(text, room);
        out->cut = true;
    }
    /* Where text begins is something to the parser, and so is white space alone. */
    while (space < text.len && is_space(text.p[space]))
        space++;
    buf_add(&out->html, text.p, space);
    stand_ins_write(&out->stand_ins, &out->html, (struct str){ text.p + space, text.len - space });
}

/* Text that is no markup, whatever it looks like. */
static void
add_escaped(struct buf *out, struct str text, bool entities)
{
    size_t from = 0;

    for (size_t i = 0; i < text.len; i++) {
        const char *escape = text.p[i] == '<'               ? "&lt;"
                             : text.p[i] == '&' && entities ? "&amp;"
                                                            : NULL;

        if (!escape)
            continue;
        buf_add(out, text.p + from, i - from);
        buf_add_str(out, escape);
        from = i + 1;
    }
    buf_add(out, text.p + from, text.len - from);
}

/* The text up to `mark`, which is passed; all that is left when it never comes. */
static struct str
up_to(struct state *s, struct str mark)
{
    const char *at = memmem(s->p, (size_t)(s->end - s->p), mark.p, mark.len);
    struct str text = { s->p, (size_t)((at ? at : s->end) - s->p) };

    s->p = at ? at + mark.len : s->end;
    return text;
}

/* ---- attributes --------------------------------------------------------------------- */

static struct str
read_value(struct state *s)
{
    struct str value = { s->p, 0 };
    char quote = s->p < s->end ? *s->p : '\0';

    if (quote == '"' || quote == '\'') {
        const char *close = memchr(s->p + 1, quote, (size_t)(s->end - s->p - 1));

        value.p++;
        value.len = (size_t)((close ? close : s->end) - value.p);
        s->p = close ? close + 1 : s->end;
        return value;
    }
    while (s->p < s->end && !is_space(*s->p) && *s->p != '>')
        s->p++;
    value.len = (size_t)(s->p - value.p);
    return value;
}

static void
add_attr(struct state *s, struct buf *out, struct str name, struct str value)
{
    buf_add_char(out, ' ');
    buf_add(out, name.p, name.len);
    buf_add(out, "=\"", 2);
    if (!memchr(value.p, '"', value.len))
        stand_ins_write(&s->out->stand_ins, out, value);
    else
        for (size_t i = 0; i < value.len; i++)
            if (value.p[i] == '"')
                buf_add_str(out, "&quot;");
            else
                buf_add_char(out, value.p[i]);
    buf_add_char(out, '"');
}

static void
read_attr(struct state *s, struct markup *m, size_t count)
{
    struct str name = { s->p, 0 }, value = { NULL, 0 };
    enum dom_name known;

    while (s->p < s->end && !is_space(*s->p) && *s->p != '/' && *s->p != '>' &&
           (*s->p != '=' || s->p == name.p))
        s->p++;
    name.len = (size_t)(s->p - name.p);
    while (s->p < s->end && is_space(*s->p))
        s->p++;
    if (s->p < s->end && *s->p == '=') {
        s->p++;
        while (s->p < s->end && is_space(*s->p))
            s->p++;
        value = read_value(s);
    }
    known = dom_name_find(name);
    if (known == DOM_NAME_COUNT || value.len > GUARD_VALUE || count >= GUARD_ATTRS)
        return;
    if (known == DOM_TYPE && m->tag == TAG_SCRIPT)
        m->data = str_eq_nocase(str_trim(value), STR("application/ld+json"));
    add_attr(s, m->attrs, name, value.p ? value : STR(""));
}

/* From behind the name to behind the '>'; false when the document ends before. */
static bool
read_attrs(struct state *s, struct markup *m)
{
    for (size_t count = 0; s->p < s->end; count++) {
        while (s->p < s->end && is_space(*s->p))
            s->p++;
        if (s->p >= s->end)
            break;
        if (*s->p == '>') {
            s->p++;
            return true;
        }
        m->self_closing = *s->p == '/';
        if (m->self_closing)
            s->p++;
        else
            read_attr(s, m, count);
    }
    return false;
}

/* ---- elements ----------------------------------------------------------------------- */

/* Elements that are treated as another one, which is as good for reading. */
static enum tag
read_as(struct str name)
{
    static const struct {
        const char *name;
        enum tag tag;
    } list[] = {
        { "search", TAG_NAV },          { "dialog", TAG_NAV },
        { "plaintext", TAG_PRE },       { "image", TAG_IMG },
        { "listing", TAG_PRE },         { "math", TAG_SPAN },
        { "annotation", TAG_TEMPLATE }, { "annotation-xml", TAG_TEMPLATE },
    };

    for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
        if (str_eq_nocase(name, str_from(list[i].name)))
            return list[i].tag;
    return TAG_OTHER;
}

static void
read_name(struct state *s, struct markup *m)
{
    struct str name = { s->p, 0 };

    while (s->p < s->end && !is_space(*s->p) && *s->p != '/' && *s->p != '>')
        s->p++;
    name.len = (size_t)(s->p - name.p);
    m->tag = tag_find(name);
    if (m->tag == TAG_OTHER)
        m->tag = read_as(name);
    m->hash = 0;
    for (size_t i = 0; m->tag == TAG_OTHER && i < name.len; i++)
        m->hash = m->hash * 31 + (unsigned char)str_lower(name.p[i]);
}

static void
add_start(struct state *s, const struct markup *m)
{
    bool is_void = (tag_traits(m->tag) & TAG_VOID) != 0;
    const char *name = open_tags_written(m->tag);
    struct buf *html = &s->out->html;

    if (!open_tags_make_room(&s->open, m->tag, html))
        return;
    if (!is_void && s->open.depth == OPEN_TAGS_MAX) {
        s->deeper++;
        return;
    }
    if (s->tags++ >= GUARD_TAGS) {
        s->out->cut = true;
        return;
    }
    buf_add_char(html, '<');
    buf_add_str(html, name);
    buf_add(html, m->attrs->data, m->attrs->len);
    buf_add_char(html, '>');
    if (is_void || m->tag == TAG_HTML || m->tag == TAG_HEAD || m->tag == TAG_BODY)
        return;
    if (s->xhtml && m->self_closing) {
        buf_printf(html, "</%s>", name);
        return;
    }
    open_tags_push(&s->open, m->tag, m->hash);
}

static void
add_end(struct state *s, const struct markup *m)
{
    if (s->deeper > 0)
        s->deeper--;
    else
        open_tags_end(&s->open, m->tag, m->hash, &s->out->html);
}

/* ---- elements without markup in them ------------------------------------------------- */

/* The content up to the end tag of `tag`, which is passed. Nothing is passed without one. */
static struct str
raw_content(struct state *s, enum tag tag, struct str name)
{
    struct str content = { s->p, 0 };
    size_t nested = 0;

    for (const char *at = s->p; !s->unclosed[tag]; at++) {
        at = memchr(at, '<', (size_t)(s->end - at));
        if (!at || (size_t)(s->end - at) < name.len + 3)
            break;
        if (tag == TAG_SVG && strncasecmp(at + 1, "svg", 3) == 0)
            nested++;
        if (at[1] != '/' || strncasecmp(at + 2, name.p, name.len) != 0 || nested-- > 0)
            continue;
        content.len = (size_t)(at - content.p);
        s->p = memchr(at, '>', (size_t)(s->end - at));
        s->p = s->p ? s->p + 1 : s->end;
        return content;
    }
    s->unclosed[tag] = true;
    if (tag == TAG_SCRIPT)
        s->p = s->end;
    return content;
}

static void
add_data(struct state *s, struct str content)
{
    struct guard *out = s->out;

    if (out->data_count < GUARD_DATA && content.len <= GUARD_DATA_SIZE)
        out->data[out->data_count++] = content;
}

static void
pass_raw(struct state *s, const struct markup *m, struct str name)
{
    struct str content;

    if (m->self_closing && (s->xhtml || m->tag == TAG_SVG))
        return;
    content = raw_content(s, m->tag, name);
    if (m->tag == TAG_SCRIPT && m->data)
        add_data(s, content);
    else if (m->tag == TAG_SCRIPT)
        s->out->scripts++;
    if (m->tag == TAG_NOSCRIPT)
        s->out->noscript += content.len;
    if (m->tag == TAG_SELECT || m->tag == TAG_TEXTAREA)
        buf_add_str(&s->out->html, "<INPUT>");
    if (m->tag != TAG_TITLE && m->tag != TAG_XMP)
        return;
    buf_printf(&s->out->html, "<%s>", open_tags_written(m->tag));
    add_escaped(&s->out->html, content, m->tag == TAG_XMP);
    buf_printf(&s->out->html, "</%s>", open_tags_written(m->tag));
}

/* ---- markup --------------------------------------------------------------------------- */

static void
pass_start(struct state *s)
{
    struct markup m = { .attrs = &s->attrs };
    struct str name = { ++s->p, 0 };

    read_name(s, &m);
    name.len = (size_t)(s->p - name.p);
    buf_truncate(&s->attrs, 0);
    if (!read_attrs(s, &m) || m.tag == TAG_FRAMESET || m.tag == TAG_FRAME ||
        m.tag == TAG_COLGROUP || m.tag == TAG_COL)
        return;
    if (m.tag == TAG_NOSCRIPT && s->noscript)
        return;
    if (tag_traits(m.tag) & TAG_RAW)
        pass_raw(s, &m, name);
    else
        add_start(s, &m);
}

static void
pass_end(struct state *s)
{
    struct markup m = { .attrs = &s->attrs };

    s->p += 2;
    read_name(s, &m);
    buf_truncate(&s->attrs, 0);
    if (read_attrs(s, &m) && m.tag != TAG_BODY && m.tag != TAG_HTML && m.tag != TAG_HEAD)
        add_end(s, &m);
}

static void
pass_comment(struct state *s)
{
    s->p += 4;
    if (s->p < s->end && *s->p == '>')
        s->p++;
    else if (s->end - s->p >= 2 && s->p[0] == '-' && s->p[1] == '>')
        s->p += 2;
    else
        (void)up_to(s, STR("-->"));
}

static void
pass_markup(struct state *s)
{
    size_t left = (size_t)(s->end - s->p);
    char next = left > 1 ? s->p[1] : '\0';

    if (is_letter(next)) {
        pass_start(s);
    } else if (next == '/' && left > 2 && is_letter(s->p[2])) {
        pass_end(s);
    } else if (left >= 4 && memcmp(s->p, "<!--", 4) == 0) {
        pass_comment(s);
    } else if (s->xhtml && left >= 9 && memcmp(s->p, "<![CDATA[", 9) == 0) {
        s->p += 9;
        add_escaped(&s->out->html, up_to(s, STR("]]>")), true);
    } else if (next == '!' || next == '?' || next == '/') {
        (void)up_to(s, STR(">"));
    } else {
        buf_add_str(&s->out->html, "&lt;");
        s->p++;
    }
}

void
guard_rewrite(struct arena *a, struct str bytes, unsigned mode, struct guard *out)
{
    struct state *s = ARENA_NEW(a, struct state);

    *s = (struct state){ .arena = a,
                         .out = out,
                         .p = bytes.p,
                         .xhtml = (mode & GUARD_XHTML) != 0,
                         .noscript = (mode & GUARD_NOSCRIPT) != 0 };
    s->end = bytes.p + bytes.len;
    *out = (struct guard){ .data_count = 0 };
    stand_ins_init(&out->stand_ins, a, bytes);
    buf_init(&out->html, a, GUARD_HTML);
    buf_init(&s->attrs, a, (GUARD_VALUE * 6 + NAME_MAX_LEN) * GUARD_ATTRS);
    buf_add_str(&out->html, "<!doctype html>");
    while (s->p < s->end && buf_ok(&out->html)) {
        const char *at = memchr(s->p, '<', (size_t)(s->end - s->p));
        size_t len = (size_t)((at ? at : s->end) - s->p);

        add_text(out, (struct str){ s->p, len });
        s->p += len;
        if (s->p < s->end)
            pass_markup(s);
    }
    out->cut = out->cut || !buf_ok(&out->html);
}
