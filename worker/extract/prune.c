#include "worker/extract/prune.h"

#include "worker/extract/class_words.h"
#include "worker/extract/dom.h"
#include "worker/extract/measure.h"

#define BYLINE_CHARS 200 /* a longer text is not who wrote it */
#define TITLE_CHARS  25  /* of a title of an article in a list, on average */
#define TITLES_LEAST 3
#define APART_CHARS  300 /* that a page has beside what is not its content */
#define BEHIND_LEAST 700 /* characters of a text that links stand below */

/* Characters that a text has without its comments, to be one. */
#define COMMENTED_LEAST ((uint32_t)700)
#define ARTICLE_LEAST   ((uint32_t)300) /* likewise, of a page that says that it is an article */
#define COMMENTED_MOST  ((uint32_t)2000)

/* ---- what is around the content -------------------------------------------------- */

static bool
has_frame_role(const struct dom_node *n)
{
    static const char *const roles[] = {
        "navigation",  "banner", "contentinfo", "search",        "dialog",
        "alertdialog", "menu",   "menubar",     "complementary", "toolbar",
    };
    struct str role = dom_attr(n, DOM_ROLE);

    for (size_t i = 0; role.len > 0 && i < sizeof(roles) / sizeof(roles[0]); i++)
        if (str_eq_nocase(role, str_from(roles[i])))
            return true;
    return false;
}

static bool
has_main_heading(const struct dom_node *n)
{
    for (const struct dom_node *i = n; i; i = dom_next(i, n))
        if (i->tag == TAG_H1)
            return true;
    return false;
}

static bool
is_frame(const struct dom_node *n)
{
    switch ((unsigned)n->tag) {
    case TAG_NAV:
    case TAG_FOOTER:
        return true;
    case TAG_ASIDE:
    case TAG_HEADER:
        return !has_main_heading(n);
    default:
        return has_frame_role(n);
    }
}

static bool
is_named_frame(struct dom_node *n, const struct dom_measure *all, bool article)
{
    unsigned says;

    if (!n->attrs || n->tag == TAG_MAIN || n->tag == TAG_ARTICLE)
        return false;
    says = n->words;
    if ((says & CLASS_SOFT) && n->m.mass * 2 < n->m.chars)
        says |= CLASS_FRAME;
    if (article && (says & CLASS_BYLINE) && n->m.mass == 0 && n->m.chars < BYLINE_CHARS)
        says |= CLASS_FRAME;
    return (says & CLASS_FRAME) != 0 &&
           !((says & CLASS_CONTENT) && n->m.chars > all->chars * 15 / 100) && !has_main_heading(n);
}

/* Most of a page is not around its content, whatever it is called. */
static bool
is_big(const struct dom_node *n, const struct dom_measure *all)
{
    if (all->mass < 200)
        return n->m.chars > all->chars / 2;
    return n->m.chars > all->chars / 4 && n->m.mass > all->mass * 2 / 5;
}

static bool
has_content(const struct dom_node *top)
{
    const struct dom_node *n = top;

    while (n) {
        if (!n->gone && (n->tag == TAG_H1 || n->tag == TAG_MAIN || n->tag == TAG_ARTICLE))
            return true;
        n = n->gone ? dom_after(n, top) : dom_next(n, top);
    }
    return false;
}

/*
 * What a page ends with, or has at its side, may be longer than its content, and is not it: when
 * that is elsewhere. So may a menu that unfolds be; and a foot without paragraphs is no content at
 * all, though a page that scripts fill may have nothing else.
 */
static bool
is_apart(const struct dom_node *n, const struct dom_node *body, const struct dom_measure *all)
{
    bool foot = n->tag == TAG_FOOTER, side = n->tag == TAG_ASIDE || (n->words & CLASS_FRAME);
    bool elsewhere = measure_plain(body) >= measure_plain(n) + APART_CHARS;

    if (n->tag == TAG_NAV)
        return elsewhere;
    if (foot && n->m.mass < n->m.chars / 2)
        return !has_content(n);
    if ((!foot && !side) || n->m.chars > all->chars / 5 * 4 || (!foot && !elsewhere))
        return false;
    return !has_content(n) && (foot || has_content(body));
}

void
prune_frame(struct dom_node *body, bool by_words, bool article)
{
    const struct dom_measure all = body->m;
    struct dom_node *n = body->first;
    bool any = false;

    while (n) {
        if (!n->gone && n->tag != TAG_STRING && (!is_big(n, &all) || is_apart(n, body, &all))) {
            n->gone = is_frame(n) || (by_words && is_named_frame(n, &all, article));
            any |= n->gone;
        }
        n = n->gone ? dom_after(n, body) : dom_next(n, body);
    }
    if (any)
        measure(body);
}

/* ---- comments --------------------------------------------------------------------- */

/* Mark them, or only say how much there is of them. */
static uint32_t
comments(struct dom_node *body, bool mark)
{
    uint32_t chars = 0;
    struct dom_node *n = body->first;

    while (n) {
        bool comment = !n->gone && n->attrs && n->tag != TAG_BODY && (n->words & CLASS_COMMENT);

        if (comment) {
            chars += n->m.chars;
            n->gone = mark;
        }
        n = comment || n->gone ? dom_after(n, body) : dom_next(n, body);
    }
    return chars;
}

void
prune_comments(struct dom_node *body, bool article)
{
    uint32_t chars = comments(body, false), all = body->m.chars;
    uint32_t least = all / 100 * 35;

    least = article                   ? ARTICLE_LEAST
            : least < COMMENTED_LEAST ? COMMENTED_LEAST
            : least > COMMENTED_MOST  ? COMMENTED_MOST
                                      : least;
    if (chars == 0 || all < chars || all - chars <= least)
        return;
    (void)comments(body, true);
    measure(body);
}

/* ---- links ------------------------------------------------------------------------ */

static bool
is_box(enum tag tag)
{
    return tag == TAG_UL || tag == TAG_OL || tag == TAG_TABLE || tag == TAG_DIV ||
           tag == TAG_SECTION || tag == TAG_DL || tag == TAG_MENU;
}

static bool
is_made_of_links(const struct dom_measure *m)
{
    if (m->links >= 3 && m->linked > m->chars / 5 * 3 && m->chars < 3000 &&
        m->chars / m->links < 60)
        return true;
    return m->links >= 2 && m->linked > m->chars / 5 * 4 && m->chars / m->links < 40;
}

/* Where a box is: characters that are not in links, before it and after it. */
struct place {
    uint64_t before, after, all;
};

static size_t
count_images(const struct dom_node *n)
{
    size_t images = 0;

    for (const struct dom_node *i = n; i; i = dom_next(i, n))
        images += i->tag == TAG_IMG && !i->gone;
    return images;
}

/* A list of links that belongs to the text stands between its paragraphs. */
static bool
is_in_prose(const struct dom_node *n, const struct place *p)
{
    return p->before * 20 >= p->all && p->after * 20 >= p->all &&
           (n->m.links <= 5 || count_images(n) == 0);
}

static bool
is_in_main(const struct dom_node *n)
{
    while (n && n->tag != TAG_MAIN && !dom_has_role(n, STR("main")))
        n = n->parent;
    return n != NULL;
}

/*
 * On a page that has little else, a list of some size is what the page is for, unless that is an
 * article; and so are the titles that a front page lists in its main element.
 */
static bool
is_purpose(const struct dom_node *n, const struct dom_node *body, const struct place *p,
           bool article)
{
    if (p->before == 0 || p->all * 2 >= body->m.chars)
        return false;
    if (n->m.links >= TITLES_LEAST && n->m.chars >= TITLE_CHARS * n->m.links && is_in_main(n))
        return true;
    return !article && p->all < 1500 && n->m.chars >= body->m.chars / 10 &&
           n->m.chars >= 12 * n->m.links;
}

/* Below a text: links and nothing else, however much they say. */
static bool
is_teaser_list(const struct dom_measure *m, const struct place *p)
{
    return m->links >= 3 && m->linked > m->chars / 20 * 19 && p->before >= BEHIND_LEAST &&
           p->before * 3 >= p->all * 2;
}

void
prune_links(struct dom_node *body, bool article)
{
    struct place p = { 0, 0, measure_plain(body) };
    const uint32_t most = body->m.chars / 20 * 7;
    struct dom_node *n = body->first;
    bool any = false;

    while (n) {
        bool stands = n->gone || dom_has_role(n, STR("tabpanel"));

        if (!stands && is_box(n->tag) && n->m.chars > 0 &&
            (is_made_of_links(&n->m) || (article && is_teaser_list(&n->m, &p)))) {
            p.after = p.all - p.before - measure_plain(n);
            stands = n->m.chars <= most && (is_in_prose(n, &p) || is_purpose(n, body, &p, article));
            n->gone = n->m.chars <= most && !stands;
            any |= n->gone;
        }
        if (!n->gone && (stands || n->tag == TAG_STRING || n->tag == TAG_A))
            p.before += measure_plain(n);
        n = n->gone || stands || n->tag == TAG_A ? dom_after(n, body) : dom_next(n, body);
    }
    if (any)
        measure(body);
}
