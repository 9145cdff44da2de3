/* Metrics: what the gateway counts, and their Prometheus text. Pure. */
#ifndef STREAM_METRICS_H
#define STREAM_METRICS_H

#include "lib/buf.h"

#include <stdint.h>

struct reader_figures;

/* What is open, by kind. */
enum stream_kind {
    STREAM_REQUEST_SSE,
    STREAM_REQUEST_WS,
    STREAM_FEED_SSE,
    STREAM_FEED_WS,
    STREAM_STATUS, /* a status that is held */
    STREAM_KINDS
};

#define LAG_BUCKETS 9

struct metrics {
    int64_t open[STREAM_KINDS], opened[STREAM_KINDS];
    int64_t events, bytes;
    int64_t slow, revoked, refused;
    int64_t lag[LAG_BUCKETS + 1]; /* how many news took how long */
    int64_t lag_ns;
};

/* News were passed on so long after they were heard of. */
void metrics_lag(struct metrics *m, int64_t ns);

void metrics_write(struct buf *out, const struct metrics *m, const struct reader_figures *f);

#endif
