/* What an open transaction will tell once it is committed: see db_notify() in db/db.h. */
#include "db/db_private.h"
#include "lib/arena.h"

static void
add_notice(struct db *db, const char *channel, const char *payload, int depends_on)
{
    if (db->notice_count == DB_NOTICES_MAX)
        return;
    db->channels[db->notice_count] = channel;
    db->depends_on[db->notice_count] = depends_on;
    db->payloads[db->notice_count++] = arena_strdup(db->notices, payload);
}

void
db_notify(struct db *db, const char *channel, const char *payload)
{
    add_notice(db, channel, payload, -1);
}

void
db_notify_if_rows(struct db *db, const char *channel, const char *payload)
{
    if (db->queued > 0)
        add_notice(db, channel, payload, db->queued - 1);
}

/* Notifications that depended on a statement that yielded nothing are dropped. */
void
notices_judge(struct db *db, int statement, bool has_rows)
{
    size_t kept = 0;

    for (size_t i = 0; i < db->notice_count; i++) {
        if (db->depends_on[i] == statement) {
            if (!has_rows)
                continue;
            db->depends_on[i] = -1;
        }
        db->channels[kept] = db->channels[i];
        db->payloads[kept] = db->payloads[i];
        db->depends_on[kept++] = db->depends_on[i];
    }
    db->notice_count = kept;
}

void
notices_drop(struct db *db)
{
    db->notice_count = 0;
    arena_reset(db->notices);
}
