/*
 * Mailbox: letters from one thread to another, in the order they were put in.
 * A letter is the first member of what is sent, and belongs to whoever holds it.
 */
#ifndef STREAM_MAILBOX_H
#define STREAM_MAILBOX_H

#include <pthread.h>
#include <stdbool.h>

enum letter_kind {
    LETTER_ASK,  /* struct ask, both ways */
    LETTER_BATCH /* struct batch: news of a topic that is followed */
};

struct letter {
    struct letter *next;
    enum letter_kind kind;
};

struct mailbox {
    pthread_mutex_t lock;
    struct letter *first;
    struct letter **last; /* where the next one is linked */
};

void mailbox_init(struct mailbox *m);

/* Letters that wait to be put in a box together. A zeroed one is empty. */
struct bundle {
    struct letter *first, *last;
};

void bundle_add(struct bundle *b, struct letter *letter);

/* Empties the bundle. True when the box was empty and is not: its reader has to be woken. */
bool mailbox_put(struct mailbox *m, struct bundle *bundle);

/* All letters, oldest first, linked by `next`; NULL when there are none. */
struct letter *mailbox_take(struct mailbox *m);

#endif
