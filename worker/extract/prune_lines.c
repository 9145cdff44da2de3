/* Lines that are no part of a text: what leads on, what is pressed, whose picture it is. */
#include "lib/str.h"
#include "worker/extract/class_words.h"
#include "worker/extract/dom.h"
#include "worker/extract/forum.h"
#include "worker/extract/line.h"
#include "worker/extract/measure.h"
#include "worker/extract/prune.h"

#define LINE_BYTES   256  /* of a line that is looked at */
#define LEAD_BYTES   36   /* of a link that only leads on */
#define BUTTON_BYTES 40   /* of a link that looks like a button */
#define COUNT_BYTES  48   /* of a line that says how much of a list is shown */
#define CREDIT_BYTES 120  /* of a line that says whose a picture is */
#define PROSE_CHARS  1000 /* of paragraphs, where captions are an addition */

/* How links begin that stand alone and only lead on. */
static const char *const leading[] = {
    "add to bag",
    "add to basket",
    "add to cart",
    "apply now",
    "back to",
    "book a ",
    "book now",
    "browse all",
    "buy now",
    "click here",
    "contact us",
    "contact sales",
    "continue read",
    "discover more",
    "download now",
    "explore more",
    "find out more",
    "follow us",
    "get a quote",
    "get in touch",
    "get started",
    "how to buy",
    "join now",
    "jump to",
    "keep reading",
    "learn more",
    "load more",
    "log in",
    "more details",
    "more info",
    "order now",
    "quick view",
    "read about",
    "read all",
    "read article",
    "read full",
    "read more",
    "read our",
    "read story",
    "read the ",
    "read case",
    "read success",
    "register now",
    "request a ",
    "see all",
    "see details",
    "see full",
    "see more",
    "see price",
    "see pricing",
    "see review",
    "select options",
    "share on",
    "shop all",
    "shop now",
    "show all",
    "show more",
    "sign in",
    "sign up",
    "skip to",
    "start a free",
    "start free",
    "start now",
    "start your",
    "subscribe",
    "try for free",
    "try free",
    "try it free",
    "try now",
    "view all",
    "view details",
    "view full",
    "view more",
    "view product",
    "watch video",
    "mehr erfahren",
    "weiterlesen",
    "mehr lesen",
    "jetzt kaufen",
    "en savoir plus",
    "lire la suite",
    "voir plus",
    "leer m\xc3\xa1s",
    "ver m\xc3\xa1s",
    "saber m\xc3\xa1s",
    "leggi tutto",
    "scopri di pi\xc3\xb9",
    "lees meer",
    "saiba mais",
    "leia mais",
    "reply",
    "register",
    "print this",
    "email this",
    "report this",
    "report post",
    "report abuse",
};

/* Lines that are of the page and not of its text. */
static const char *const whole[] = {
    "ad",
    "add to cart",
    "advertisement",
    "advertisements",
    "back to top",
    "click to expand",
    "collapse",
    "copy link",
    "expand",
    "learn more",
    "link copied",
    "load more",
    "loading",
    "quick view",
    "read more",
    "scroll to top",
    "see all",
    "see more",
    "share",
    "share this",
    "share:",
    "show less",
    "show more",
    "skip to content",
    "skip to main content",
    "sponsored",
    "table of contents",
    "tweet",
    "view all",
    "view more",
    "add to compare",
    "add to favorites",
    "add to favourites",
    "add to wish list",
    "add to wishlist",
    "ask a question",
    "click to enlarge",
    "email a friend",
    "email protected",
    "email friend",
    "email this page",
    "print this page",
    "printer friendly",
    "skip navigation",
    "tell a friend",
    "write a review",
    "in den warenkorb",
    "nach oben",
    "weiterempfehlen",
};

static const char *const credits[] = {
    "credit:",
    "credits:",
    "image by ",
    "image courtesy",
    "image credit",
    "image source",
    "image:",
    "images by ",
    "photo by ",
    "photo courtesy",
    "photo credit",
    "photo:",
    "photograph by ",
    "photograph:",
    "photographer:",
    "photography by ",
    "photos by ",
    "photos:",
    "picture by ",
    "picture credit",
    "picture:",
    "illustration by ",
    "last edited:",
    "foto:",
    "bild:",
    "cr\303\251dit photo",
    "cr\303\251dits photo",
};

/* How lines begin that say where a text is filed, or how it may be passed on. */
static const char *const filed[] = {
    "email thisblogthis", "filed in:", "filed under", "labels:", "posted in ",
    "tagged with ",       "tags: ",    "kategorien:", "schlagw",
};

static bool
is_among(const char *words, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (words[0] == list[i][0] && strcmp(words, list[i]) == 0)
            return true;
    return false;
}

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool
is_heading(const struct line *line)
{
    return tag_heading_level(line->parent->tag) > 0 ||
           (line->parent->parent && tag_heading_level(line->parent->parent->tag) > 0);
}

/* A value, a term or a name in code is what it is: "Share" may be a right in a table. */
static bool
is_data(const struct line *line)
{
    const struct dom_node *n = line->parent;

    for (int i = 0; n && i < 4; i++, n = n->parent)
        if (n->tag == TAG_TD || n->tag == TAG_TH || n->tag == TAG_DT || n->tag == TAG_DD ||
            n->tag == TAG_CODE)
            return true;
    return false;
}

static bool
is_copyright(const char *words)
{
    return strncmp(words, "\xc2\xa9", 2) == 0 || strncmp(words, "copyright \xc2\xa9", 12) == 0 ||
           strncmp(words, "copyright 20", 12) == 0 || strstr(words, "all rights reserved");
}

/* A line in which a page says what it gains by its links, whoever wrote its text. */
static bool
is_disclosure(const char *words)
{
    static const char *const says[] = {
        "contains affiliate links",   "earn a small commission",  "may contain affiliate links",
        "may earn a commission",      "may earn an affiliate",    "may earn commission",
        "may receive a commission",   "may receive an affiliate", "may receive commission",
        "we may receive compensation"
    };

    for (size_t i = 0; i < COUNT(says); i++)
        if (strstr(words, says[i]))
            return true;
    return false;
}

/* "Showing 1 to 12 of 27 products", "Page 1 of 8" */
static bool
is_count(const char *words, size_t len)
{
    static const char *const starts[] = { "showing ", "displaying ", "viewing ", "page " };
    size_t digits = 0;

    if (len >= COUNT_BYTES || !line_begins(words, starts, COUNT(starts)))
        return false;
    for (const char *p = words + 1; *p; p++)
        digits += *p >= '0' && *p <= '9' && p[-1] == ' ';
    return digits >= 2 && strstr(words, " of ");
}

static bool
leads_on(const struct line *line, const char *words, size_t len)
{
    return len < LEAD_BYTES && line_begins(words, leading, COUNT(leading)) && !is_heading(line) &&
           line_is_link(line);
}

/* A link that is made to look like a button says what is done by it. */
static bool
is_button(const struct line *line, size_t len)
{
    bool button = (line->parent->words & CLASS_BUTTON) != 0, all = true;

    for (const struct dom_node *i = line->first; i != line->end; i = i->next)
        all = all && (i->gone || i->m.chars == 0 || (i->words & CLASS_BUTTON));
    return len < BUTTON_BYTES && (button || all) && !is_heading(line) && line_is_link(line);
}

struct turning {
    bool back; /* a line led to the page before */
};

/* "\xe2\x86\x90 Older title", and the newer one beside it. */
static bool
turns_pages(struct turning *t, const struct line *line, const char *words, size_t len)
{
    static const char *const back[] = { "\xe2\x86\x90", "\xc2\xab " }, *const on[] = {
        "\xe2\x86\x92", " \xc2\xbb"
    };
    bool from, to = false;

    if (is_heading(line) || !line_is_link(line))
        return false;
    from = line_begins(words, back, COUNT(back));
    for (size_t i = 0; i < COUNT(on); i++)
        to = to || (len > strlen(on[i]) && strcmp(words + len - strlen(on[i]), on[i]) == 0);
    t->back = t->back || from;
    return from || (to && t->back);
}

/* "Home > Birds > Swifts" */
static bool
is_crumbs(const struct line *line, const char *words)
{
    static const char *const home[] = { "home ", "you are here", "startseite ", "accueil ",
                                        "inicio " };
    uint32_t links = 0, linked = 0, chars = 0;

    if (!line_begins(words, home, COUNT(home)))
        return false;
    for (const struct dom_node *i = line->first; i != line->end; i = i->next) {
        links += i->gone ? 0 : i->m.links;
        linked += i->gone ? 0 : i->m.linked;
        chars += i->gone ? 0 : i->m.chars;
    }
    return links >= 2 && linked * 3 > chars;
}

static bool
is_no_text(struct turning *turning, const struct line *line, const char *words, size_t len)
{
    if (is_among(words, whole, COUNT(whole)) && (line->parent->tag != TAG_LI || line_is_link(line)))
        return true;
    if (len < CREDIT_BYTES && line_begins(words, credits, COUNT(credits)))
        return true;
    if (len < CREDIT_BYTES && line_begins(words, filed, COUNT(filed)) && line_holds_link(line))
        return true;
    if (!is_heading(line) && (is_disclosure(words) || is_count(words, len)))
        return true;
    return is_copyright(words) || is_crumbs(line, words) || leads_on(line, words, len) ||
           is_button(line, len) || turns_pages(turning, line, words, len);
}

static void
judge(void *context, const struct line *line)
{
    char buffer[LINE_BYTES], *words = buffer;
    size_t len = line_words(line, words, sizeof(buffer));
    bool whole_line = len + 1 < sizeof(buffer), gone;

    if (len == 0)
        return;
    if (strncmp(words, "\xc2\xbb ", 3) == 0) {
        words += 3;
        len -= 3;
    }
    if (is_data(line))
        gone = forum_says(line, words, len);
    else if (whole_line)
        gone = is_no_text(context, line, words, len) || forum_says(line, words, len);
    else
        gone = strstr(words, "all rights reserved") != NULL;
    if (gone)
        line_drop(line);
}

/* ---- captions ------------------------------------------------------------------------- */

static bool
shows_picture(const struct dom_node *figure)
{
    bool picture = false;

    for (const struct dom_node *i = figure; i; i = dom_next(i, figure)) {
        if (i->tag == TAG_PRE || i->tag == TAG_CODE || i->tag == TAG_TABLE ||
            i->tag == TAG_BLOCKQUOTE)
            return false;
        picture = picture || i->tag == TAG_IMG;
    }
    return picture;
}

/* "Figure 3: ..." is referred to by the text. */
static bool
is_numbered(const struct dom_node *caption)
{
    static const char *const starts[] = { "fig", "table", "listing", "abb", "tab" };
    struct line line = { (struct dom_node *)(uintptr_t)caption, caption->first, NULL };
    char words[LINE_BYTES];

    (void)line_words(&line, words, sizeof(words));
    return line_begins(words, starts, COUNT(starts));
}

static void
drop_captions(struct dom_node *body)
{
    struct dom_node *n = body->first;

    while (n) {
        if (!n->gone && n->tag == TAG_FIGCAPTION && n->parent->tag == TAG_FIGURE &&
            shows_picture(n->parent) && !is_numbered(n))
            n->gone = true;
        n = n->gone ? dom_after(n, body) : dom_next(n, body);
    }
}

void
prune_lines(struct dom_node *body)
{
    struct turning turning = { false };

    line_each(body, judge, &turning);
    if (body->m.mass >= PROSE_CHARS)
        drop_captions(body);
    measure(body);
}
