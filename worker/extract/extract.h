/*
 * Extract: from the bytes of a document to Markdown-like text and what a crawler
 * and an index want to know about it. HTML loses everything that is not its main
 * content: navigation, footers, cookie notices, boxes of related links, adverts,
 * and whatever a reader of the page would not see.
 *
 * A function of its input alone: no database, no network, no log; the one thing
 * that leaves the process is PDF, which a child with narrow limits reads. It may
 * take long (up to EXTRACT_PDF_S for PDF, tens of milliseconds for other pages), so
 * it is called on a thread of the pool. Time and memory are linear in the bytes,
 * whatever they say.
 *
 * All texts that come out are valid UTF-8 without NUL and live in the arena.
 */
#ifndef WORKER_EXTRACT_H
#define WORKER_EXTRACT_H

#include "lib/err.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define EXTRACT_BYTES_MAX (64 * 1024 * 1024) /* of a document */
#define EXTRACT_TEXT_MAX  (8 * 1024 * 1024)  /* bytes of text; what is beyond is left out */
#define EXTRACT_LINKS_MAX 20000              /* those after are left out */
#define EXTRACT_HREF_MAX  2048               /* bytes; longer ones are no links */
#define EXTRACT_TITLE_MAX 300                /* bytes of titles, headings and texts of links */
#define EXTRACT_PDF_S     20                 /* seconds of CPU, and twice that by the clock */

enum extract_type {
    EXTRACT_NONE, /* of no type that can be read */
    EXTRACT_HTML,
    EXTRACT_XHTML,
    EXTRACT_TEXT,
    EXTRACT_MARKDOWN,
    EXTRACT_PDF,
    EXTRACT_DOCX,
};

struct extract_input {
    struct str bytes;
    const char *content_type; /* the header's value; NULL without one */
    const char *url;          /* where it came from at last, or a file's name; NULL if unknown */
};

struct extract_link {
    const char *href; /* as it is written, white space trimmed: to be resolved against `base` */
    const char *text; /* what a reader sees of it, "" for images without words */
    bool nofollow;    /* rel has nofollow, ugc or sponsored */
};

/* A place that a link can point to: url#anchor. */
struct extract_heading {
    size_t offset;      /* in bytes, of the first character of its line in `text` */
    int level;          /* 1 to 6 */
    const char *text;   /* without the #s */
    const char *anchor; /* an id in the page, not escaped; "page=3" in PDF; "" without one */
};

struct extract_page {
    enum extract_type type;
    const char *charset; /* that was decided on, its name in the Encoding Standard; "" if binary */
    const char *title;   /* "" if unknown */
    const char *description; /* "" if unknown */
    const char *text; /* Markdown-like: headings, lists, tables, fences; links without targets */
    const char *language;   /* "en", ISO 639-1; "" if unknown */
    const char *canonical;  /* rel=canonical as written, to be resolved; "" without one */
    const char *base;       /* <base href> as written, to be resolved against the URL; "" without */
    const char *published;  /* "2026-01-31"; "" if unknown */
    const char *refresh;    /* where <meta http-equiv=refresh> leads, as written; "" without one */
    bool noindex, nofollow; /* <meta name=robots> */
    bool needs_js;          /* next to nothing to read, and scripts that would make the page */
    bool cut;               /* a limit was met: something is missing at the end */
    const struct extract_heading *headings;
    size_t heading_count;
    const struct extract_link *links; /* of the whole page, its navigation too, in order */
    size_t link_count;
};

/*
 * What a document is: by its Content-Type where that can be trusted, by its first
 * bytes, and by the end of its name. Cheap: the first 1,024 bytes will do.
 */
enum extract_type extract_sniff(const struct extract_input *in);

/*
 * ERR_MEDIA_TYPE for what extract_sniff() does not know; ERR_TOO_LARGE over
 * EXTRACT_BYTES_MAX; ERR_MALFORMED for a PDF or DOCX that cannot be read;
 * ERR_TIMEOUT for a PDF that took too long.
 */
struct err extract_page(struct arena *a, const struct extract_input *in,
                        struct extract_page *out) CHECKED;

#endif
