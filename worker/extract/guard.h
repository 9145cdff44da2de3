/*
 * Guard: rewrite HTML into a document that no parser has trouble with and that
 * reads the same. One pass over the bytes, no look-back:
 *
 *  - scripts, styles, comments, frames, drawings and attributes that nothing reads are left
 *    out; JSON-LD is put aside
 *  - elements deeper than OPEN_TAGS_MAX are left out, their content is kept
 *  - what says how text looks (b, i, font...) becomes span, and a and code become var and
 *    samp: the parser opens such elements again in every paragraph that follows when they
 *    are not closed, which makes trees that grow with the square of the bytes
 *  - in XHTML, <div/> is an empty element, and CDATA is text
 *  - texts and attributes are left to stand-ins (stand_ins.h)
 */
#ifndef WORKER_EXTRACT_GUARD_H
#define WORKER_EXTRACT_GUARD_H

#include "lib/buf.h"
#include "lib/str.h"
#include "worker/extract/stand_ins.h"

#include <stdbool.h>

struct arena;

#define GUARD_DEPTH     256               /* open elements */
#define GUARD_TAGS      400000            /* that are taken over; those after are left out */
#define GUARD_ATTRS     64                /* of an element; those after are left out */
#define GUARD_VALUE     4096              /* bytes of an attribute; longer ones are left out */
#define GUARD_HTML      (8 * 1024 * 1024) /* bytes of the result, without stand-ins */
#define GUARD_DATA      16                /* JSON-LD scripts; those after are left out */
#define GUARD_DATA_SIZE 262144            /* bytes of one */

struct guard {
    struct buf html;
    struct stand_ins stand_ins;
    struct str data[GUARD_DATA]; /* slices of what was read */
    size_t data_count;
    size_t scripts;  /* that are not data */
    size_t noscript; /* bytes of what stands there for who runs no scripts */
    bool cut;
};

enum guard_mode {
    GUARD_XHTML = 1,
    GUARD_NOSCRIPT = 2, /* <noscript> is read as if its tags were not there; left out else */
};

/* `mode`: the sum of those that hold. */
void guard_rewrite(struct arena *a, struct str bytes, unsigned mode, struct guard *out);

#endif
