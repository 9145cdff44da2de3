#include "worker/extract/content.h"

#include "worker/extract/article.h"
#include "worker/extract/class_words.h"
#include "worker/extract/dom.h"
#include "worker/extract/measure.h"
#include "worker/extract/prune.h"

#define PEER_CHARS 60 /* of paragraphs, of an element that counts beside another of its kind */

/* ---- the element that holds the content ------------------------------------------- */

/* The share of the text, in percent, that an element must hold to be taken; 0: never. */
static uint32_t
share_needed(const struct dom_node *n)
{
    struct str prop = dom_attr(n, DOM_ITEMPROP);

    if (n->tag == TAG_MAIN || dom_has_role(n, STR("main")))
        return 50;
    if (str_eq_nocase(prop, STR("articleBody")) || str_eq_nocase(prop, STR("text")))
        return 50;
    if (n->tag == TAG_ARTICLE)
        return 60;
    if ((n->tag == TAG_DIV || n->tag == TAG_SECTION || n->tag == TAG_TD) && n->attrs &&
        (n->words & CLASS_CONTENT))
        return 80;
    return 0;
}

/* What counts of an element: where there is more of links than of text, they are the content. */
static uint64_t
weight(const struct dom_node *n, const struct dom_node *body)
{
    return body->m.linked > measure_plain(body) ? n->m.chars : measure_plain(n);
}

/* The first of an element's classes, or what it holds by its itemprop. */
static struct str
name_of(const struct dom_node *n)
{
    struct str rest, name = str_cut(str_trim(dom_attr(n, DOM_CLASS)), ' ', &rest);

    return name.len > 0 ? name : dom_attr(n, DOM_ITEMPROP);
}

/* Whether both are parts of one kind: posts of a thread, entries of a list. */
static bool
is_equal(const struct dom_node *n, const struct dom_node *other)
{
    return other->tag == n->tag && other->m.mass >= PEER_CHARS &&
           str_eq(name_of(n), name_of(other)) && (n->tag != TAG_DIV || name_of(n).len > 0);
}

static bool
is_below(const struct dom_node *n, const struct dom_node *top)
{
    while (n && n != top)
        n = n->parent;
    return n != NULL;
}

/* The smallest element that holds `root` and all that are its equals. */
static struct dom_node *
with_equals(struct dom_node *root, const struct dom_node *body)
{
    const struct dom_node *part = root;
    struct dom_node *n = body->first;

    while (n) {
        bool equal = n != root && !n->gone && n->tag != TAG_STRING && is_equal(part, n);

        while (equal && !is_below(n, root))
            root = root->parent;
        n = n->gone || equal || n == root ? dom_after(n, body) : dom_next(n, body);
    }
    return root;
}

static struct dom_node *
find_root(struct dom_node *body)
{
    uint64_t all = weight(body, body), least = all;
    struct dom_node *best = body, *n = body->first;

    while (n) {
        uint32_t share = n->gone || n->tag == TAG_STRING ? 0 : share_needed(n);
        uint64_t here = share > 0 ? weight(n, body) : 0;

        if (share > 0 && here * 100 >= share * all && here <= least) {
            best = n;
            least = here;
        }
        n = n->gone ? dom_after(n, body) : dom_next(n, body);
    }
    return best == body ? body : with_equals(best, body);
}

/* ---- from careful to careless ------------------------------------------------------ */

enum care { BY_WORDS, BY_ELEMENTS, BY_NOTHING, CARE_COUNT };

static void
restore(struct dom_node *body)
{
    for (struct dom_node *n = body->first; n; n = dom_next(n, body))
        n->gone = false;
    prune_hidden(body);
}

static struct dom_node *
attempt(struct arena *a, struct dom_node *body, enum care care, bool article)
{
    restore(body);
    prune_frame(body, care == BY_WORDS, article);
    if (care != BY_NOTHING) {
        prune_forms(body);
        prune_comments(body, article);
        prune_headed(a, body);
        if (article)
            prune_teasers(body);
        prune_links(body, article);
        prune_lines(body);
        prune_quotes(a, body);
    }
    return find_root(body);
}

struct dom_node *
content_find(struct arena *a, struct dom *dom)
{
    struct dom_node *body = dom->body, *root;
    const bool article = article_declared(dom);
    enum care best = BY_WORDS, last = BY_WORDS;
    uint32_t least, chars, best_chars;

    restore(body);
    prune_frame(body, false, false);
    prune_comments(body, article);
    least = body->m.mass / 100 * 35 > 200 ? body->m.mass / 100 * 35 : 200;
    root = attempt(a, body, BY_WORDS, article);
    best_chars = root->m.chars;
    for (int care = BY_ELEMENTS; care < CARE_COUNT && best_chars < least; care++) {
        last = (enum care)care;
        root = attempt(a, body, last, article);
        chars = root->m.chars;
        if (chars <= best_chars + best_chars / 2)
            continue;
        best = last;
        best_chars = chars;
    }
    if (last != best)
        root = attempt(a, body, best, article);
    prune_repeats(a, root);
    if (article) {
        article_keep_body(a, dom, root);
        article_trim(dom, root);
    }
    return root;
}
