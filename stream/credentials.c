#include "stream/credentials.h"

#include "lib/arena.h"

void
credentials_init(struct credentials *c, struct arena *a, size_t expected)
{
    table_init(&c->table, a, expected);
    pool_init(&c->pool, a, sizeof(struct credential));
    list_init(&c->all);
}

static struct credential *
find(const struct credentials *c, struct id id)
{
    return TABLE_OF(table_find(&c->table, id), struct credential, entry);
}

struct credential *
credential_hold(struct credentials *c, struct id id, struct link *holder)
{
    struct credential *credential = find(c, id);

    if (!credential) {
        credential = pool_take(&c->pool);
        list_init(&credential->holders);
        list_add(&c->all, &credential->link);
        table_add(&c->table, &credential->entry, id);
    }
    list_add(&credential->holders, holder);
    return credential;
}

void
credential_leave(struct credentials *c, struct credential *credential, struct link *holder)
{
    list_remove(holder);
    if (!list_is_empty(&credential->holders))
        return;
    list_remove(&credential->link);
    table_remove(&c->table, &credential->entry);
    pool_give(&c->pool, credential);
}

size_t
credentials_ask(struct credentials *c, struct arena *a, struct id **out)
{
    struct id *ids = arena_array(a, c->table.count, sizeof(*ids));
    size_t n = 0;

    LIST_EACH(it, after, &c->all)
    {
        struct credential *credential = LIST_OF(it, struct credential, link);

        credential->asked = true;
        ids[n++] = credential->entry.id;
    }
    *out = ids;
    return n;
}

void
credentials_answer(struct credentials *c, const struct id *good, size_t n,
                   void (*fn)(void *arg, struct link *holder), void *arg)
{
    for (size_t i = 0; i < n; i++) {
        struct credential *credential = find(c, good[i]);

        if (credential)
            credential->asked = false;
    }
    LIST_EACH(it, after, &c->all)
    {
        struct credential *credential = LIST_OF(it, struct credential, link);

        if (!credential->asked)
            continue;
        /* The credential goes with its last holder: nothing of it is looked at after that. */
        LIST_EACH(holder, next, &credential->holders)
        {
            fn(arg, holder);
        }
    }
}
