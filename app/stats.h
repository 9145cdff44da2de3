/*
 * Stats: what all processes have served, counted in memory that the master
 * shares with them; a replaced process goes on where the old one stopped.
 */
#ifndef APP_STATS_H
#define APP_STATS_H

#include <stdint.h>

struct buf;
struct route;
struct stats;

/* In the master, before it forks. NULL when there is no memory. */
struct stats *stats_new(void);

/* `route` is NULL when none fitted. */
void stats_count(struct stats *s, const struct route *route, int status, int64_t ns);

/* Append all of it in Prometheus' text format. */
void stats_print(const struct stats *s, struct buf *out);

#endif
