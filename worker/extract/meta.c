#include "worker/extract/meta.h"

#include "lib/arena.h"

/* Text of an attribute, white space collapsed. */
static const char *
squeeze(struct arena *a, struct str s)
{
    struct dom_node text = { .tag = TAG_STRING, .text = s };

    return dom_text(a, &text, EXTRACT_TITLE_MAX * 4);
}

/* ---- dates --------------------------------------------------------------------------- */

/* "2026-01-31" at the start of `s`, as ISO 8601 writes it, or "20260131". */
static const char *
date(struct arena *a, struct str s)
{
    int64_t year, month, day;
    size_t dash;

    s = str_trim(s);
    if (s.len < 8)
        return "";
    dash = s.len >= 10 && s.p[4] == '-' && s.p[7] == '-' ? 1 : 0;
    if (!str_int((struct str){ s.p, 4 }, 1970, 2100, &year))
        return "";
    month = (s.p[4 + dash] - '0') * 10 + s.p[5 + dash] - '0';
    day = (s.p[6 + 2 * dash] - '0') * 10 + s.p[7 + 2 * dash] - '0';
    if (month < 1 || month > 12 || day < 1 || day > 31)
        return "";
    return arena_printf(a, "%04d-%02d-%02d", (int)year, (int)month, (int)day);
}

/* The value of a member of JSON-LD, wherever it is, when it is a string without escapes. */
static struct str
data_member(struct str json, struct str quoted)
{
    const char *at = memmem(json.p, json.len, quoted.p, quoted.len), *end;
    struct str rest;

    if (!at)
        return STR("");
    rest = (struct str){ at + quoted.len, json.len - (size_t)(at - json.p) - quoted.len };
    rest = str_trim(rest);
    if (rest.len < 2 || rest.p[0] != ':')
        return STR("");
    rest = str_trim((struct str){ rest.p + 1, rest.len - 1 });
    if (rest.len < 2 || rest.p[0] != '"')
        return STR("");
    end = memchr(rest.p + 1, '"', rest.len - 1);
    return end ? (struct str){ rest.p + 1, (size_t)(end - rest.p) - 1 } : STR("");
}

static void
read_data(struct arena *a, const struct dom *dom, struct extract_page *out)
{
    for (size_t i = 0; i < dom->data_count && !out->published[0]; i++)
        out->published = date(a, data_member(dom->data[i], STR("\"datePublished\"")));
}

static void
read_time(struct arena *a, const struct dom_node *n, struct extract_page *out)
{
    struct str prop = dom_attr(n, DOM_ITEMPROP);

    if (!out->published[0] && str_eq_nocase(prop, STR("datePublished")))
        out->published = date(a, dom_attr(n, n->tag == TAG_META ? DOM_CONTENT : DOM_DATETIME));
}

/* ---- meta ---------------------------------------------------------------------------- */

static void
read_robots(struct str content, struct extract_page *out)
{
    while (content.len > 0) {
        struct str rest, one = str_trim(str_cut(content, ',', &rest));
        bool none = str_eq_nocase(one, STR("none"));

        content = rest;
        out->noindex = out->noindex || none || str_eq_nocase(one, STR("noindex"));
        out->nofollow = out->nofollow || none || str_eq_nocase(one, STR("nofollow"));
    }
}

/* "5; url='/new'": at once or soon is a redirect, later is a page that renews itself. */
static void
read_refresh(struct arena *a, struct str content, struct extract_page *out)
{
    struct str url, delay = str_trim(str_cut(content, ';', &url));
    int64_t seconds;

    url = str_trim(url);
    if (!str_int(delay, 0, 30, &seconds) || url.len < 5 ||
        !str_eq_nocase((struct str){ url.p, 3 }, STR("url")))
        return;
    url = str_trim((struct str){ url.p + 3, url.len - 3 });
    if (url.len == 0 || url.p[0] != '=')
        return;
    url = str_trim((struct str){ url.p + 1, url.len - 1 });
    if (url.len >= 2 && (url.p[0] == '\'' || url.p[0] == '"'))
        url = (struct str){ url.p + 1, url.len - (url.p[url.len - 1] == url.p[0] ? 2 : 1) };
    out->refresh = str_dup(a, url);
}

static void
read_meta(struct arena *a, const struct dom_node *n, struct extract_page *out)
{
    struct str name = dom_attr(n, DOM_NAME), property = dom_attr(n, DOM_PROPERTY);
    struct str content = dom_attr(n, DOM_CONTENT);

    if (name.len == 0)
        name = property;
    if (str_eq_nocase(name, STR("robots")))
        read_robots(content, out);
    else if (str_eq_nocase(name, STR("description")) && content.len > strlen(out->description))
        out->description = squeeze(a, content);
    else if (str_eq_nocase(name, STR("og:description")) && content.len > strlen(out->description))
        out->description = squeeze(a, content);
    else if (str_eq_nocase(name, STR("og:title")) && !out->title[0])
        out->title = squeeze(a, content);
    else if (str_eq_nocase(name, STR("article:published_time")) ||
             str_eq_nocase(name, STR("date")) || str_eq_nocase(name, STR("dc.date")))
        out->published = out->published[0] ? out->published : date(a, content);
    else if (str_eq_nocase(dom_attr(n, DOM_HTTP_EQUIV), STR("refresh")))
        read_refresh(a, content, out);
    read_time(a, n, out);
}

/* Whether a list of words, as in rel, has this one. */
static bool
has_word(struct str words, struct str word)
{
    while (words.len > 0) {
        struct str rest, one = str_cut(words, ' ', &rest);

        words = rest;
        if (str_eq_nocase(str_trim(one), word))
            return true;
    }
    return false;
}

/* "en" of "en-US"; "" when it is not of two letters. */
static const char *
language_of(struct arena *a, struct str tag)
{
    tag = str_trim(tag);
    if (tag.len < 2 || (tag.len > 2 && tag.p[2] != '-' && tag.p[2] != '_'))
        return "";
    return arena_printf(a, "%c%c", str_lower(tag.p[0]), str_lower(tag.p[1]));
}

void
meta_read(struct arena *a, const struct dom *dom, struct extract_page *out)
{
    const char *title = "", *heading = "";

    out->language = language_of(a, dom_attr(dom->root, DOM_LANG));
    for (const struct dom_node *n = dom->root; n; n = dom_next(n, dom->root)) {
        struct str href = dom_attr(n, DOM_HREF);

        if (n->tag == TAG_META)
            read_meta(a, n, out);
        else if (n->tag == TAG_TITLE && !title[0])
            title = dom_text(a, n, EXTRACT_TITLE_MAX * 4);
        else if (n->tag == TAG_H1 && !heading[0])
            heading = dom_text(a, n, EXTRACT_TITLE_MAX * 4);
        else if (n->tag == TAG_BASE && !out->base[0])
            out->base = str_dup(a, str_trim(href));
        else if (n->tag == TAG_LINK && has_word(dom_attr(n, DOM_REL), STR("canonical")))
            out->canonical = str_dup(a, str_trim(href));
        else if (n->tag == TAG_TIME)
            read_time(a, n, out);
    }
    read_data(a, dom, out);
    if (title[0])
        out->title = title;
    if (!out->title[0])
        out->title = heading;
    out->title = str_dup(a, str_utf8_prefix(str_from(out->title), EXTRACT_TITLE_MAX));
}

/* ---- links --------------------------------------------------------------------------- */

static bool
is_link(const struct dom_node *n)
{
    struct str href = dom_attr(n, DOM_HREF);

    return (n->tag == TAG_A || n->tag == TAG_AREA) && href.p && href.len <= EXTRACT_HREF_MAX;
}

static struct extract_link
link_of(struct arena *a, const struct dom_node *n)
{
    struct str rel = dom_attr(n, DOM_REL);

    return (struct extract_link){
        .href = str_dup(a, str_trim(dom_attr(n, DOM_HREF))),
        .text = dom_text(a, n, EXTRACT_TITLE_MAX),
        .nofollow = has_word(rel, STR("nofollow")) || has_word(rel, STR("ugc")) ||
                    has_word(rel, STR("sponsored")),
    };
}

void
meta_links(struct arena *a, const struct dom *dom, struct extract_page *out)
{
    struct extract_link *links;
    size_t n = 0;

    for (const struct dom_node *i = dom->root; i; i = dom_next(i, dom->root))
        n += is_link(i);
    out->cut = out->cut || n > EXTRACT_LINKS_MAX;
    n = n > EXTRACT_LINKS_MAX ? EXTRACT_LINKS_MAX : n;
    links = arena_array(a, n + 1, sizeof(*links));
    for (const struct dom_node *i = dom->root; i && out->link_count < n; i = dom_next(i, dom->root))
        if (is_link(i))
            links[out->link_count++] = link_of(a, i);
    out->links = links;
}
