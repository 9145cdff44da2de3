#include "stream/metrics.h"

#include "stream/reader.h"

#include <inttypes.h>

static const char *const kind_labels[STREAM_KINDS] = {
    [STREAM_REQUEST_SSE] = "topic=\"request\",transport=\"sse\"",
    [STREAM_REQUEST_WS] = "topic=\"request\",transport=\"websocket\"",
    [STREAM_FEED_SSE] = "topic=\"feed\",transport=\"sse\"",
    [STREAM_FEED_WS] = "topic=\"feed\",transport=\"websocket\"",
    [STREAM_STATUS] = "topic=\"status\",transport=\"http\"",
};

static const int64_t lag_bounds_ms[LAG_BUCKETS] = { 1, 2, 5, 10, 25, 50, 100, 250, 1000 };

void
metrics_lag(struct metrics *m, int64_t ns)
{
    int i = 0;

    while (i < LAG_BUCKETS && ns > lag_bounds_ms[i] * 1000000)
        i++;
    m->lag[i]++;
    m->lag_ns += ns;
}

static void
head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP offstage_stream_%s %s\n# TYPE offstage_stream_%s %s\n", name, help,
               name, type);
}

static void
one(struct buf *out, const char *name, const char *type, const char *help, int64_t value)
{
    head(out, name, type, help);
    buf_printf(out, "offstage_stream_%s %" PRId64 "\n", name, value);
}

static void
by_kind(struct buf *out, const char *name, const char *type, const char *help,
        const int64_t values[STREAM_KINDS])
{
    head(out, name, type, help);
    for (int i = 0; i < STREAM_KINDS; i++)
        buf_printf(out, "offstage_stream_%s{%s} %" PRId64 "\n", name, kind_labels[i], values[i]);
}

static void
write_lag(struct buf *out, const struct metrics *m)
{
    int64_t sum = 0;

    head(out, "lag_seconds", "histogram", "From hearing of news to passing them on");
    for (int i = 0; i < LAG_BUCKETS; i++) {
        sum += m->lag[i];
        buf_printf(out, "offstage_stream_lag_seconds_bucket{le=\"%g\"} %" PRId64 "\n",
                   (double)lag_bounds_ms[i] / 1000, sum);
    }
    sum += m->lag[LAG_BUCKETS];
    buf_printf(out,
               "offstage_stream_lag_seconds_bucket{le=\"+Inf\"} %" PRId64
               "\noffstage_stream_lag_seconds_sum %.6f\noffstage_stream_lag_seconds_count %" PRId64
               "\n",
               sum, (double)m->lag_ns / 1e9, sum);
}

void
metrics_write(struct buf *out, const struct metrics *m, const struct reader_figures *f)
{
    by_kind(out, "open", "gauge", "Streams that are open", m->open);
    by_kind(out, "opened_total", "counter", "Streams that were opened", m->opened);
    one(out, "events_total", "counter", "Events sent", m->events);
    one(out, "bytes_total", "counter", "Bytes of events sent", m->bytes);
    one(out, "slow_total", "counter", "Streams cut because their reader was too slow", m->slow);
    one(out, "revoked_total", "counter", "Streams ended with their credential", m->revoked);
    one(out, "refused_total", "counter", "Requests refused", m->refused);
    one(out, "topics", "gauge", "Requests and feeds that are followed", f->topics);
    one(out, "reads_total", "counter", "Looks for news", f->reads);
    one(out, "database_up", "gauge", "1 while the database can be reached", f->connected);
    one(out, "database_listening", "gauge", "1 while notifications are heard", f->listening);
    one(out, "database_connects_total", "counter", "Connections made", f->connects);
    write_lag(out, m);
}
