/*
 * Reader: the database thread. db/ waits for the server's answers, and the
 * service thread must never wait; so everything about the database happens on
 * one thread of its own, with one connection, which answers asks and follows
 * the topics that are watched.
 *
 * Order is what makes streams whole. The thread reads an ask's events and joins
 * it to its topic in one go, and passes everything on in the order in which it
 * read. So when a watcher's answer says that it joined, all batches of the topic
 * that were read earlier have been delivered already, and all that come later
 * belong to it.
 *
 * It looks for news when LISTEN hears of them, and anyway each second, or five
 * times a second while it cannot listen.
 */
#ifndef STREAM_READER_H
#define STREAM_READER_H

#include "lib/err.h"
#include "stream/ask.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct reader;

struct reader_options {
    const char *conninfo, *role;
    bool listen;             /* else only poll */
    size_t expected;         /* topics of each kind */
    void (*wake)(void *arg); /* called on the database thread: there are letters, or a revocation */
    void *arg;
};

/*
 * Connect and start the thread. ERR_INTERNAL when the database is not one that
 * this program fits; a database that is away now is waited for.
 */
struct err reader_start(struct arena *a, const struct reader_options *options,
                        struct reader **out) CHECKED;

void reader_ask(struct reader *r, struct ask *ask);

/* Answers and batches, oldest first. */
struct letter *reader_take(struct reader *r);

/* True once after each notification that credentials were revoked. Ask before reader_take(). */
bool reader_take_revoked(struct reader *r);

struct reader_figures {
    bool connected, listening;
    int64_t connects; /* times that a connection was made */
    int64_t reads;    /* looks for news */
    int64_t topics;   /* followed now */
};
void reader_figures(struct reader *r, struct reader_figures *out);

/*
 * End the thread, and wait for it at most so long. False when it did not end;
 * else reader_take() has what was not taken, unanswered asks among it.
 */
bool reader_stop(struct reader *r, int64_t wait_ms);

#endif
