/*
 * Address: the normal form of an address, by which two spellings of one page
 * are one; what a source's settings take in; and what looks like a trap. Pure.
 *
 * What may be the same page but need not be (a slash at the end, www, http and
 * https) stays apart here: redirects, rel=canonical and equal content tell.
 */
#ifndef WORKER_CRAWL_ADDRESS_H
#define WORKER_CRAWL_ADDRESS_H

#include "lib/str.h"
#include "lib/weburl.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define ADDRESS_MAX        2048 /* bytes */
#define ADDRESS_SEGMENTS   16
#define ADDRESS_REPEATS    3 /* of one segment */
#define ADDRESS_PARAMETERS 8
#define ADDRESS_HOSTS      8 /* that one scope may name */

/* Why an address is not taken; address_reason() has the words. */
enum address_no {
    ADDRESS_OK,
    ADDRESS_SCHEME,   /* not http(s), or with a password */
    ADDRESS_BROKEN,   /* no URL */
    ADDRESS_LONG,     /* over ADDRESS_MAX */
    ADDRESS_TRAP,     /* too many segments, repeated segments, or parameters */
    ADDRESS_OUTSIDE,  /* another host */
    ADDRESS_SECTION,  /* outside the directory of the start address */
    ADDRESS_EXCLUDED, /* a pattern of `exclude` */
    ADDRESS_NOT_INCLUDED,
    ADDRESS_TYPE /* by its name an image, an archive, a program */
};

/* The word kept with a page, "excluded" for one. */
const char *address_reason(enum address_no no);

/*
 * Resolve a link and bring it to its normal form: no fragment but "#!", no
 * parameters that only track (utm_source, gclid, session ids), the others sorted.
 * `out->fragment` is NULL or begins with '!'.
 */
enum address_no address_read(struct arena *a, struct str link, const struct weburl *base,
                             struct weburl *out);

struct scope {
    enum { SCOPE_SECTION, SCOPE_SITE, SCOPE_PAGE } kind;
    bool subdomains;
    const char *hosts[ADDRESS_HOSTS]; /* as of the start, without "www." */
    size_t host_count;
    const char *section; /* a directory, with its '/' */
    const char *const *include, *const *exclude;
    size_t include_count, exclude_count;
};

/* What a start address takes in: add its host, and its directory when it is the first. */
void scope_add(struct arena *a, struct scope *s, const struct weburl *start);

/* Is this address, in its normal form, to be taken? `is_start`: it is the start itself. */
enum address_no scope_check(const struct scope *s, struct arena *scratch, const struct weburl *url,
                            bool is_start);

/*
 * What addresses of one making have in common: digits, dates and values of
 * parameters left out. "/2031/02/?day=3" gives "/N/N/?day".
 */
const char *address_template(struct arena *a, const struct weburl *url);

/*
 * '*' stands for anything. A pattern with "://" is held against the whole
 * address, others against path and query; one without '*' also takes in what
 * lies below it.
 */
bool address_matches(struct str pattern, struct str text);

#endif
