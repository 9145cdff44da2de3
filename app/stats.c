#include "app/stats.h"

#include "app/routes.h"
#include "lib/buf.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <sys/mman.h>

/* Anything else that is answered counts as the last of them. */
static const int statuses[] = { 200, 201, 202, 204, 400, 401, 403, 404, 405,
                                409, 413, 415, 422, 429, 502, 503, 504, 500 };
#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))

static const struct {
    int64_t ns;
    const char *seconds;
} buckets[] = {
    { 1000000, "0.001" },  { 2500000, "0.0025" }, { 5000000, "0.005" }, { 10000000, "0.01" },
    { 25000000, "0.025" }, { 50000000, "0.05" },  { 100000000, "0.1" }, { 250000000, "0.25" },
    { 1000000000, "1" },   { 5000000000, "5" },
};
#define BUCKETS (sizeof(buckets) / sizeof(buckets[0]))

struct operation {
    _Atomic uint64_t by_status[STATUSES];
    _Atomic uint64_t by_bucket[BUCKETS]; /* each in the first that fits */
    _Atomic uint64_t total_ns, db_ns;
};

struct stats {
    _Atomic unsigned char busy[STATS_PROCESSES_MAX]; /* by slot: has a request */
    int processes;
    struct operation operations[1]; /* one a route, and one for paths without */
};

struct stats *
stats_new(int processes)
{
    size_t size = sizeof(struct stats) + route_count * sizeof(struct operation);
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED)
        return NULL;
    ((struct stats *)p)->processes = processes;
    return p;
}

void
stats_busy(struct stats *s, int slot, bool busy)
{
    atomic_store_explicit(&s->busy[slot], busy, memory_order_relaxed);
}

static void
add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void
stats_count(struct stats *s, const struct route *route, int status, int64_t ns, int64_t db_ns)
{
    struct operation *op = &s->operations[route ? (size_t)(route - routes) : route_count];
    size_t i = 0, j = 0;

    while (i < STATUSES - 1 && statuses[i] != status)
        i++;
    while (j < BUCKETS && ns > buckets[j].ns)
        j++;
    add(&op->by_status[i], 1);
    if (j < BUCKETS)
        add(&op->by_bucket[j], 1);
    add(&op->total_ns, (uint64_t)ns);
    add(&op->db_ns, (uint64_t)db_ns);
}

static uint64_t
get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static const char *
name_of(size_t i)
{
    return i < route_count ? routes[i].operation_id : "none";
}

static uint64_t
total_of(const struct operation *op)
{
    uint64_t total = 0;

    for (size_t i = 0; i < STATUSES; i++)
        total += get(&op->by_status[i]);
    return total;
}

static void
print_statuses(const struct operation *op, const char *name, struct buf *out)
{
    for (size_t i = 0; i < STATUSES; i++) {
        uint64_t n = get(&op->by_status[i]);

        if (n > 0)
            buf_printf(out,
                       "offstage_http_requests_total{operation=\"%s\",status=\"%d\"} %" PRIu64 "\n",
                       name, statuses[i], n);
    }
}

static void
print_buckets(const struct operation *op, const char *name, struct buf *out)
{
    static const char metric[] = "offstage_http_request_seconds";
    uint64_t n = 0, total = total_of(op);

    if (total == 0)
        return;
    for (size_t i = 0; i < BUCKETS; i++) {
        n += get(&op->by_bucket[i]);
        /* Others count on meanwhile; a bucket above the total would be refused. */
        buf_printf(out, "%s_bucket{operation=\"%s\",le=\"%s\"} %" PRIu64 "\n", metric, name,
                   buckets[i].seconds, n < total ? n : total);
    }
    buf_printf(out, "%s_bucket{operation=\"%s\",le=\"+Inf\"} %" PRIu64 "\n", metric, name, total);
    buf_printf(out, "%s_sum{operation=\"%s\"} %.6f\n", metric, name,
               (double)get(&op->total_ns) / 1e9);
    buf_printf(out, "%s_count{operation=\"%s\"} %" PRIu64 "\n", metric, name, total);
}

static void
print_processes(const struct stats *s, struct buf *out)
{
    int busy = 0;

    for (int i = 0; i < s->processes; i++)
        busy += atomic_load_explicit(&s->busy[i], memory_order_relaxed);
    buf_printf(out,
               "# HELP offstage_app_processes Processes of the app, one database connection each.\n"
               "# TYPE offstage_app_processes gauge\n"
               "offstage_app_processes %d\n"
               "# HELP offstage_app_processes_busy Those that have a request.\n"
               "# TYPE offstage_app_processes_busy gauge\n"
               "offstage_app_processes_busy %d\n",
               s->processes, busy);
}

static void
print_db(const struct stats *s, struct buf *out)
{
    buf_add_str(out, "# HELP offstage_http_db_seconds_total Of that, waiting for PostgreSQL.\n"
                     "# TYPE offstage_http_db_seconds_total counter\n");
    for (size_t i = 0; i <= route_count; i++)
        if (total_of(&s->operations[i]) > 0)
            buf_printf(out, "offstage_http_db_seconds_total{operation=\"%s\"} %.6f\n", name_of(i),
                       (double)get(&s->operations[i].db_ns) / 1e9);
}

void
stats_print(const struct stats *s, struct buf *out)
{
    print_processes(s, out);
    buf_add_str(out, "# HELP offstage_http_requests_total Requests answered.\n"
                     "# TYPE offstage_http_requests_total counter\n");
    for (size_t i = 0; i <= route_count; i++)
        print_statuses(&s->operations[i], name_of(i), out);
    buf_add_str(out, "# HELP offstage_http_request_seconds From a request's arrival to its end.\n"
                     "# TYPE offstage_http_request_seconds histogram\n");
    for (size_t i = 0; i <= route_count; i++)
        print_buckets(&s->operations[i], name_of(i), out);
    print_db(s, out);
}
