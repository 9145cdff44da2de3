/* What comes from the database thread, and what is asked of it about everybody. */
#include "lib/arena.h"
#include "lib/clock.h"
#include "stream/gateway_private.h"

struct ask *
gateway_ask(struct gateway *g, enum ask_kind kind)
{
    struct ask *ask = pool_take(&g->asks);

    ask->kind = kind;
    return ask;
}

static void
end_revoked(void *arg, struct link *holder)
{
    struct conn *c = LIST_OF(holder, struct conn, holder);
    struct gateway *g = arg;

    g->metrics.revoked++;
    if (c->kind == STREAM_STATUS)
        conn_let_go(c); /* and the app says why */
    else
        conn_close(c, WHY_REVOKED, WS_REVOKED);
}

void
gateway_check(struct gateway *g)
{
    struct ask *ask;

    g->check_ms = clock_mono_ms();
    if (g->checking || g->credentials.table.count == 0)
        return;
    g->checking = true;
    ask = gateway_ask(g, ASK_CHECK);
    ask->arena = arena_new();
    ask->count = credentials_ask(&g->credentials, ask->arena, &ask->ids);
    reader_ask(g->reader, ask);
}

/* While the database is away nothing is known, and streams stay open. */
static void
take_check(struct gateway *g, struct ask *ask)
{
    g->checking = false;
    if (!ask->err.code)
        credentials_answer(&g->credentials, ask->ids, ask->count, end_revoked, g);
    arena_free(ask->arena);
}

static void
take_letter(struct gateway *g, struct letter *letter)
{
    struct ask *ask = (struct ask *)letter;

    if (letter->kind == LETTER_BATCH) {
        struct batch *b = (struct batch *)letter;

        metrics_lag(&g->metrics, clock_mono_ns() - b->noted_ns);
        hub_deliver(&g->hub, b, conn_news, g);
        return;
    }
    if (ask->kind == ASK_CHECK)
        take_check(g, ask);
    else if (ask->kind != ASK_LEAVE)
        conn_answer(g, ask);
    pool_give(&g->asks, ask);
}

void
gateway_take_letters(struct gateway *g)
{
    bool revoked = reader_take_revoked(g->reader);
    struct letter *next, *letter = reader_take(g->reader);

    for (; letter; letter = next) {
        next = letter->next;
        take_letter(g, letter);
    }
    /* After the answers: a credential that was good when it was looked at may be so no more. */
    if (revoked)
        gateway_check(g);
}

/* Nobody waits for letters any more; what they bring is not in any arena of ours. */
void
gateway_drop_letters(struct gateway *g)
{
    struct letter *next;

    for (struct letter *letter = reader_take(g->reader); letter; letter = next) {
        struct ask *ask = (struct ask *)letter;

        next = letter->next;
        if (letter->kind == LETTER_BATCH) {
            batch_drop((struct batch *)letter);
            continue;
        }
        batch_drop(ask->batch);
        arena_free(ask->arena);
    }
}
