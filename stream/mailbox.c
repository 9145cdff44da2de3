#include "stream/mailbox.h"

#include <stddef.h>

void
mailbox_init(struct mailbox *m)
{
    (void)pthread_mutex_init(&m->lock, NULL);
    m->first = NULL;
    m->last = &m->first;
}

bool
mailbox_put(struct mailbox *m, struct letter *letter)
{
    bool was_empty;

    letter->next = NULL;
    (void)pthread_mutex_lock(&m->lock);
    was_empty = !m->first;
    *m->last = letter;
    m->last = &letter->next;
    (void)pthread_mutex_unlock(&m->lock);
    return was_empty;
}

struct letter *
mailbox_take(struct mailbox *m)
{
    struct letter *first;

    (void)pthread_mutex_lock(&m->lock);
    first = m->first;
    m->first = NULL;
    m->last = &m->first;
    (void)pthread_mutex_unlock(&m->lock);
    return first;
}
