/* What an open transaction will tell once it is committed: see db_notify() in db/db.h. */
#include "db/db_private.h"
#include "lib/arena.h"

#include <stdio.h>
#include <string.h>

static void
add_notice(struct db *db, const char *channel, const char *payload, int statement,
           const char *column)
{
    if (db->notice_count == DB_NOTICES_MAX)
        return;
    db->notices[db->notice_count++] = (struct notice){
        channel, arena_strdup(db->notice_arena, payload), statement, column, false,
    };
}

void
db_notify(struct db *db, const char *channel, const char *payload)
{
    add_notice(db, channel, payload, -1, NULL);
}

void
db_notify_if_rows(struct db *db, const char *channel, const char *payload)
{
    db_notify_if(db, NULL, channel, payload);
}

void
db_notify_if(struct db *db, const char *column, const char *channel, const char *payload)
{
    if (db->queued > 0)
        add_notice(db, channel, payload, db->queued - 1, column);
}

/* In text or in binary. */
static bool
is_true(const PGresult *res, const char *column)
{
    const char *value = PQgetvalue(res, 0, PQfnumber(res, column));

    return value && (*value == 't' || *value == 1);
}

static struct told *
told_of(struct db *db, const char *channel)
{
    for (size_t i = 0; i < DB_TOLD; i++)
        if (!db->told[i].channel || strcmp(db->told[i].channel, channel) == 0)
            return &db->told[i];
    return NULL;
}

static bool
was_due(struct db *db, const struct notice *n)
{
    const struct told *t = told_of(db, n->channel);

    return t && t->channel && strcmp(t->payload, n->payload) == 0;
}

static void
remember(struct db *db, const struct notice *n, bool due)
{
    struct told *t = told_of(db, n->channel);

    if (!t || strlen(n->payload) >= sizeof(t->payload) || (!due && !was_due(db, n)))
        return;
    t->channel = n->channel;
    snprintf(t->payload, sizeof(t->payload), "%s", due ? n->payload : "");
}

/* Notifications that depended on what a statement did not yield are dropped. */
void
notices_judge(struct db *db, int statement, const PGresult *res)
{
    bool has_rows = PQntuples(res) > 0;
    size_t kept = 0;

    for (size_t i = 0; i < db->notice_count; i++) {
        struct notice n = db->notices[i];

        if (n.statement == statement) {
            bool due = has_rows && (!n.column || is_true(res, n.column));

            remember(db, &n, due);
            if (!due)
                continue;
            n.statement = -1;
        }
        db->notices[kept++] = n;
    }
    db->notice_count = kept;
}

/* Expected is what was due last time: in a system at rest somebody waits for it. */
size_t
notices_take(struct db *db, bool expected, const char **channels, const char **payloads)
{
    size_t count = 0;

    for (size_t i = 0; i < db->notice_count; i++) {
        struct notice *n = &db->notices[i];

        if (n->sent || (expected && n->statement >= 0 && !was_due(db, n)))
            continue;
        n->sent = true;
        channels[count] = n->channel;
        payloads[count++] = n->payload;
    }
    return count;
}

void
notices_drop(struct db *db)
{
    db->notice_count = 0;
    arena_reset(db->notice_arena);
}
