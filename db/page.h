/* Page: a part of a list that is ordered by (time, id), whatever arrives meanwhile. */
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
