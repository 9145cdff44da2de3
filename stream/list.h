/*
 * List: doubly linked rings whose links lie in the members themselves, so that
 * joining and leaving cost nothing and cannot fail. A head is a link too.
 */
#ifndef STREAM_LIST_H
#define STREAM_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct link {
    struct link *prev, *next; /* NULL while in no list; a zeroed link is in none */
};

/* The struct that a link, or anything else, is a member of. */
#define LIST_OF(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Go through a list; the current member may leave it meanwhile. */
#define LIST_EACH(it, after, head)                                                                 \
    for (struct link *it = (head)->next, *after; it != (head) && (after = it->next, true);         \
         it = after)

static inline void
list_init(struct link *head)
{
    head->prev = head->next = head;
}

static inline bool
list_is_empty(const struct link *head)
{
    return head->next == head;
}

static inline bool
list_has(const struct link *l)
{
    return l->next != NULL;
}

static inline void
list_add(struct link *head, struct link *l)
{
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

/* Leave the list, if in one. */
static inline void
list_remove(struct link *l)
{
    if (!l->next)
        return;
    l->prev->next = l->next;
    l->next->prev = l->prev;
    l->prev = l->next = NULL;
}

static inline void
list_move(struct link *head, struct link *l)
{
    list_remove(l);
    list_add(head, l);
}

#endif
