/*
 * Hosts: how often a worker asks each server, over all its crawls. Pure but for
 * the time that its callers pass; on the loop only.
 *
 * A server starts with a gap of HOST_GAP_MS between two requests and few at a
 * time. The gap follows what it shows: it nears the time that an answer takes,
 * never below HOST_GAP_LEAST_MS, grows with errors, and waits as long as a
 * Retry-After says. One that only fails is left alone for a while, asked once
 * more, and then given up by whoever asks host_is_down().
 */
#ifndef WORKER_CRAWL_HOSTS_H
#define WORKER_CRAWL_HOSTS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct hosts;

#define HOST_GAP_MS        250
#define HOST_GAP_LEAST_MS  25
#define HOST_GAP_MAX_MS    60000
#define HOST_AT_ONCE       2
#define HOST_AT_ONCE_OWN   8  /* of the operator's own network */
#define HOST_FAILURES      10 /* in a row, until it is left alone */
#define HOST_LEFT_ALONE_MS 30000

struct host {
    struct host *next;
    const char *name; /* host:port */
    bool own;         /* on the operator's list of private hosts: no gap but what is asked for */
    int running, failures;
    bool on_probation; /* it was left alone once already */
    int64_t gap_ms, latency_ms, next_ms;
};

struct hosts *hosts_new(struct arena *a);

/* The state of host:port, made when it is met for the first time. */
struct host *hosts_get(struct hosts *h, const char *name, bool own);

/*
 * May a request begin? 0, or how many milliseconds until it may; -1: when one
 * of those that run has ended. `least_ms` is what robots.txt and the source ask for.
 */
int64_t host_wait_ms(const struct host *h, int64_t now_ms, int64_t least_ms);

void host_begin(struct host *h, int64_t now_ms, int64_t least_ms);

/* `failed`: the network or the server did; retry_after_ms -1 for none. */
void host_end(struct host *h, int64_t now_ms, int64_t took_ms, bool failed, int64_t retry_after_ms);

/* It was dropped before it had ended. */
void host_drop(struct host *h);

/* Left alone and asked again, and still nothing but failures. */
bool host_is_down(const struct host *h);

#endif
