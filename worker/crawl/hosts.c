#include "worker/crawl/hosts.h"

#include "lib/arena.h"

#include <string.h>

#define BUCKETS 256

struct hosts {
    struct arena *arena;
    struct host *buckets[BUCKETS];
};

struct hosts *
hosts_new(struct arena *a)
{
    struct hosts *h = ARENA_NEW(a, struct hosts);

    h->arena = a;
    return h;
}

static unsigned
bucket(const char *name)
{
    unsigned hash = 2166136261u;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash % BUCKETS;
}

struct host *
hosts_get(struct hosts *h, const char *name, bool own)
{
    struct host **at = &h->buckets[bucket(name)];

    for (; *at; at = &(*at)->next)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    *at = ARENA_NEW(h->arena, struct host);
    (*at)->name = arena_strdup(h->arena, name);
    (*at)->own = own;
    (*at)->gap_ms = own ? 0 : HOST_GAP_MS;
    return *at;
}

static int64_t
gap(const struct host *h, int64_t least_ms)
{
    return h->gap_ms > least_ms ? h->gap_ms : least_ms;
}

int64_t
host_wait_ms(const struct host *h, int64_t now_ms, int64_t least_ms)
{
    /* What asks for pauses does not mean several at once. */
    int most = least_ms > 0 || h->failures > 0 ? 1 : h->own ? HOST_AT_ONCE_OWN : HOST_AT_ONCE;

    if (h->running >= most)
        return -1;
    return h->next_ms > now_ms ? h->next_ms - now_ms : 0;
}

void
host_begin(struct host *h, int64_t now_ms, int64_t least_ms)
{
    h->running++;
    h->next_ms = now_ms + gap(h, least_ms);
}

static void
note_failure(struct host *h, int64_t now_ms)
{
    h->failures++;
    h->gap_ms = h->gap_ms < HOST_GAP_MS ? HOST_GAP_MS : h->gap_ms * 2;
    if (h->gap_ms > HOST_GAP_MAX_MS)
        h->gap_ms = HOST_GAP_MAX_MS;
    if (h->failures == HOST_FAILURES) {
        h->on_probation = true;
        h->next_ms = now_ms + HOST_LEFT_ALONE_MS;
    }
}

static void
note_success(struct host *h, int64_t took_ms)
{
    int64_t least = h->own ? 0 : HOST_GAP_LEAST_MS, aim;

    h->failures = 0;
    h->on_probation = false;
    h->latency_ms = h->latency_ms ? (h->latency_ms * 3 + took_ms) / 4 : took_ms;
    aim = h->own ? 0 : h->latency_ms;
    h->gap_ms = (h->gap_ms + aim) / 2;
    if (h->gap_ms < least)
        h->gap_ms = least;
}

void
host_end(struct host *h, int64_t now_ms, int64_t took_ms, bool failed, int64_t retry_after_ms)
{
    h->running--;
    if (failed)
        note_failure(h, now_ms);
    else
        note_success(h, took_ms);
    if (retry_after_ms > 0 && now_ms + retry_after_ms > h->next_ms)
        h->next_ms = now_ms + retry_after_ms;
}

void
host_drop(struct host *h)
{
    h->running--;
}

bool
host_is_down(const struct host *h)
{
    return h->on_probation && h->failures > HOST_FAILURES;
}
