#include "worker/import/import_tree.h"

#include "lib/arena.h"

#include <stdlib.h>
#include <string.h>

#define KNOWN_US INT64_C(86400000000) /* no message is of the first day of 1970 */

enum { NEW, OPEN, DONE };

/* ---- names ---------------------------------------------------------------------- */

static int
compare_str(struct str a, struct str b)
{
    int order = memcmp(a.p, b.p, a.len < b.len ? a.len : b.len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static int
by_name(const void *a, const void *b)
{
    const struct import_node *const *x = a, *const *y = b;

    return compare_str((*x)->name, (*y)->name);
}

static int
find(struct import_node *nodes, struct import_node *const *sorted, size_t n, struct str name)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = compare_str(sorted[mid]->name, name);

        if (order == 0)
            return (int)(sorted[mid] - nodes);
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return -1;
}

static struct err
link_up(struct arena *a, struct import_node *nodes, size_t n, struct str current, int *last)
{
    struct import_node **sorted = arena_array(a, n, sizeof(struct import_node *));

    for (size_t i = 0; i < n; i++)
        sorted[i] = &nodes[i];
    qsort(sorted, n, sizeof(struct import_node *), by_name);
    for (size_t i = 1; i < n; i++)
        if (compare_str(sorted[i - 1]->name, sorted[i]->name) == 0)
            return ERR(ERR_INVALID, "two messages have one id");
    for (size_t i = 0; i < n; i++)
        nodes[i].up = nodes[i].parent.len > 0 ? find(nodes, sorted, n, nodes[i].parent) : -1;
    *last = current.len > 0 ? find(nodes, sorted, n, current) : -1;
    return OK;
}

/* ---- times ---------------------------------------------------------------------- */

/* Later than what it follows; nodes without content are passed over. */
static void
settle(struct import_node *nodes, struct import_node *node)
{
    const struct import_node *up = node->up >= 0 ? &nodes[node->up] : NULL;
    int64_t least = up ? up->at_us + 1 : 0;

    if (up && !up->message.content)
        node->up = up->up;
    node->at_us = node->message.at_us > least ? node->message.at_us : least;
    node->state = DONE;
}

/* From each node up to one that is settled, and down again; `path` has room for all. */
static struct err
settle_all(struct arena *a, struct import_node *nodes, size_t n)
{
    int *path = arena_array(a, n, sizeof(*path));

    for (size_t i = 0; i < n; i++) {
        size_t depth = 0;

        for (int at = (int)i; at >= 0 && nodes[at].state != DONE; at = nodes[at].up) {
            if (nodes[at].state == OPEN)
                return ERR(ERR_INVALID, "messages follow each other in a circle");
            nodes[at].state = OPEN;
            path[depth++] = at;
        }
        while (depth > 0)
            settle(nodes, &nodes[path[--depth]]);
    }
    return OK;
}

static int
by_time(const void *a, const void *b)
{
    const struct import_node *const *x = a, *const *y = b;

    if ((*x)->at_us != (*y)->at_us)
        return (*x)->at_us < (*y)->at_us ? -1 : 1;
    return (*x > *y) - (*x < *y);
}

/*
 * No two at one time, and none later than now: what is said next shall come
 * last. Those of unknown times are first, and go right before what follows.
 */
static void
spread(struct import_message *messages, size_t n, int64_t now_us)
{
    for (size_t i = n; i-- > 0;) {
        int64_t most = i + 1 < n ? messages[i + 1].at_us - 1 : now_us;

        if (messages[i].at_us > most || messages[i].at_us < KNOWN_US)
            messages[i].at_us = most;
    }
}

/* ---- the path that is shown ---------------------------------------------------------- */

static void
show(struct import_chat *chat, int last)
{
    for (size_t i = chat->count; i-- > 0 && last < 0;)
        if (chat->messages[i].shown)
            last = (int)i;
    if (last < 0)
        last = (int)chat->count - 1;
    for (size_t i = 0; i < chat->count; i++)
        chat->messages[i].shown = false;
    for (; last >= 0; last = chat->messages[last].parent)
        chat->messages[last].shown = true;
}

static struct id
id_of(struct arena *a, struct str name)
{
    struct id id = ID_NONE;

    if (name.len == ID_TEXT && !id_parse(str_dup(a, name), &id))
        id = ID_NONE;
    return id;
}

struct err
import_tree(struct arena *a, struct import_node *nodes, size_t n, struct str current,
            int64_t now_us, struct import_chat *out)
{
    struct import_node **kept = arena_array(a, n, sizeof(struct import_node *));
    int last;

    TRY(link_up(a, nodes, n, current, &last));
    TRY(settle_all(a, nodes, n));
    out->count = 0;
    for (size_t i = 0; i < n; i++)
        if (nodes[i].message.content)
            kept[out->count++] = &nodes[i];
    qsort(kept, out->count, sizeof(struct import_node *), by_time);
    out->messages = arena_array(a, out->count, sizeof(*out->messages));
    for (size_t i = 0; i < out->count; i++) {
        kept[i]->place = (int)i;
        out->messages[i] = kept[i]->message;
        out->messages[i].id = id_of(a, kept[i]->name);
        out->messages[i].at_us = kept[i]->at_us;
        out->messages[i].parent = kept[i]->up >= 0 ? nodes[kept[i]->up].place : -1;
    }
    spread(out->messages, out->count, now_us);
    if (last >= 0 && !nodes[last].message.content)
        last = nodes[last].up;
    show(out, last >= 0 ? nodes[last].place : -1);
    return OK;
}
