/*
 * Page: a part of a list that is ordered by (time, id), whatever arrives meanwhile.
 *
 * In SQL the bound is (time, id) < (case when $1 is null then ... end, ...), and
 * not coalesce(): that counts as leaky, so that row-level security would keep the
 * condition out of the index, and page 1,000 would read all the pages before it.
 */
#ifndef DB_PAGE_H
#define DB_PAGE_H

#include "lib/id.h"

struct page {
    const char
        *at; /* RFC 3339, with id: the last row of the page before; NULL for the first page */
    struct id id;
    int limit;
};

#endif
