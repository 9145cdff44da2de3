/*
 * Dom: the tree of an HTML document, and the one place that knows the parser.
 *
 * The bytes first pass the guard (guard.h), which bounds depth, attributes and
 * everything else that could make a parser slow or deep, and leaves scripts and
 * styles out; then an HTML5 parser builds its tree, which is copied to this one:
 * small nodes in the arena, with those attributes only that something here reads.
 * So another parser is another dom_parse.c.
 */
#ifndef WORKER_EXTRACT_DOM_H
#define WORKER_EXTRACT_DOM_H

#include "lib/str.h"
#include "worker/extract/tag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define DOM_DEPTH_MAX 700     /* deeper elements become siblings; recursion over the tree is safe */
#define DOM_NODES_MAX 1000000 /* those after are left out */

enum dom_name {
    DOM_ALT,
    DOM_ARIA_HIDDEN,
    DOM_CLASS,
    DOM_COLSPAN,
    DOM_CONTENT,
    DOM_DATETIME,
    DOM_HIDDEN,
    DOM_HREF,
    DOM_HREFLANG,
    DOM_HTTP_EQUIV,
    DOM_ID,
    DOM_ITEMPROP,
    DOM_LANG,
    DOM_NAME,
    DOM_OPEN,
    DOM_PROPERTY,
    DOM_REL,
    DOM_ROLE,
    DOM_ROWSPAN,
    DOM_START,
    DOM_STYLE,
    DOM_TITLE,
    DOM_TYPE,
    DOM_NAME_COUNT
};

struct dom_attr {
    enum dom_name name;
    struct str value;
    struct dom_attr *next;
};

/* What the nodes below a node amount to, without those that are gone; see measure.h. */
struct dom_measure {
    uint32_t chars;  /* of text, white space collapsed */
    uint32_t linked; /* of them in links */
    uint32_t links;
    uint32_t mass; /* of them in paragraphs, not in links */
};

struct dom_node {
    enum tag tag;
    bool gone;  /* is not part of what is read, with all below it */
    bool parts; /* there are line breaks below it: blocks, or <br> */
    struct dom_node *parent, *first, *last, *next;
    unsigned words; /* enum class_words of class and id */
    struct dom_attr *attrs;
    struct str text; /* of TAG_STRING, entities decoded, white space as it was, no soft hyphens */
    struct dom_measure m;
};

struct dom {
    struct dom_node *root; /* <html> */
    struct dom_node *body;
    const struct str *data; /* the scripts that are JSON-LD */
    size_t data_count;
    size_t scripts;  /* that are not data */
    size_t noscript; /* bytes for who runs none, when they were left out */
    bool cut;        /* a limit was met */
};

/*
 * `bytes`: valid UTF-8 without NUL; `mode`: of enum guard_mode. Never fails: every text is a
 * document. The tree is in the arena, with slices of `bytes`, and so is all that the parser needed:
 * some 30 times the bytes of markup that passed the guard.
 */
void dom_parse(struct arena *a, struct str bytes, unsigned mode, struct dom *out);

/* DOM_NAME_COUNT for attributes that nothing reads. */
enum dom_name dom_name_find(struct str name);

/* The attribute's value; empty, with p NULL, when there is none. */
struct str dom_attr(const struct dom_node *n, enum dom_name name);

bool dom_has_role(const struct dom_node *n, struct str role);

/* The next node in document order within `top`; NULL after the last. */
struct dom_node *dom_next(const struct dom_node *n, const struct dom_node *top);

/* Likewise, without looking into `n`. */
struct dom_node *dom_after(const struct dom_node *n, const struct dom_node *top);

/* All text below a node, white space collapsed and trimmed, at most `max` bytes. */
const char *dom_text(struct arena *a, const struct dom_node *n, size_t max);

#endif
