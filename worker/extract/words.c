#include "worker/extract/words.h"

#include <stdlib.h>

#define WORD_MAX 24 /* bytes; no longer ones are in the table */

struct word {
    const char *text; /* pairs are joined by a hyphen */
    unsigned says;
};

/* Sorted, for bsearch(). */
static const struct word table[] = {
    { "about-author", WORDS_FRAME },
    { "ad", WORDS_FRAME },
    { "ad-free", 0 },
    { "ad-slot", WORDS_FRAME },
    { "ad-unit", WORDS_FRAME },
    { "addthis", WORDS_FRAME },
    { "addtoany", WORDS_FRAME },
    { "ads", WORDS_FRAME },
    { "adsense", WORDS_FRAME },
    { "advert", WORDS_FRAME },
    { "advertisement", WORDS_FRAME },
    { "advertisements", WORDS_FRAME },
    { "advertising", WORDS_FRAME },
    { "alert-bar", WORDS_FRAME },
    { "also-bought", WORDS_FRAME },
    { "also-like", WORDS_FRAME },
    { "also-viewed", WORDS_FRAME },
    { "announcement", WORDS_FRAME },
    { "article", WORDS_CONTENT },
    { "article-meta", WORDS_FRAME },
    { "author-bio", WORDS_FRAME },
    { "author-box", WORDS_FRAME },
    { "author-card", WORDS_FRAME },
    { "author-info", WORDS_FRAME },
    { "author-meta", WORDS_FRAME },
    { "avatar", WORDS_FRAME },
    { "banner", WORDS_SOFT },
    { "banner-content", 0 },
    { "basket", WORDS_FRAME },
    { "bbwrapper", WORDS_CONTENT },
    { "body", WORDS_CONTENT },
    { "breadcrumb", WORDS_FRAME },
    { "breadcrumbs", WORDS_FRAME },
    { "byline", WORDS_FRAME },
    { "card-banner", 0 },
    { "card-footer", 0 },
    { "cart", WORDS_FRAME },
    { "cart-form", 0 },
    { "catlinks", WORDS_FRAME },
    { "chat-widget", WORDS_FRAME },
    { "cky", WORDS_FRAME },
    { "colophon", WORDS_FRAME },
    { "comment", WORDS_COMMENT },
    { "comment-form", WORDS_FRAME },
    { "comments", WORDS_COMMENT },
    { "comments-area", 0 },
    { "consent", WORDS_FRAME },
    { "content", WORDS_CONTENT },
    { "content-widget", 0 },
    { "contributors", WORDS_FRAME },
    { "cookie", WORDS_FRAME },
    { "cookiebanner", WORDS_FRAME },
    { "cookies", WORDS_FRAME },
    { "copyright", WORDS_FRAME },
    { "cross-sell", WORDS_FRAME },
    { "crosssell", WORDS_FRAME },
    { "description", WORDS_CONTENT },
    { "dfp", WORDS_FRAME },
    { "disclaimer", WORDS_FRAME },
    { "discussion", WORDS_COMMENT },
    { "disqus", WORDS_COMMENT },
    { "doc", WORDS_CONTENT },
    { "docs-sidebar", WORDS_FRAME },
    { "document", WORDS_CONTENT },
    { "downvote", WORDS_FRAME },
    { "drawer", WORDS_FRAME },
    { "dropdown", WORDS_FRAME },
    { "edit-page", WORDS_FRAME },
    { "edit-this", WORDS_FRAME },
    { "editsection", WORDS_FRAME },
    { "elementor-widget", 0 },
    { "email-signup", WORDS_FRAME },
    { "entry", WORDS_CONTENT },
    { "entry-footer", WORDS_FRAME },
    { "entry-meta", WORDS_FRAME },
    { "facet", WORDS_FRAME },
    { "facets", WORDS_FRAME },
    { "feedback", WORDS_FRAME },
    { "filter", WORDS_FRAME },
    { "filter-results", 0 },
    { "filters", WORDS_FRAME },
    { "follow-us", WORDS_FRAME },
    { "food-menu", 0 },
    { "foot", WORDS_FRAME },
    { "footer", WORDS_FRAME },
    { "gdpr", WORDS_FRAME },
    { "gpt-ad", WORDS_FRAME },
    { "has-banner", 0 },
    { "has-menu", 0 },
    { "has-overlay", 0 },
    { "has-related", 0 },
    { "has-sidebar", 0 },
    { "hatnote", WORDS_FRAME },
    { "headerlink", WORDS_FRAME },
    { "hero-banner", 0 },
    { "hidden", WORDS_FRAME },
    { "hidden-lg", 0 },
    { "hidden-md", 0 },
    { "hidden-mobile", 0 },
    { "hidden-sm", 0 },
    { "hidden-xs", 0 },
    { "image-overlay", 0 },
    { "interstitial", WORDS_FRAME },
    { "jp-relatedposts", WORDS_FRAME },
    { "jump-link", WORDS_FRAME },
    { "jump-links", WORDS_FRAME },
    { "jumplinks", WORDS_FRAME },
    { "jumplinks-section", 0 },
    { "lang-switcher", WORDS_FRAME },
    { "language-switcher", WORDS_FRAME },
    { "latest-news", WORDS_FRAME },
    { "latest-posts", WORDS_FRAME },
    { "lg-hidden", 0 },
    { "lightbox", WORDS_FRAME },
    { "live-chat", WORDS_FRAME },
    { "login", WORDS_FRAME },
    { "mailing-list", WORDS_FRAME },
    { "main", WORDS_CONTENT },
    { "markdown", WORDS_CONTENT },
    { "masthead", WORDS_FRAME },
    { "md-hidden", 0 },
    { "mega-menu", WORDS_FRAME },
    { "megamenu", WORDS_FRAME },
    { "menu", WORDS_FRAME },
    { "menu-category", 0 },
    { "menu-section", 0 },
    { "message", WORDS_CONTENT },
    { "message-signature", WORDS_FRAME },
    { "message-user", 0 },
    { "meta-wrapper", WORDS_FRAME },
    { "metadata", WORDS_FRAME },
    { "mini-cart", WORDS_FRAME },
    { "minicart", WORDS_FRAME },
    { "modal", WORDS_FRAME },
    { "more-articles", WORDS_FRAME },
    { "more-news", WORDS_FRAME },
    { "more-posts", WORDS_FRAME },
    { "more-stories", WORDS_FRAME },
    { "most-popular", WORDS_FRAME },
    { "most-read", WORDS_FRAME },
    { "most-viewed", WORDS_FRAME },
    { "mw-editsection", WORDS_FRAME },
    { "nav", WORDS_FRAME },
    { "nav-tabs", 0 },
    { "navbar", WORDS_FRAME },
    { "navbox", WORDS_FRAME },
    { "navigation", WORDS_FRAME },
    { "newsletter", WORDS_FRAME },
    { "newsletter-signup", WORDS_FRAME },
    { "next-link", WORDS_FRAME },
    { "next-post", WORDS_FRAME },
    { "no-menu", 0 },
    { "no-sidebar", 0 },
    { "noprint", WORDS_FRAME },
    { "notification", WORDS_FRAME },
    { "notifications", WORDS_FRAME },
    { "of-contents", WORDS_FRAME },
    { "off-canvas", WORDS_FRAME },
    { "offcanvas", WORDS_FRAME },
    { "onetrust", WORDS_FRAME },
    { "outbrain", WORDS_FRAME },
    { "overflow-hidden", 0 },
    { "overlay", WORDS_SOFT },
    { "overlay-content", 0 },
    { "overlay-text", 0 },
    { "p-breadcrumbs", WORDS_FRAME },
    { "page-banner", 0 },
    { "page-nav", WORDS_FRAME },
    { "pager", WORDS_FRAME },
    { "pagination", WORDS_FRAME },
    { "paywall", WORDS_FRAME },
    { "popup", WORDS_FRAME },
    { "popup-content", 0 },
    { "post", WORDS_CONTENT },
    { "post-author", WORDS_FRAME },
    { "post-meta", WORDS_FRAME },
    { "post-nav", WORDS_FRAME },
    { "post-profile", WORDS_FRAME },
    { "post-tags", WORDS_FRAME },
    { "post-widget", 0 },
    { "poster-info", WORDS_FRAME },
    { "postprofile", WORDS_FRAME },
    { "prev-link", WORDS_FRAME },
    { "prev-next", WORDS_FRAME },
    { "previous-post", WORDS_FRAME },
    { "print-only", WORDS_FRAME },
    { "printfooter", WORDS_FRAME },
    { "product", WORDS_CONTENT },
    { "product-cart", 0 },
    { "promo", WORDS_SOFT },
    { "promos", WORDS_SOFT },
    { "promotion", WORDS_SOFT },
    { "promotional", WORDS_SOFT },
    { "prose", WORDS_CONTENT },
    { "rail", WORDS_FRAME },
    { "reaction", WORDS_FRAME },
    { "reactions", WORDS_FRAME },
    { "read-next", WORDS_FRAME },
    { "readme", WORDS_CONTENT },
    { "recent-articles", WORDS_FRAME },
    { "recent-posts", WORDS_FRAME },
    { "recently-viewed", WORDS_FRAME },
    { "recommend", WORDS_FRAME },
    { "recommendation", WORDS_FRAME },
    { "recommendations", WORDS_FRAME },
    { "recommended", WORDS_FRAME },
    { "refine", WORDS_FRAME },
    { "regwall", WORDS_FRAME },
    { "related", WORDS_FRAME },
    { "related-articles", WORDS_FRAME },
    { "related-content", WORDS_FRAME },
    { "related-posts", WORDS_FRAME },
    { "replies", WORDS_COMMENT },
    { "respond", WORDS_COMMENT },
    { "restaurant-menu", 0 },
    { "rich-text", WORDS_CONTENT },
    { "richtext", WORDS_CONTENT },
    { "right-rail", WORDS_FRAME },
    { "screen-reader", WORDS_FRAME },
    { "scroll-top", WORDS_FRAME },
    { "search", WORDS_FRAME },
    { "search-result", 0 },
    { "search-results", 0 },
    { "section-footer", 0 },
    { "share", WORDS_FRAME },
    { "share-buttons", WORDS_FRAME },
    { "share-price", 0 },
    { "share-this", WORDS_FRAME },
    { "sharedaddy", WORDS_FRAME },
    { "sharing", WORDS_FRAME },
    { "side-bar", WORDS_FRAME },
    { "sidebar", WORDS_FRAME },
    { "sidebar-left", 0 },
    { "sidebars", WORDS_FRAME },
    { "sidenav", WORDS_FRAME },
    { "sign-up", WORDS_FRAME },
    { "signature", WORDS_FRAME },
    { "signup", WORDS_FRAME },
    { "site-footer", WORDS_FRAME },
    { "site-header", WORDS_FRAME },
    { "sitemap", WORDS_FRAME },
    { "skip-link", WORDS_FRAME },
    { "skip-links", WORDS_FRAME },
    { "skip-to", WORDS_FRAME },
    { "skiplinks", WORDS_FRAME },
    { "sm-hidden", 0 },
    { "social", WORDS_FRAME },
    { "socials", WORDS_FRAME },
    { "sort-by", WORDS_FRAME },
    { "sort-order", WORDS_FRAME },
    { "sorting", WORDS_FRAME },
    { "sphinxsidebar", WORDS_FRAME },
    { "sponsor", WORDS_FRAME },
    { "sponsored", WORDS_FRAME },
    { "sponsorship", WORDS_FRAME },
    { "sr-only", WORDS_FRAME },
    { "story", WORDS_CONTENT },
    { "submenu", WORDS_FRAME },
    { "subscribe", WORDS_FRAME },
    { "subscription", WORDS_FRAME },
    { "survey", WORDS_FRAME },
    { "swatch", WORDS_FRAME },
    { "swatches", WORDS_FRAME },
    { "tab-nav", 0 },
    { "taboola", WORDS_FRAME },
    { "tag", WORDS_SOFT },
    { "tag-cloud", WORDS_FRAME },
    { "tag-list", WORDS_FRAME },
    { "tag-page", 0 },
    { "tagcloud", WORDS_FRAME },
    { "tags", WORDS_SOFT },
    { "tags-content", 0 },
    { "teaser-list", WORDS_FRAME },
    { "text", WORDS_CONTENT },
    { "text-widget", 0 },
    { "this-helpful", WORDS_FRAME },
    { "this-page", WORDS_FRAME },
    { "thread", WORDS_CONTENT },
    { "toast", WORDS_FRAME },
    { "toc", WORDS_FRAME },
    { "toc-content", 0 },
    { "toolbar", WORDS_FRAME },
    { "tooltip", WORDS_FRAME },
    { "top-bar", WORDS_FRAME },
    { "topbar", WORDS_FRAME },
    { "trending", WORDS_FRAME },
    { "up-next", WORDS_FRAME },
    { "upsell", WORDS_FRAME },
    { "upvote", WORDS_FRAME },
    { "user-badge", WORDS_FRAME },
    { "user-details", WORDS_FRAME },
    { "user-extras", WORDS_FRAME },
    { "user-info", WORDS_FRAME },
    { "user-stats", WORDS_FRAME },
    { "user-title", WORDS_FRAME },
    { "usercentrics", WORDS_FRAME },
    { "userinfo", WORDS_FRAME },
    { "visually-hidden", WORDS_FRAME },
    { "widget", WORDS_FRAME },
    { "widget-container", 0 },
    { "widget-wrap", 0 },
    { "wishlist", WORDS_FRAME },
    { "with-sidebar", 0 },
    { "without-sidebar", 0 },
    { "wysiwyg", WORDS_CONTENT },
    { "xs-hidden", 0 },
    { "yarpp", WORDS_FRAME },
};

static int
compare(const void *key, const void *row)
{
    return strcmp(key, ((const struct word *)row)->text);
}

static const struct word *
look_up(const char *text)
{
    return bsearch(text, table, sizeof(table) / sizeof(table[0]), sizeof(table[0]), compare);
}

static bool
is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool
is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* The next word, in lower case; its length, 0 at the end. *joined: no space stands before it. */
static size_t
next_word(struct str *rest, char word[WORD_MAX], bool *joined)
{
    size_t i = 0, len = 0;

    *joined = rest->len > 0;
    while (i < rest->len && !is_lower(rest->p[i]) && !is_upper(rest->p[i])) {
        if (rest->p[i] == ' ' || rest->p[i] == '\n' || rest->p[i] == '\t')
            *joined = false;
        i++;
    }
    for (; i < rest->len && (is_lower(rest->p[i]) || is_upper(rest->p[i])); i++) {
        if (len > 0 && is_upper(rest->p[i]) && is_lower(rest->p[i - 1]))
            break;
        if (len < WORD_MAX - 1)
            word[len++] = str_lower(rest->p[i]);
    }
    word[len] = '\0';
    rest->p += i;
    rest->len -= i;
    return len;
}

/* Whether a utility class shows it again on wider screens: "hidden md:block". */
static bool
is_shown_when_wide(struct str names)
{
    static const char *const shows[] = { ":block", ":flex", ":grid", ":inline", ":table" };

    for (size_t i = 0; i < sizeof(shows) / sizeof(shows[0]); i++)
        if (names.len > 0 && memmem(names.p, names.len, shows[i], strlen(shows[i])))
            return true;
    return false;
}

static bool
ends_name(struct str rest)
{
    return rest.len == 0 || rest.p[0] == ' ' || rest.p[0] == '\n' || rest.p[0] == '\t';
}

/* A pair that is in the table counts in place of its two words. */
unsigned
words_of(struct str names)
{
    char before[WORD_MAX] = "", word[WORD_MAX], pair[2 * WORD_MAX + 1];
    unsigned says = 0, last = 0;
    bool joined, wide = is_shown_when_wide(names);

    while (names.len > 0 && next_word(&names, word, &joined) > 0) {
        const struct word *one = look_up(word), *both = NULL;

        joined = joined && before[0];
        if (joined) {
            snprintf(pair, sizeof(pair), "%s-%s", before, word);
            both = look_up(pair);
        }
        if (!both)
            says |= last;
        last = both ? both->says : one ? one->says : 0;
        if (strcmp(word, "hidden") == 0 && (wide || joined || !ends_name(names)))
            last = 0;
        memcpy(before, word, sizeof(before));
    }
    return says | last;
}
