/* What sources and their crawls share. Private to db/source*.c and db/crawl*.c. */
#ifndef DB_SOURCE_PRIVATE_H
#define DB_SOURCE_PRIVATE_H

#include "db/db.h"
#include "db/source.h"

/* How a website is crawled, of a row with the columns of that; recrawl_every is left out. */
struct source_crawl source_read_crawl(struct arena *a, const struct row *r);

/* Cancel the job that is at work for a source, if there is one. */
struct err source_cancel_job(struct db *db, struct arena *a, struct id job_id) CHECKED;

#endif
