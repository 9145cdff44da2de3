/*
 * Http_world: an HTTP client and a server on one loop, what came of each
 * transfer, and a resolver that knows the names of these tests: here.example
 * and bücher.example are this machine, slow.example is too but takes until
 * the test is over, no other name exists.
 */
#ifndef TESTS_HTTP_WORLD_H
#define TESTS_HTTP_WORLD_H

#include "lib/http.h"
#include "tests/harness/harness.h"
#include "tests/harness/server.h"

#include <stdatomic.h>

#define DEADLINE_MS 20000 /* for what must happen; a slow machine only makes the test slower */

#define HELLO                                                                                      \
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nhello"

/* A reply whose body never comes to its end. */
#define ENDLESS "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"

/* What every test here has beside its arena. */
struct world {
    struct arena *arena;
    uv_loop_t loop;
    struct http *http;
    struct server server;
};

/* What came of a transfer. */
struct result {
    struct world *world;
    struct http_transfer *transfer;
    int replies, pieces, ends;
    struct http_reply reply; /* as on_end() saw it, texts copied */
    struct buf body;
    /* What a test wants done in callbacks. */
    void (*in_reply)(struct result *r);
    bool (*in_data)(struct result *r);
    void (*in_end)(struct result *r);
    struct result *other;
};

/* The last name that was looked up, and how many look-ups there were in the test. */
extern char http_world_name[256];
extern atomic_int http_world_lookups;

int http_world_setup(void **state);

/* Fails when anything of the client's is left on the loop. */
int http_world_teardown(void **state);

#define HTTP_TEST(f) cmocka_unit_test_setup_teardown(f, http_world_setup, http_world_teardown)

/* A URL of the world's server, by address; and by any scheme and host. */
const char *here(struct world *w);
const char *url_of(struct world *w, const char *scheme, const char *host);

struct result *result_new(struct world *w);

/* Start a transfer whose callbacks fill in the result; the callbacks given are replaced. */
struct result *send_to(struct result *r, struct http_request rq);

/* Send and wait for the end. */
struct result *transfer(struct world *w, struct http_request rq);
struct result *get(struct world *w);

/* Turn the loop until *count is `wanted`, or for some time. */
void turn_until(struct world *w, const int *count, int wanted);
void turn_for(struct world *w, uint64_t ms);

/* The transfer failed with this code and with this part in its message. */
void expect_failure(const struct result *r, enum err_code code, const char *message);

#endif
