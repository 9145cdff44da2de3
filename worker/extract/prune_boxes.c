/* Forms, and boxes that a heading names. */
#include "lib/arena.h"
#include "worker/extract/dom.h"
#include "worker/extract/measure.h"
#include "worker/extract/prune.h"

#define TEASER_CHARS  400 /* of a heading and what stands below it */
#define HEADING_BYTES 64  /* of a heading that is looked at; a longer one is about something */

/* ---- forms ------------------------------------------------------------------------ */

static size_t
count_fields(const struct dom_node *n)
{
    size_t fields = 0;

    for (const struct dom_node *i = n; i; i = dom_next(i, n))
        fields += i->tag == TAG_INPUT || i->tag == TAG_SELECT;
    return fields;
}

/* A form around most of the page is how it was built, not something to fill in. */
static bool
is_small(const struct dom_node *n, const struct dom_measure *all)
{
    return n->m.chars <= all->chars / 4 || (all->mass >= 200 && n->m.mass <= all->mass * 2 / 5);
}

void
prune_forms(struct dom_node *body)
{
    const struct dom_measure all = body->m;
    struct dom_node *n = body->first;
    bool any = false;

    while (n) {
        bool was = n->gone;

        if (n->tag == TAG_FORM)
            n->gone = n->gone || is_small(n, &all);
        else if (n->tag == TAG_LABEL)
            n->gone = n->gone || (n->parent->m.chars < 200 && count_fields(n->parent) > 0);
        any |= n->gone != was;
        n = n->gone ? dom_after(n, body) : dom_next(n, body);
    }
    if (any)
        measure(body);
}

/* ---- headings ----------------------------------------------------------------------- */

/* How headings begin that stand over what is not about the page's subject. */
static const char *const linking[] = {
    "related",
    "similar",
    "recommended",
    "you may also",
    "you might also",
    "you may like",
    "you might like",
    "more from",
    "more in ",
    "more on ",
    "more stories",
    "more articles",
    "more posts",
    "more news",
    "more to explore",
    "latest news",
    "latest posts",
    "latest articles",
    "latest stories",
    "latest from",
    "recent posts",
    "recent articles",
    "popular posts",
    "popular articles",
    "most read",
    "most popular",
    "most viewed",
    "trending",
    "read next",
    "read also",
    "also read",
    "up next",
    "what to read",
    "keep reading",
    "continue reading",
    "people also",
    "customers also",
    "others also",
    "recently viewed",
    "from the blog",
    "from our blog",
    "our latest",
    "editor's picks",
    "don't miss",
    "explore more",
    "discover more",
    "see also:",
    "suggested",
    "other articles",
    "other posts",
    "latest insights",
    "latest blog",
    "latest resources",
    "latest updates",
    "latest in ",
    "the latest on",
    "the latest from",
    "more headlines",
    "news for you",
    "elsewhere on",
    "from around the web",
    "from the web",
    "around the web",
    "you might be interested",
    "you may be interested",
    "next up",
    "read this next",
    "watch next",
    "top headlines",
    "recent news",
    "featured articles",
    "featured posts",
    "featured stories",
    "featured resources",
    "more insights",
    "more resources",
    "more to read",
    "more like this",
    "more reading",
    "more about ",
    "you'll also",
    "you'll love",
    "you may love",
    "you could also",
    "complete the look",
    "complete your look",
    "shop the look",
    "pairs well",
    "frequently bought",
    "bought together",
    "goes well with",
    "compare similar",
    "other products",
    "other topics",
    "other news",
    "other stories",
    "next article",
    "previous article",
    "next post",
    "previous post",
    "explore related",
    "explore our blog",
    "explore other",
    "browse other",
    "browse related",
    "quick links",
    "useful links",
    "top stories",
    "in other news",
    "hot topics",
    "hot network",
    "how other ",
    "see what other",
    "pages in this section",
    "\xc3\xa4hnliche",
    "\xc3\x84hnliche",
    "weitere artikel",
    "weitere beitr",
    "weitere news",
    "aktuelle beitr",
    "neueste beitr",
    "meistgelesen",
    "das k\xc3\xb6nnte",
    "mehr zum thema",
    "auch interessant",
    "verwandte",
    "\xc3\xa0 lire aussi",
    "articles similaires",
    "sur le m\xc3\xaame sujet",
    "art\303\255culos relacionados",
    "te puede interesar",
    "tambi\xc3\xa9n te",
    "noticias relacionadas",
    "articoli correlati",
    "leggi anche",
    "lees ook",
    "leia tamb\xc3\xa9m",
};

static const char *const asking[] = {
    "share this",
    "share on",
    "share article",
    "follow us",
    "subscribe",
    "sign up",
    "newsletter",
    "join our newsletter",
    "stay connected",
    "stay updated",
    "stay up to date",
    "get the latest",
    "about the author",
    "about author",
    "leave a reply",
    "leave a comment",
    "post a comment",
    "add a comment",
    "write a comment",
    "was this helpful",
    "was this page",
    "did you find this",
    "advertisement",
    "sponsored",
    "customer review",
    "user reviews",
    "community reviews",
    "ratings & reviews",
    "ratings and reviews",
    "write a review",
    "verified reviews",
    "author bio",
    "about this author",
    "meet the author",
    "written by",
    "join the conversation",
    "join the discussion",
    "log in to",
    "sign in to",
    "get our newsletter",
    "never miss",
    "not the answer",
    "know someone who",
    "your answer",
    "users browsing",
    "who is viewing",
    "who is online",
    "posting permissions",
    "posting rules",
    "thread tools",
    "forum permissions",
    "members online",
    "report this",
    "rate this",
    "start your free",
    "get started for free",
    "support us",
    "support our",
    "donate",
    "enjoyed this",
    "like this article",
    "found this",
    "cookie",
    "we use cookies",
    "your privacy",
    "teilen",
    "partager",
    "compartir",
    "privacy preference",
};

static bool
begins(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str start = str_from(list[i]), s = str_from(text);

        s.len = s.len < start.len ? s.len : start.len;
        if (str_eq_nocase(s, start))
            return true;
    }
    return false;
}

/* The outermost box that begins with this node and is small. */
static struct dom_node *
box_of(struct dom_node *n, uint32_t most)
{
    struct dom_node *box = n;

    for (struct dom_node *p = n->parent; p && p->tag != TAG_BODY; p = p->parent) {
        const struct dom_node *first = p->first;

        while (first && first != box && (first->gone || first->m.chars == 0))
            first = first->next;
        if (first != box || p->m.chars > most || p->tag == TAG_MAIN || p->tag == TAG_ARTICLE)
            break;
        box = p;
    }
    return box;
}

/* What follows a heading up to the next of its level or above: whether most of it is links. */
static bool
leads_to_links(const struct dom_node *heading)
{
    struct dom_measure m = { 0 };

    for (const struct dom_node *i = heading->next; i && m.chars < 4000; i = i->next) {
        int level = tag_heading_level(i->tag);

        if (level > 0 && level <= tag_heading_level(heading->tag))
            break;
        if (i->gone)
            continue;
        m.chars += i->m.chars;
        m.linked += i->m.linked;
    }
    return m.chars < 4000 && m.linked * 2 > m.chars;
}

static void
drop_section(struct dom_node *heading)
{
    int level = tag_heading_level(heading->tag);

    heading->gone = true;
    for (struct dom_node *i = heading->next; i; i = i->next) {
        int other = tag_heading_level(i->tag);

        if (other > 0 && other <= level)
            break;
        i->gone = true;
    }
}

/* Whether something is gone. */
static bool
judge(struct arena *a, struct dom_node *n, const struct dom_measure *all, uint64_t before)
{
    const char *text = dom_text(a, n, HEADING_BYTES);
    bool links = begins(text, linking, sizeof(linking) / sizeof(linking[0]));
    uint32_t most = all->chars / (links && before >= all->chars / 2 ? 2 : 4);
    struct dom_node *box;

    if (n->m.chars >= HEADING_BYTES ||
        (!links && !begins(text, asking, sizeof(asking) / sizeof(asking[0]))))
        return false;
    box = box_of(n, most);
    if (box != n && (!links || box->m.links > 0))
        box->gone = true;
    else if (box == n && links && leads_to_links(n))
        drop_section(n);
    else
        return false;
    return true;
}

void
prune_headed(struct arena *scratch, struct dom_node *body)
{
    const struct dom_measure all = body->m;
    struct dom_node *n = body->first;
    uint64_t before = 0; /* characters above it */
    bool any = false;

    while (n) {
        if (!n->gone && tag_heading_level(n->tag) > 1)
            any |= judge(scratch, n, &all, before);
        before += !n->gone && n->tag == TAG_STRING ? n->m.chars : 0;
        n = n->gone ? dom_after(n, body) : dom_next(n, body);
    }
    if (any)
        measure(body);
}

/* ---- teasers ------------------------------------------------------------------------ */

struct teasers {
    uint32_t headings, linked; /* headings, and those that are links */
};

static bool
is_linked(const struct dom_node *heading, const struct dom_node *top)
{
    for (const struct dom_node *i = heading; i != top; i = i->parent)
        if (i->tag == TAG_A)
            return true;
    return heading->m.chars > 0 && heading->m.linked + 2 >= heading->m.chars;
}

static struct teasers
count_teasers(const struct dom_node *n)
{
    struct teasers t = { 0, 0 };

    for (const struct dom_node *i = n->first; i; i = i->gone ? dom_after(i, n) : dom_next(i, n)) {
        if (i->gone || tag_heading_level(i->tag) == 0 || i->m.chars == 0)
            continue;
        t.headings++;
        t.linked += is_linked(i, n);
    }
    return t;
}

/* Two or more headings that are links, with little below each; one may stand over all. */
static bool
is_teasers(const struct dom_node *n, const struct dom_measure *all)
{
    struct teasers t;

    if ((n->tag != TAG_DIV && n->tag != TAG_SECTION && n->tag != TAG_UL && n->tag != TAG_OL) ||
        n->m.links < 2 || n->m.chars > all->chars / 5)
        return false;
    t = count_teasers(n);
    return t.linked >= 2 && t.headings - t.linked <= 1 && n->m.chars / t.linked < TEASER_CHARS;
}

void
prune_teasers(struct dom_node *body)
{
    const struct dom_measure all = body->m;
    struct dom_node *n = body->first;
    bool any = false;

    if (all.mass < all.chars / 2)
        return;
    while (n) {
        bool was = n->gone;

        n->gone = n->gone || is_teasers(n, &all);
        any |= n->gone != was;
        n = n->gone ? dom_after(n, body) : dom_next(n, body);
    }
    if (any)
        measure(body);
}
