/*
 * Crawl: job "crawl", one run over a website. A part of worker/crawl, which
 * alone includes this.
 *
 * On the loop, crawl.c decides what is fetched when (crawl_plan.c) and gathers
 * what came. What has gathered is a turn's: it is read on a thread (crawl_read.c), and then
 * stored on another in one transaction (crawl_store.c), which also brings the next
 * addresses. While one turn is stored the next is read, and the loop fetches on. What is
 * under "reading" and "storing" below belongs to those threads meanwhile, and the rest to
 * the loop.
 *
 * An address stays queued in the table until what came of it is stored. So
 * nothing here has to be saved when an attempt ends, by whatever.
 */
#ifndef WORKER_CRAWL_CRAWL_H
#define WORKER_CRAWL_CRAWL_H

#include "db/crawl_run.h"
#include "lib/seen.h"
#include "worker/crawl/address.h"
#include "worker/crawl/fetch.h"
#include "worker/crawl/hosts.h"
#include "worker/crawl/robots.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct attempt;
struct db;

#define CRAWL_AT_ONCE     16 /* requests of one crawl */
#define CRAWL_BATCH       32 /* answers that are stored together */
#define CRAWL_HELD_MAX    48 /* answers that wait for that: no more is fetched meanwhile */
#define CRAWL_BATCH_BYTES ((size_t)4 * 1024 * 1024)  /* of those, or one that is larger */
#define CRAWL_HELD_BYTES  ((size_t)16 * 1024 * 1024) /* of those */
#define CRAWL_WINDOW      256 /* addresses that are looked at to be fetched next */
#define CRAWL_WINDOW_LOW  96
#define CRAWL_TRIES       3    /* more, after the first */
#define CRAWL_RETRY_MS    5000 /* before the first of them; doubles */
#define CRAWL_HOPS        5
#define CRAWL_STALLS      10 /* attempts in a row that stored nothing */
#define CRAWL_SITES       64 /* scheme, host and port that one crawl meets */
#define CRAWL_SITEMAPS    200
#define CRAWL_TURNS       2 /* one is read, one is stored */
#define CRAWL_HELD                                                                                 \
    (CRAWL_WINDOW + CRAWL_AT_ONCE + CRAWL_HELD_MAX + CRAWL_AT_ONCE + CRAWL_TURNS * CRAWL_BATCH)
#define CRAWL_TELL_MS 400 /* between two entries of progress in the feed */

/* What may be fetched of one scheme, host and port. */
struct site {
    const char *origin; /* "https://example.com:8443" */
    struct host *host;
    enum { SITE_NEW, SITE_ASKED, SITE_READY, SITE_CLOSED } state;
    const char *closed;    /* the reason */
    const char *detail;    /* the same for people; may be NULL */
    struct robots *robots; /* SITE_READY */
    int64_t least_ms;      /* of robots.txt and the source */
    int64_t again_ms;      /* SITE_NEW: when robots.txt may be asked for */
    int tries, hops;
};

/* An address on its way: in the window, being fetched, fetched, being stored. */
struct item {
    struct item *prev, *next;
    struct crawler *crawl;
    struct crawl_url url; /* its texts live in `arena` */
    struct arena *arena;
    struct site *site;
    struct fetch fetch;
    enum { ITEM_PAGE, ITEM_ROBOTS, ITEM_SITEMAP } kind;
    bool fetched; /* else `reason` says why not */
    const char *reason, *detail;
    bool known;                       /* an earlier run has stored it: it needs no room */
    const char *etag, *last_modified; /* of what that run has stored */
    int nesting;                      /* ITEM_SITEMAP */
};

struct items {
    struct item *first, *last;
    size_t count;
};

/* What earlier runs, and this one, have stored. Indexes into `list`. */
struct known {
    struct crawl_known *list;
    uint64_t *prints; /* simhashes of those that are indexed; 0 for the others */
    size_t count, cap;
    struct seen by_url, by_content;
    int64_t indexed; /* pages of the source that are searched */
};

/* A batch of answers on its way through the threads. */
struct turn {
    enum { TURN_FREE, TURN_READING, TURN_READ, TURN_STORING } state;
    struct arena *work; /* emptied before each */
    struct items batch;
    struct reading *list; /* of the batch, in its order */
    size_t count;
    struct page_indexer *indexer;
    struct crawl_page *pages; /* that are stored */
    size_t page_count;
    const char *sitemaps[CRAWL_SITEMAPS]; /* that were found */
    int nesting[CRAWL_SITEMAPS];
    size_t sitemap_count;
    int64_t indexed; /* pages of the source, when it had been read */
};

struct crawler {
    struct attempt *at;
    struct arena *arena; /* the loop's */
    struct crawl_task task;
    struct scope scope;
    struct site sites[CRAWL_SITES];
    size_t site_count;
    struct items window, flying, landed;
    struct items spare;  /* with their arenas */
    size_t pages_flying; /* of `flying` */
    size_t unknown;      /* of `flying`, `landed` and what is not read: what may need room */
    size_t in_hand;      /* of the same and what is not stored: what may count */
    int64_t run_room;    /* pages that this run may still count, as the last turn left it */
    int64_t room;        /* pages that may still be added, as the last turn left it */
    bool more;           /* there may be addresses in the table beside those in hand */
    bool more_later;     /* some wait for their time: due_ms */
    int64_t due_ms;      /* by the loop's clock */
    bool storing, over;
    struct turn turns[CRAWL_TURNS];
    struct err failure;                   /* what ends the attempt when nothing is read any more */
    struct known earlier;                 /* what was stored before this attempt; never changes */
    const char *sitemaps[CRAWL_SITEMAPS]; /* to be fetched */
    int sitemap_nesting[CRAWL_SITEMAPS];
    size_t sitemap_count, sitemap_next;
    bool had_robots; /* the start's robots.txt was read, or cannot be */

    /* reading */
    struct turn *read;   /* the turn */
    struct arena *store; /* for the whole attempt */
    struct arena *page;  /* emptied behind each page: a tree takes far more than its text */
    struct known known;
    struct seen met, templates; /* addresses that were added; how many of one making */
    struct seen repeats;        /* of a making: pages in a row that brought nothing new */
    bool is_again;              /* earlier runs have stored pages: those come first */

    /* storing */
    struct turn *stored; /* the turn */
    struct arena *notes; /* for the whole attempt */
    int64_t used; /* pages of this run: what is stored, and what is kept although it failed */
    struct reason_count {
        const char *word;
        int64_t count;
    } reasons[48];
    size_t reason_count;
    int64_t told_ms;
    struct crawl_url *fresh; /* what comes next, for the window */
    size_t fresh_count;
    int64_t waiting;  /* addresses that are queued, those in hand among them */
    bool was_counted; /* they were, in the table */
    bool some_later;  /* some may wait for their time */
    int64_t queued, due_in_ms;
    const char *trouble;        /* why the start could not be had */
    char read_url[2001];        /* the page that was stored last, as far as it fits; "" for none */
    struct id held[CRAWL_HELD]; /* addresses in the loop's hands when the turn began */
    size_t held_count;
    bool finish;              /* nothing is left: this turn ends the run */
    const char *close_reason; /* what is queued is skipped for this */
};

/* ---- crawl_plan.c: on the loop ---------------------------------------------------- */

/* Fetch what may be fetched, hand to the thread what is there. May end the attempt. */
void crawl_go_on(struct crawler *c);

/* Drop everything that is on the loop. */
void crawl_drop_all(struct crawler *c);

/* An empty item; back with it. */
struct item *crawl_item(struct crawler *c);
void crawl_item_done(struct crawler *c, struct item *it);

void items_add(struct items *list, struct item *it);
void items_remove(struct items *list, struct item *it);

/* ---- crawl_robots.c: on the loop ---------------------------------------------------- */

/* The site of an address, made when it is new; NULL when there are too many. */
struct site *crawl_site(struct crawler *c, const struct weburl *url);

/* Ask for its robots.txt, when it is time. */
void crawl_ask_robots(struct crawler *c, struct site *site, int64_t now_ms);
void crawl_had_robots(struct crawler *c, struct item *it);

/* Ask for the next sitemap, when it is time. False when none is left. */
bool crawl_ask_sitemap(struct crawler *c, int64_t now_ms);

/* Fetch a page; its site is ready and may be asked now. */
void crawl_ask_page(struct crawler *c, struct item *it, int64_t now_ms);

/* Add one that was found; `nesting` counts indexes above it. */
void crawl_add_sitemap(struct crawler *c, const char *url, int nesting);

/* ---- crawl.c ------------------------------------------------------------------------ */

/* An empty turn; the one that waits to be stored. NULL when there is none. */
struct turn *crawl_free_turn(struct crawler *c);
struct turn *crawl_read_turn(struct crawler *c);

/* Read the turn's batch on a thread. */
void crawl_read_on(struct crawler *c, struct turn *turn);

/* Store it on another; without a batch, ask for addresses or end the run. */
void crawl_store_on(struct crawler *c, struct turn *turn);

/* ---- crawl_store.c: storing ---------------------------------------------------------------- */

struct err crawl_load(struct attempt *at, struct db *db);
struct err crawl_store(struct attempt *at, struct db *db);

/* ---- crawl_read.c: reading --------------------------------------------------------------- */

/* What came of one item, and the addresses that it leads to. */
struct reading {
    struct crawl_outcome outcome;
    bool has_page, is_new; /* is_new: no run has stored it before */
    struct crawl_page page;
    bool gone;                         /* what was stored of it is to be forgotten */
    struct id unchanged, dropped_page; /* a page that stays as it is; one that goes */
    bool kept;                         /* it failed, and what was stored of it stays */
    const char *again;                 /* the alias that is to be taken instead; NULL for none */
    struct crawl_url *links;
    size_t link_count, link_cap;
    int64_t dropped; /* addresses beyond what one crawl keeps */
};

/* The whole turn. */
void crawl_read(struct attempt *at);

/* ---- crawl_links.c: reading -------------------------------------------------------------- */

/* Judge a link in its normal form, or as it stands when it has none, and add it unless it was met.
 */
void crawl_add_link(struct crawler *c, struct reading *r, const struct crawl_url *from,
                    struct str link, const struct weburl *base, int64_t depth, int flags);

/* ---- crawl_known.c: reading -------------------------------------------------------------- */

/* The page that earlier runs, or this one, have stored for an address; NULL for none. */
struct crawl_known *known_find(const struct known *k, const char *url);
void known_add(struct crawler *c, const struct crawl_known *page);

/* After an entry of the list was changed. */
void known_changed(struct known *k, const struct crawl_known *page);

/* Another page with the same text, or nearly so; NULL for none. */
const struct crawl_known *known_twin(const struct known *k, const char *url, struct id hash,
                                     uint64_t print, bool *near);

#endif
