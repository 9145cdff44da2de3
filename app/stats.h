/*
 * Stats: what all processes have served, counted in memory that the master
 * shares with them; a replaced process goes on where the old one stopped.
 */
#ifndef APP_STATS_H
#define APP_STATS_H

#include <stdbool.h>
#include <stdint.h>

struct buf;
struct route;
struct stats;

#define STATS_PROCESSES_MAX 256

/* In the master, before it forks. NULL when there is no memory. */
struct stats *stats_new(int processes);

/* The process in a slot has a request, or none: also when it begins, for one that died. */
void stats_busy(struct stats *s, int slot, bool busy);

/* `route` is NULL when none fitted; of `ns`, `db_ns` were spent waiting for the database. */
void stats_count(struct stats *s, const struct route *route, int status, int64_t ns, int64_t db_ns);

/* Append all of it in Prometheus' text format. */
void stats_print(const struct stats *s, struct buf *out);

#endif
