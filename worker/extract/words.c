#include "worker/extract/words.h"

#include <stdlib.h>

#define WORD_MAX 24 /* bytes; no longer ones are in the table */

struct word {
    const char *text; /* pairs are joined by a hyphen */
    unsigned says;
};

/* Sorted, for bsearch(). */
static const struct word table[] = {
    { "ad", WORDS_FRAME },
    { "ads", WORDS_FRAME },
    { "advert", WORDS_FRAME },
    { "advertisement", WORDS_FRAME },
    { "also-like", WORDS_FRAME },
    { "article", WORDS_CONTENT },
    { "author-bio", WORDS_FRAME },
    { "author-box", WORDS_FRAME },
    { "author-card", WORDS_FRAME },
    { "banner", WORDS_FRAME },
    { "body", WORDS_CONTENT },
    { "breadcrumb", WORDS_FRAME },
    { "breadcrumbs", WORDS_FRAME },
    { "byline", WORDS_FRAME },
    { "comment", WORDS_COMMENT },
    { "comments", WORDS_COMMENT },
    { "consent", WORDS_FRAME },
    { "content", WORDS_CONTENT },
    { "cookie", WORDS_FRAME },
    { "cookies", WORDS_FRAME },
    { "copyright", WORDS_FRAME },
    { "description", WORDS_CONTENT },
    { "disclaimer", WORDS_FRAME },
    { "discussion", WORDS_COMMENT },
    { "disqus", WORDS_COMMENT },
    { "doc", WORDS_CONTENT },
    { "document", WORDS_CONTENT },
    { "entry", WORDS_CONTENT },
    { "foot", WORDS_FRAME },
    { "footer", WORDS_FRAME },
    { "gdpr", WORDS_FRAME },
    { "hidden", WORDS_FRAME },
    { "login", WORDS_FRAME },
    { "main", WORDS_CONTENT },
    { "markdown", WORDS_CONTENT },
    { "masthead", WORDS_FRAME },
    { "menu", WORDS_FRAME },
    { "message", WORDS_CONTENT },
    { "modal", WORDS_FRAME },
    { "more-articles", WORDS_FRAME },
    { "more-news", WORDS_FRAME },
    { "more-posts", WORDS_FRAME },
    { "more-stories", WORDS_FRAME },
    { "nav", WORDS_FRAME },
    { "navbar", WORDS_FRAME },
    { "navigation", WORDS_FRAME },
    { "newsletter", WORDS_FRAME },
    { "outbrain", WORDS_FRAME },
    { "overlay", WORDS_FRAME },
    { "pager", WORDS_FRAME },
    { "pagination", WORDS_FRAME },
    { "popup", WORDS_FRAME },
    { "post", WORDS_CONTENT },
    { "post-nav", WORDS_FRAME },
    { "prev-next", WORDS_FRAME },
    { "print-only", WORDS_FRAME },
    { "product", WORDS_CONTENT },
    { "promo", WORDS_FRAME },
    { "prose", WORDS_CONTENT },
    { "readme", WORDS_CONTENT },
    { "recommend", WORDS_FRAME },
    { "recommendation", WORDS_FRAME },
    { "recommendations", WORDS_FRAME },
    { "recommended", WORDS_FRAME },
    { "related", WORDS_FRAME },
    { "replies", WORDS_COMMENT },
    { "respond", WORDS_COMMENT },
    { "screen-reader", WORDS_FRAME },
    { "search", WORDS_FRAME },
    { "share", WORDS_FRAME },
    { "sharing", WORDS_FRAME },
    { "side-bar", WORDS_FRAME },
    { "sidebar", WORDS_FRAME },
    { "sign-up", WORDS_FRAME },
    { "signup", WORDS_FRAME },
    { "skip-link", WORDS_FRAME },
    { "social", WORDS_FRAME },
    { "socials", WORDS_FRAME },
    { "sponsor", WORDS_FRAME },
    { "sponsored", WORDS_FRAME },
    { "sr-only", WORDS_FRAME },
    { "story", WORDS_CONTENT },
    { "submenu", WORDS_FRAME },
    { "subscribe", WORDS_FRAME },
    { "subscription", WORDS_FRAME },
    { "taboola", WORDS_FRAME },
    { "tag", WORDS_FRAME },
    { "tag-list", WORDS_FRAME },
    { "tags", WORDS_FRAME },
    { "text", WORDS_CONTENT },
    { "thread", WORDS_CONTENT },
    { "toc", WORDS_FRAME },
    { "toolbar", WORDS_FRAME },
    { "visually-hidden", WORDS_FRAME },
    { "widget", WORDS_FRAME },
};

static int
compare(const void *key, const void *row)
{
    return strcmp(key, ((const struct word *)row)->text);
}

static unsigned
look_up(const char *text)
{
    const struct word *found =
        bsearch(text, table, sizeof(table) / sizeof(table[0]), sizeof(table[0]), compare);

    return found ? found->says : 0;
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

    *joined = true;
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

unsigned
words_of(struct str names)
{
    char before[WORD_MAX] = "", word[WORD_MAX], pair[2 * WORD_MAX + 1];
    unsigned says = 0;
    bool joined;

    while (next_word(&names, word, &joined) > 0) {
        says |= look_up(word);
        if (joined && before[0]) {
            snprintf(pair, sizeof(pair), "%s-%s", before, word);
            says |= look_up(pair);
        }
        memcpy(before, word, sizeof(before));
    }
    return says;
}
