#include "worker/extract/class_words.h"

#include <stdlib.h>

#define WORD_MAX 24 /* bytes; no longer ones are in the table */

struct word {
    const char *text; /* pairs are joined by a hyphen */
    unsigned says;
};

/* Sorted, for bsearch(). */
static const struct word table[] = {
    { "about-author", CLASS_FRAME },
    { "ad", CLASS_FRAME },
    { "ad-free", 0 },
    { "ad-slot", CLASS_FRAME },
    { "ad-unit", CLASS_FRAME },
    { "addthis", CLASS_FRAME },
    { "addtoany", CLASS_FRAME },
    { "ads", CLASS_FRAME },
    { "adsense", CLASS_FRAME },
    { "advert", CLASS_FRAME },
    { "advertisement", CLASS_FRAME },
    { "advertisements", CLASS_FRAME },
    { "advertising", CLASS_FRAME },
    { "alert-bar", CLASS_FRAME },
    { "also-bought", CLASS_FRAME },
    { "also-like", CLASS_FRAME },
    { "also-viewed", CLASS_FRAME },
    { "announcement", CLASS_FRAME },
    { "article", CLASS_CONTENT },
    { "article-meta", CLASS_FRAME },
    { "author-bio", CLASS_FRAME },
    { "author-box", CLASS_FRAME },
    { "author-card", CLASS_FRAME },
    { "author-info", CLASS_FRAME },
    { "author-meta", CLASS_FRAME },
    { "avatar", CLASS_FRAME },
    { "banner", CLASS_SOFT },
    { "banner-content", 0 },
    { "basket", CLASS_FRAME },
    { "bbwrapper", CLASS_CONTENT },
    { "body", CLASS_CONTENT },
    { "breadcrumb", CLASS_FRAME },
    { "breadcrumbs", CLASS_FRAME },
    { "byline", CLASS_FRAME },
    { "card-banner", 0 },
    { "card-footer", 0 },
    { "cart", CLASS_FRAME },
    { "cart-form", 0 },
    { "catlinks", CLASS_FRAME },
    { "chat-widget", CLASS_FRAME },
    { "cky", CLASS_FRAME },
    { "colophon", CLASS_FRAME },
    { "comment", CLASS_COMMENT },
    { "comment-form", CLASS_FRAME },
    { "comments", CLASS_COMMENT },
    { "comments-area", 0 },
    { "consent", CLASS_FRAME },
    { "content", CLASS_CONTENT },
    { "content-widget", 0 },
    { "contributors", CLASS_FRAME },
    { "cookie", CLASS_FRAME },
    { "cookiebanner", CLASS_FRAME },
    { "cookies", CLASS_FRAME },
    { "copyright", CLASS_FRAME },
    { "cross-sell", CLASS_FRAME },
    { "crosssell", CLASS_FRAME },
    { "description", CLASS_CONTENT },
    { "dfp", CLASS_FRAME },
    { "disclaimer", CLASS_FRAME },
    { "discussion", CLASS_COMMENT },
    { "disqus", CLASS_COMMENT },
    { "doc", CLASS_CONTENT },
    { "docs-sidebar", CLASS_FRAME },
    { "document", CLASS_CONTENT },
    { "downvote", CLASS_FRAME },
    { "drawer", CLASS_FRAME },
    { "dropdown", CLASS_FRAME },
    { "edit-page", CLASS_FRAME },
    { "edit-this", CLASS_FRAME },
    { "editsection", CLASS_FRAME },
    { "elementor-widget", 0 },
    { "email-signup", CLASS_FRAME },
    { "entry", CLASS_CONTENT },
    { "entry-footer", CLASS_FRAME },
    { "entry-meta", CLASS_FRAME },
    { "facet", CLASS_FRAME },
    { "facets", CLASS_FRAME },
    { "feedback", CLASS_FRAME },
    { "filter", CLASS_FRAME },
    { "filter-results", 0 },
    { "filters", CLASS_FRAME },
    { "follow-us", CLASS_FRAME },
    { "food-menu", 0 },
    { "foot", CLASS_FRAME },
    { "footer", CLASS_FRAME },
    { "gdpr", CLASS_FRAME },
    { "gpt-ad", CLASS_FRAME },
    { "has-banner", 0 },
    { "has-menu", 0 },
    { "has-overlay", 0 },
    { "has-related", 0 },
    { "has-sidebar", 0 },
    { "hatnote", CLASS_FRAME },
    { "headerlink", CLASS_FRAME },
    { "hero-banner", 0 },
    { "hidden", CLASS_FRAME },
    { "hidden-lg", 0 },
    { "hidden-md", 0 },
    { "hidden-mobile", 0 },
    { "hidden-sm", 0 },
    { "hidden-xs", 0 },
    { "image-overlay", 0 },
    { "interstitial", CLASS_FRAME },
    { "jp-relatedposts", CLASS_FRAME },
    { "jump-link", CLASS_FRAME },
    { "jump-links", CLASS_FRAME },
    { "jumplinks", CLASS_FRAME },
    { "jumplinks-section", 0 },
    { "lang-switcher", CLASS_FRAME },
    { "language-switcher", CLASS_FRAME },
    { "latest-news", CLASS_FRAME },
    { "latest-posts", CLASS_FRAME },
    { "lg-hidden", 0 },
    { "lightbox", CLASS_FRAME },
    { "live-chat", CLASS_FRAME },
    { "login", CLASS_FRAME },
    { "mailing-list", CLASS_FRAME },
    { "main", CLASS_CONTENT },
    { "markdown", CLASS_CONTENT },
    { "masthead", CLASS_FRAME },
    { "md-hidden", 0 },
    { "mega-menu", CLASS_FRAME },
    { "megamenu", CLASS_FRAME },
    { "menu", CLASS_FRAME },
    { "menu-category", 0 },
    { "menu-section", 0 },
    { "message", CLASS_CONTENT },
    { "message-signature", CLASS_FRAME },
    { "message-user", 0 },
    { "meta-wrapper", CLASS_FRAME },
    { "metadata", CLASS_FRAME },
    { "mini-cart", CLASS_FRAME },
    { "minicart", CLASS_FRAME },
    { "modal", CLASS_FRAME },
    { "more-articles", CLASS_FRAME },
    { "more-news", CLASS_FRAME },
    { "more-posts", CLASS_FRAME },
    { "more-stories", CLASS_FRAME },
    { "most-popular", CLASS_FRAME },
    { "most-read", CLASS_FRAME },
    { "most-viewed", CLASS_FRAME },
    { "mw-editsection", CLASS_FRAME },
    { "nav", CLASS_FRAME },
    { "nav-tabs", 0 },
    { "navbar", CLASS_FRAME },
    { "navbox", CLASS_FRAME },
    { "navigation", CLASS_FRAME },
    { "newsletter", CLASS_FRAME },
    { "newsletter-signup", CLASS_FRAME },
    { "next-link", CLASS_FRAME },
    { "next-post", CLASS_FRAME },
    { "no-menu", 0 },
    { "no-sidebar", 0 },
    { "noprint", CLASS_FRAME },
    { "notification", CLASS_FRAME },
    { "notifications", CLASS_FRAME },
    { "of-contents", CLASS_FRAME },
    { "off-canvas", CLASS_FRAME },
    { "offcanvas", CLASS_FRAME },
    { "onetrust", CLASS_FRAME },
    { "outbrain", CLASS_FRAME },
    { "overflow-hidden", 0 },
    { "overlay", CLASS_SOFT },
    { "overlay-content", 0 },
    { "overlay-text", 0 },
    { "p-breadcrumbs", CLASS_FRAME },
    { "page-banner", 0 },
    { "page-nav", CLASS_FRAME },
    { "pager", CLASS_FRAME },
    { "pagination", CLASS_FRAME },
    { "paywall", CLASS_FRAME },
    { "popup", CLASS_FRAME },
    { "popup-content", 0 },
    { "post", CLASS_CONTENT },
    { "post-author", CLASS_FRAME },
    { "post-meta", CLASS_FRAME },
    { "post-nav", CLASS_FRAME },
    { "post-profile", CLASS_FRAME },
    { "post-tags", CLASS_FRAME },
    { "post-widget", 0 },
    { "poster-info", CLASS_FRAME },
    { "postprofile", CLASS_FRAME },
    { "prev-link", CLASS_FRAME },
    { "prev-next", CLASS_FRAME },
    { "previous-post", CLASS_FRAME },
    { "print-only", CLASS_FRAME },
    { "printfooter", CLASS_FRAME },
    { "product", CLASS_CONTENT },
    { "product-cart", 0 },
    { "promo", CLASS_SOFT },
    { "promos", CLASS_SOFT },
    { "promotion", CLASS_SOFT },
    { "promotional", CLASS_SOFT },
    { "prose", CLASS_CONTENT },
    { "rail", CLASS_FRAME },
    { "reaction", CLASS_FRAME },
    { "reactions", CLASS_FRAME },
    { "read-next", CLASS_FRAME },
    { "readme", CLASS_CONTENT },
    { "recent-articles", CLASS_FRAME },
    { "recent-posts", CLASS_FRAME },
    { "recently-viewed", CLASS_FRAME },
    { "recommend", CLASS_FRAME },
    { "recommendation", CLASS_FRAME },
    { "recommendations", CLASS_FRAME },
    { "recommended", CLASS_FRAME },
    { "refine", CLASS_FRAME },
    { "regwall", CLASS_FRAME },
    { "related", CLASS_FRAME },
    { "related-articles", CLASS_FRAME },
    { "related-content", CLASS_FRAME },
    { "related-posts", CLASS_FRAME },
    { "replies", CLASS_COMMENT },
    { "respond", CLASS_COMMENT },
    { "restaurant-menu", 0 },
    { "rich-text", CLASS_CONTENT },
    { "richtext", CLASS_CONTENT },
    { "right-rail", CLASS_FRAME },
    { "screen-reader", CLASS_FRAME },
    { "scroll-top", CLASS_FRAME },
    { "search", CLASS_FRAME },
    { "search-result", 0 },
    { "search-results", 0 },
    { "section-footer", 0 },
    { "share", CLASS_FRAME },
    { "share-buttons", CLASS_FRAME },
    { "share-price", 0 },
    { "share-this", CLASS_FRAME },
    { "sharedaddy", CLASS_FRAME },
    { "sharing", CLASS_FRAME },
    { "side-bar", CLASS_FRAME },
    { "sidebar", CLASS_FRAME },
    { "sidebar-left", 0 },
    { "sidebars", CLASS_FRAME },
    { "sidenav", CLASS_FRAME },
    { "sign-up", CLASS_FRAME },
    { "signature", CLASS_FRAME },
    { "signup", CLASS_FRAME },
    { "site-footer", CLASS_FRAME },
    { "site-header", CLASS_FRAME },
    { "sitemap", CLASS_FRAME },
    { "skip-link", CLASS_FRAME },
    { "skip-links", CLASS_FRAME },
    { "skip-to", CLASS_FRAME },
    { "skiplinks", CLASS_FRAME },
    { "sm-hidden", 0 },
    { "social", CLASS_FRAME },
    { "socials", CLASS_FRAME },
    { "sort-by", CLASS_FRAME },
    { "sort-order", CLASS_FRAME },
    { "sorting", CLASS_FRAME },
    { "sphinxsidebar", CLASS_FRAME },
    { "sponsor", CLASS_FRAME },
    { "sponsored", CLASS_FRAME },
    { "sponsorship", CLASS_FRAME },
    { "sr-only", CLASS_FRAME },
    { "story", CLASS_CONTENT },
    { "submenu", CLASS_FRAME },
    { "subscribe", CLASS_FRAME },
    { "subscription", CLASS_FRAME },
    { "survey", CLASS_FRAME },
    { "swatch", CLASS_FRAME },
    { "swatches", CLASS_FRAME },
    { "tab-nav", 0 },
    { "taboola", CLASS_FRAME },
    { "tag", CLASS_SOFT },
    { "tag-cloud", CLASS_FRAME },
    { "tag-list", CLASS_FRAME },
    { "tag-page", 0 },
    { "tagcloud", CLASS_FRAME },
    { "tags", CLASS_SOFT },
    { "tags-content", 0 },
    { "teaser-list", CLASS_FRAME },
    { "text", CLASS_CONTENT },
    { "text-widget", 0 },
    { "this-helpful", CLASS_FRAME },
    { "this-page", CLASS_FRAME },
    { "thread", CLASS_CONTENT },
    { "toast", CLASS_FRAME },
    { "toc", CLASS_FRAME },
    { "toc-content", 0 },
    { "toolbar", CLASS_FRAME },
    { "tooltip", CLASS_FRAME },
    { "top-bar", CLASS_FRAME },
    { "topbar", CLASS_FRAME },
    { "trending", CLASS_FRAME },
    { "up-next", CLASS_FRAME },
    { "upsell", CLASS_FRAME },
    { "upvote", CLASS_FRAME },
    { "user-badge", CLASS_FRAME },
    { "user-details", CLASS_FRAME },
    { "user-extras", CLASS_FRAME },
    { "user-info", CLASS_FRAME },
    { "user-stats", CLASS_FRAME },
    { "user-title", CLASS_FRAME },
    { "usercentrics", CLASS_FRAME },
    { "userinfo", CLASS_FRAME },
    { "visually-hidden", CLASS_FRAME },
    { "widget", CLASS_FRAME },
    { "widget-container", 0 },
    { "widget-wrap", 0 },
    { "wishlist", CLASS_FRAME },
    { "with-sidebar", 0 },
    { "without-sidebar", 0 },
    { "wysiwyg", CLASS_CONTENT },
    { "xs-hidden", 0 },
    { "yarpp", CLASS_FRAME },
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

    if (names.len == 0 || !memchr(names.p, ':', names.len))
        return false;
    for (size_t i = 0; i < sizeof(shows) / sizeof(shows[0]); i++)
        if (memmem(names.p, names.len, shows[i], strlen(shows[i])))
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
class_words(struct str names)
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
