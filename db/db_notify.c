/* What an open transaction will tell once it is committed: see db_notify() in db/db.h. */
#include "db/db_private.h"
#include "lib/arena.h"

static void
add_notice(struct db *db, const char *channel, const char *payload, int statement,
           const char *column)
{
    if (db->notice_count == DB_NOTICES_MAX)
        return;
    db->channels[db->notice_count] = channel;
    db->depends_on[db->notice_count].statement = statement;
    db->depends_on[db->notice_count].column = column;
    db->payloads[db->notice_count++] = arena_strdup(db->notices, payload);
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

/* Notifications that depended on what a statement did not yield are dropped. */
void
notices_judge(struct db *db, int statement, const PGresult *res)
{
    bool has_rows = PQntuples(res) > 0;
    size_t kept = 0;

    for (size_t i = 0; i < db->notice_count; i++) {
        if (db->depends_on[i].statement == statement) {
            const char *column = db->depends_on[i].column;

            if (!has_rows || (column && !is_true(res, column)))
                continue;
            db->depends_on[i].statement = -1;
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
