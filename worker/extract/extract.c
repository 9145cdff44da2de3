#include "worker/extract/extract.h"

#include "lib/arena.h"
#include "lib/language.h"
#include "worker/extract/charset.h"
#include "worker/extract/content.h"
#include "worker/extract/format.h"
#include "worker/extract/guard.h"
#include "worker/extract/markdown.h"
#include "worker/extract/meta.h"
#include "worker/extract/structured.h"

#include <strings.h>

/* A page with less to read than this, and scripts, is one that scripts would have made. */
#define READABLE_CHARS 200
#define EXCERPT_BYTES  250                   /* of a description: no summary is as long */
#define STRUCTURED_MAX ((size_t)1024 * 1024) /* bytes of JSON-LD's text */

/* ---- what it is ---------------------------------------------------------------------- */

/* Without parameters. */
static struct str
media_type(const char *content_type)
{
    struct str rest;

    return str_trim(str_cut(str_from(content_type ? content_type : ""), ';', &rest));
}

static bool
name_ends(const char *url, const char *ending)
{
    size_t len = url ? strcspn(url, "?#") : 0, n = strlen(ending);

    return len > n && strncasecmp(url + len - n, ending, n) == 0;
}

static bool
looks_like_html(struct str bytes)
{
    static const char *const starts[] = {
        "<!doctype html", "<html", "<head", "<body", "<script",  "<!--",  "<title",
        "<meta",          "<div",  "<p>",   "<h1",   "<article", "<main", "<table",
    };

    bytes = str_trim(bytes);
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (bytes.len >= strlen(starts[i]) &&
            strncasecmp(bytes.p, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

static bool
is_binary(struct str bytes)
{
    size_t n = bytes.len < 1024 ? bytes.len : 1024;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes.p[i];

        if (c < 9 || (c > 13 && c < 27) || (c > 27 && c < 32))
            return true;
    }
    return false;
}

static enum extract_type
by_header(struct str type)
{
    static const struct {
        const char *name;
        enum extract_type type;
    } known[] = {
        { "text/html", EXTRACT_HTML },
        { "application/xhtml+xml", EXTRACT_XHTML },
        { "text/plain", EXTRACT_TEXT },
        { "text/markdown", EXTRACT_MARKDOWN },
        { "text/x-markdown", EXTRACT_MARKDOWN },
        { "application/pdf", EXTRACT_PDF },
        { "application/x-pdf", EXTRACT_PDF },
        { "application/vnd.openxmlformats-officedocument.wordprocessingml.document", EXTRACT_DOCX },
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (str_eq_nocase(type, str_from(known[i].name)))
            return known[i].type;
    return EXTRACT_NONE;
}

static bool
has_mark(struct str bytes)
{
    return str_starts(bytes, STR("\xff\xfe")) || str_starts(bytes, STR("\xfe\xff"));
}

enum extract_type
extract_sniff(const struct extract_input *in)
{
    struct str type = media_type(in->content_type);
    enum extract_type declared = by_header(type);
    bool unsure = type.len == 0 || str_eq_nocase(type, STR("application/octet-stream")) ||
                  str_eq_nocase(type, STR("binary/octet-stream")) || declared == EXTRACT_TEXT ||
                  declared == EXTRACT_MARKDOWN;

    if (str_starts(in->bytes, STR("%PDF-")))
        return EXTRACT_PDF;
    if (str_starts(in->bytes, STR("PK\3\4")))
        return declared == EXTRACT_DOCX || (unsure && name_ends(in->url, ".docx")) ? EXTRACT_DOCX
                                                                                   : EXTRACT_NONE;
    if (!unsure)
        return declared == EXTRACT_PDF || declared == EXTRACT_DOCX ? EXTRACT_NONE : declared;
    if (is_binary(in->bytes) && !has_mark(in->bytes))
        return EXTRACT_NONE;
    if (name_ends(in->url, ".md") || name_ends(in->url, ".markdown"))
        return EXTRACT_MARKDOWN;
    if (declared != EXTRACT_NONE)
        return declared;
    return looks_like_html(in->bytes) ? EXTRACT_HTML : EXTRACT_TEXT;
}

/* ---- pages ------------------------------------------------------------------------------ */

/* What is there for readers without scripts, where there is little else. */
static void
read_noscript(struct arena *a, struct str text, unsigned mode, const struct dom *dom,
              struct markdown *md)
{
    struct dom other;
    struct markdown found;

    if (dom->noscript < READABLE_CHARS || md->text.len >= dom->noscript / 8)
        return;
    dom_parse(a, text, mode | GUARD_NOSCRIPT, &other);
    markdown_write(a, content_find(a, &other), &found);
    if (found.text.len > 2 * md->text.len + READABLE_CHARS)
        *md = found;
}

/* What it says in JSON-LD, where that is far more than it shows. */
static void
read_structured(struct arena *a, const struct dom *dom, struct markdown *md)
{
    struct buf more;

    buf_init(&more, a, STRUCTURED_MAX);
    structured_write(a, dom, &more);
    if (!buf_ok(&more) || more.len <= 2 * md->text.len)
        return;
    buf_add_str(&md->text, md->text.len > 0 ? "\n\n" : "");
    buf_add(&md->text, more.data, more.len);
}

/* Where there is nearly nothing to read, what the page says of itself; a long one is how its text
 * begins. */
static void
add_description(struct markdown *md, const struct extract_page *out)
{
    bool begins = md->text.len < READABLE_CHARS && strlen(out->description) >= EXCERPT_BYTES;

    if ((!out->needs_js && !begins) || strstr(md->text.data, out->description))
        return;
    buf_add_str(&md->text, md->text.len > 0 ? "\n\n" : "");
    buf_add_str(&md->text, out->description);
}

static void
read_html(struct arena *a, struct str text, unsigned mode, struct extract_page *out)
{
    struct markdown md;
    struct dom dom;

    dom_parse(a, text, mode, &dom);
    meta_read(a, &dom, out);
    meta_links(a, &dom, out);
    markdown_write(a, content_find(a, &dom), &md);
    read_noscript(a, text, mode, &dom, &md);
    read_structured(a, &dom, &md);
    out->headings = md.headings;
    out->heading_count = md.heading_count;
    out->cut = out->cut || dom.cut || !buf_ok(&md.text);
    out->needs_js = md.text.len < READABLE_CHARS && dom.scripts > 0;
    add_description(&md, out);
    out->text = md.text.data;
}

static struct err
read_charset(struct arena *a, const struct extract_input *in, struct extract_page *out)
{
    bool markup = out->type == EXTRACT_HTML || out->type == EXTRACT_XHTML;
    size_t max = markup ? EXTRACT_BYTES_MAX : EXTRACT_TEXT_MAX;
    struct str text;

    out->charset = charset_decide(in->bytes, in->content_type, markup);
    text = charset_decode(a, in->bytes, out->charset, max);
    if (markup)
        read_html(a, charset_mend(a, text), out->type == EXTRACT_XHTML ? GUARD_XHTML : 0, out);
    else
        format_text(a, text, out);
    return OK;
}

static struct err
read_any(struct arena *a, const struct extract_input *in, struct extract_page *out)
{
    switch (out->type) {
    case EXTRACT_HTML:
    case EXTRACT_XHTML:
    case EXTRACT_TEXT:
    case EXTRACT_MARKDOWN:
        return read_charset(a, in, out);
    case EXTRACT_PDF:
        return format_pdf(a, in->bytes, out);
    case EXTRACT_DOCX:
        return format_docx(a, in->bytes, out);
    case EXTRACT_NONE:
        break;
    }
    return ERR(ERR_MEDIA_TYPE, "documents of this type are not read");
}

struct err
extract_page(struct arena *a, const struct extract_input *in, struct extract_page *out)
{
    struct extract_page page = {
        .type = extract_sniff(in),
        .charset = "",
        .title = "",
        .description = "",
        .text = "",
        .language = "",
        .canonical = "",
        .base = "",
        .published = "",
        .refresh = "",
    };

    if (in->bytes.len > EXTRACT_BYTES_MAX)
        return ERR(ERR_TOO_LARGE, "the document is too large");
    TRY(read_any(a, in, &page));
    if (!page.language[0])
        page.language = language_guess(str_from(page.text));
    *out = page;
    return OK;
}
