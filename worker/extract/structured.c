#include "worker/extract/structured.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "worker/extract/dom.h"
#include "worker/extract/extract.h"
#include "worker/extract/markdown.h"
#include "worker/extract/measure.h"

#define DEPTH_MAX JSON_DEPTH_MAX
#define TEXTS_MAX 500 /* of a page; those after are left out */

struct writing {
    struct arena *a;
    struct buf *out;
    size_t texts;
};

/* Kinds of things whose words are the page's own; not the site's, its authors' or its pictures'. */
static const char *const kinds[] = {
    "Answer",
    "Article",
    "BlogPosting",
    "Book",
    "Comment",
    "Course",
    "Event",
    "DiscussionForumPosting",
    "HowTo",
    "HowToSection",
    "HowToStep",
    "JobPosting",
    "NewsArticle",
    "Product",
    "ProductGroup",
    "Question",
    "Recipe",
    "ReportageNewsArticle",
    "Review",
    "Service",
    "SocialMediaPosting",
    "SoftwareApplication",
    "TechArticle",
};

static bool
is_kind(struct str name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (str_eq(name, str_from(kinds[i])))
            return true;
    return false;
}

/* "@type" is a name or a list of names. */
static bool
is_content(struct writing *w, struct str object)
{
    struct str type = json_member(object, "@type"), one;

    if (json_is_string(type))
        return is_kind(json_text(w->a, type));
    if (!json_is_array(type))
        return false;
    while (json_next(&type, &one))
        if (json_is_string(one) && is_kind(json_text(w->a, one)))
            return true;
    return false;
}

/* ---- texts ---------------------------------------------------------------------------- */

/* Some hold HTML. */
static struct str
readable(struct writing *w, struct str text)
{
    struct markdown md;
    struct dom dom;

    if (!memchr(text.p, '<', text.len) && !memchr(text.p, '&', text.len))
        return str_trim(text);
    dom_parse(w->a, text, 0, &dom);
    measure(dom.body);
    markdown_write(w->a, dom.body, &md);
    return (struct str){ md.text.data, md.text.len };
}

static void
add_text(struct writing *w, struct str value)
{
    struct str text;

    if (!json_is_string(value) || w->texts++ >= TEXTS_MAX)
        return;
    text = json_text(w->a, value);
    text = text.len > 0 ? readable(w, text) : text;
    if (text.len == 0 || memmem(w->out->data, w->out->len, text.p, text.len))
        return;
    buf_add_str(w->out, w->out->len > 0 ? "\n\n" : "");
    buf_add(w->out, text.p, text.len);
}

static void
add_texts(struct writing *w, struct str value)
{
    struct str one;

    add_text(w, value);
    if (!json_is_array(value))
        return;
    while (json_next(&value, &one))
        add_text(w, one);
}

static void
add_price(struct writing *w, struct str object)
{
    struct str price = json_member(object, "price");
    struct str currency = json_member(object, "priceCurrency");

    if (price.len == 0 || price.len > 20 || !json_is_string(currency) || currency.len > 5)
        return;
    if (json_is_string(price))
        price = json_text(w->a, price);
    currency = json_text(w->a, currency);
    buf_printf(w->out, "\n\n%.*s %.*s", (int)price.len, price.p, (int)currency.len, currency.p);
}

static void
add_content(struct writing *w, struct str object)
{
    static const char *const members[] = {
        "headline",   "name",        "articleBody",      "text",
        "reviewBody", "description", "recipeIngredient", "recipeInstructions",
    };

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
        add_texts(w, json_member(object, members[i]));
}

/* ---- things in things ------------------------------------------------------------------- */

static void
walk(struct writing *w, struct str value, int depth)
{
    struct str key, one;
    size_t at = 0;

    if (depth == DEPTH_MAX)
        return;
    if (json_is_array(value)) {
        while (json_next(&value, &one))
            walk(w, one, depth + 1);
        return;
    }
    if (!json_is_object(value))
        return;
    if (is_content(w, value))
        add_content(w, value);
    add_price(w, value);
    while (json_each(value, &at, &key, &one))
        if (json_is_object(one) || json_is_array(one))
            walk(w, one, depth + 1);
}

/* Many are written with line breaks in strings, which JSON does not have. */
static struct str
cleaned(struct arena *a, struct str json)
{
    char *copy = arena_strndup(a, json.p, json.len);

    for (size_t i = 0; i < json.len; i++)
        if ((unsigned char)copy[i] < ' ')
            copy[i] = ' ';
    json_mend(copy);
    return (struct str){ copy, json.len };
}

void
structured_write(struct arena *a, const struct dom *dom, struct buf *out)
{
    struct writing w = { a, out, 0 };

    for (size_t i = 0; i < dom->data_count; i++) {
        struct str json = cleaned(a, dom->data[i]);

        if (!json_check(a, json.p, json.len).code)
            walk(&w, json_value(json), 0);
    }
}

/* ---- the text of an article ----------------------------------------------------------------- */

static void
find_body(struct str value, int depth, struct str *longest)
{
    struct str key, one;
    size_t at = 0;

    if (depth == DEPTH_MAX)
        return;
    one = json_is_object(value) ? json_member(value, "articleBody") : (struct str){ "", 0 };
    if (json_is_string(one) && one.len > longest->len)
        *longest = one;
    if (json_is_array(value)) {
        while (json_next(&value, &one))
            find_body(one, depth + 1, longest);
        return;
    }
    while (json_is_object(value) && json_each(value, &at, &key, &one))
        find_body(one, depth + 1, longest);
}

struct str
structured_body(struct arena *a, const struct dom *dom)
{
    struct writing w = { a, NULL, 0 };
    struct str longest = { "", 0 };

    for (size_t i = 0; i < dom->data_count; i++) {
        struct str json = dom->data[i];

        if (!memmem(json.p, json.len, "\"articleBody\"", 13))
            continue;
        json = cleaned(a, json);
        if (!json_check(a, json.p, json.len).code)
            find_body(json_value(json), 0, &longest);
    }
    return longest.len > 0 ? readable(&w, json_text(a, longest)) : longest;
}
