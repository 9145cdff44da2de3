#include "worker/extract/article.h"

#include "worker/extract/dom.h"
#include "worker/extract/line.h"
#include "worker/extract/measure.h"

#define LINE_BYTES  96  /* of a line that is looked at */
#define TITLE_BYTES 400 /* of a title that is compared */

/* ---- what it says it is ------------------------------------------------------------- */

static bool
is_article_type(struct str type)
{
    static const char *const types[] = { "article", "blog", "blogpost", "news", "newsarticle" };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (str_eq_nocase(type, str_from(types[i])))
            return true;
    return false;
}

static bool
has_type(struct str json)
{
    static const char *const types[] = {
        "\"NewsArticle\"",          "\"BlogPosting\"",         "\"Article\"",
        "\"ReportageNewsArticle\"", "\"AnalysisNewsArticle\"", "\"OpinionNewsArticle\"",
    };

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (memmem(json.p, json.len, types[i], strlen(types[i])))
            return true;
    return false;
}

bool
article_declared(const struct dom *dom)
{
    for (size_t i = 0; i < dom->data_count; i++)
        if (has_type(dom->data[i]))
            return true;
    for (const struct dom_node *n = dom->root; n; n = dom_next(n, dom->root)) {
        if (n->tag == TAG_META && str_eq_nocase(dom_attr(n, DOM_PROPERTY), STR("og:type")))
            return is_article_type(str_trim(dom_attr(n, DOM_CONTENT)));
        if (str_eq_nocase(dom_attr(n, DOM_ITEMPROP), STR("articleBody")))
            return true;
    }
    return false;
}

/* ---- its title ---------------------------------------------------------------------- */

/* The words of all text below a node, as line_words() gives them. */
static size_t
words_of(const struct dom_node *n, char *out, size_t size)
{
    struct line line = { (struct dom_node *)(uintptr_t)n, n->first, NULL };

    return line_words(&line, out, size);
}

static const struct dom_node *
find_title(const struct dom *dom)
{
    const struct dom_node *n = dom->root;

    while (n && n->tag != TAG_TITLE)
        n = dom_next(n, dom->root);
    return n;
}

static void
drop_title(const struct dom *dom, struct dom_node *root)
{
    char title[TITLE_BYTES], heading[TITLE_BYTES];
    const struct dom_node *node = find_title(dom);
    struct dom_node *n = root;

    while (n && (n->gone || n->tag != TAG_H1))
        n = n->gone ? dom_after(n, root) : dom_next(n, root);
    if (!n || n == root || !node || words_of(node, title, sizeof(title)) == 0 ||
        words_of(n, heading, sizeof(heading)) == 0)
        return;
    n->gone = strstr(title, heading) != NULL;
}

/* ---- lines that date it --------------------------------------------------------------- */

static bool
is_month(const char *word, size_t len)
{
    static const char months[] = "jan feb mar apr may jun jul aug sep oct nov dec ";
    const char *at;

    if (len < 3)
        return false;
    at = memmem(months, sizeof(months) - 1, word, 3);
    return at && (at - months) % 4 == 0;
}

/* "march 3 2026", "published on 3 march 2026 10:04", "updated: mon 3 mar 2026". */
static bool
is_date(const char *words)
{
    static const char *const others[] = {
        "published", "published:", "updated", "updated:", "posted", "posted:", "last",
        "modified",  "on",         "at",      "first",    "date:",  "am",      "pm"
    };
    bool month = false, year = false;
    size_t len;

    for (const char *p = words; *p; p += len + (p[len] == ' ')) {
        bool known = false;

        len = strcspn(p, " ");
        for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
            known = known || (strlen(others[i]) == len && memcmp(others[i], p, len) == 0);
        if (*p >= '0' && *p <= '9' && len <= 5)
            year = year || (len == 4 && (memcmp(p, "20", 2) == 0 || memcmp(p, "19", 2) == 0));
        else if (is_month(p, len) && len <= 9)
            month = true;
        else if (!known && !(len >= 3 && memcmp(p + len - 3, "day", 3) == 0) && len != 3)
            return false;
    }
    return month && year;
}

/* "5 min read", "reading time: 5 minutes" */
static bool
is_reading_time(const char *words)
{
    return strstr(words, " min read") || strstr(words, " minute read") ||
           strstr(words, " minutes read") || strncmp(words, "reading time", 12) == 0;
}

static void
judge(void *context, const struct line *line)
{
    char words[LINE_BYTES];
    size_t len = line_words(line, words, sizeof(words));

    (void)context;
    if (len > 0 && len + 1 < sizeof(words) && tag_heading_level(line->parent->tag) == 0 &&
        line->parent->tag != TAG_TD && line->parent->tag != TAG_LI &&
        (is_date(words) || is_reading_time(words)))
        line_drop(line);
}

void
article_trim(const struct dom *dom, struct dom_node *root)
{
    drop_title(dom, root);
    line_each(root, judge, NULL);
    measure(root);
}
