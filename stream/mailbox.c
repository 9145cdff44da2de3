#include "stream/mailbox.h"

#include <stddef.h>

void
mailbox_init(struct mailbox *m)
{
    (void)pthread_mutex_init(&m->lock, NULL);
    m->first = NULL;
    m->last = &m->first;
}

void
bundle_add(struct bundle *b, struct letter *letter)
{
    letter->next = NULL;
    if (b->first)
        b->last->next = letter;
    else
        b->first = letter;
    b->last = letter;
}

bool
mailbox_put(struct mailbox *m, struct bundle *bundle)
{
    bool was_empty;

    if (!bundle->first)
        return false;
    (void)pthread_mutex_lock(&m->lock);
    was_empty = !m->first;
    *m->last = bundle->first;
    m->last = &bundle->last->next;
    (void)pthread_mutex_unlock(&m->lock);
    *bundle = (struct bundle){ NULL, NULL };
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
