#include "db/db_private.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/recent.h"

#include <inttypes.h>
#include <string.h>

#define CONNECT_S     "3"
#define RETRY_WAIT_MS 200 /* between two attempts to connect */

static struct err
run_setup(struct db *db)
{
    char sql[800];
    char *role = PQescapeIdentifier(db->conn, db->options.role, strlen(db->options.role));
    PGresult *res;
    struct err e;

    if (!role)
        return db_lost(db);
    snprintf(sql, sizeof(sql),
             "set role %s; set search_path = public, pg_temp; set timezone = 'UTC';"
             "set plan_cache_mode = force_generic_plan; set jit = off;"
             /* Every query is made for an index; statistics of tables that fill and empty lie. */
             "set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off;"
             "set client_min_messages = error; set idle_in_transaction_session_timeout = '10s';"
             "set statement_timeout = %" PRId64 "; set synchronous_commit = %s;"
             "select rolsuper or rolbypassrls from pg_roles where rolname = current_user",
             role, db->options.statement_timeout_ms, db->options.async_commit ? "off" : "on");
    PQfreemem(role);
    res = PQexec(db->conn, sql);
    if (PQresultStatus(res) != PGRES_TUPLES_OK)
        e = db_error_of(db, res, DB_STATEMENT_TEXT);
    else if (PQntuples(res) != 1 || PQgetvalue(res, 0, 0)[0] != 'f')
        e = db_error_text(db, ERR_INTERNAL, db->options.role,
                          "this role passes row-level security");
    else
        e = OK;
    PQclear(res);
    return e;
}

static struct err
prepare_all(struct db *db)
{
    struct err first = OK;

    for (int i = 0; i < QUERY_COUNT; i++)
        if (!PQsendPrepare(db->conn, queries[i].name, queries[i].sql, 0, NULL))
            return db_lost(db);
    if (!PQpipelineSync(db->conn))
        return db_lost(db);
    for (int i = 0; i < QUERY_COUNT && db->conn; i++) {
        PGresult *res = db_take_result(db);

        if (PQresultStatus(res) == PGRES_FATAL_ERROR && !first.code) {
            first = db_error_of(db, res, i);
            if (first.code != ERR_UNAVAILABLE)
                first = db_error_text(db, ERR_INTERNAL, queries[i].name,
                                      PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
        }
        PQclear(res);
    }
    if (db->conn)
        PQclear(PQgetResult(db->conn));
    return first;
}

static void
close_db(void *arg)
{
    struct db *db = arg;

    db_disconnect(db);
    arena_free(db->notice_arena);
}

struct db *
db_new(struct arena *a, const struct db_options *options)
{
    struct db *db = ARENA_NEW(a, struct db);

    db->arena = a;
    db->options = *options;
    db->notice_arena = arena_new();
    db->recent = recent_new(a, options->recent_bytes);
    arena_defer(a, close_db, db);
    return db;
}

struct err
db_connect(struct db *db)
{
    const char *const keys[] = { "connect_timeout",     "tcp_user_timeout", "keepalives_idle",
                                 "keepalives_interval", "keepalives_count", "dbname",
                                 "application_name",    "client_encoding",  NULL };
    const char *const values[] = {
        CONNECT_S, "10000", "10", "5", "3", db->options.conninfo, db->options.application,
        "UTF8",    NULL
    };
    struct err e;

    if (db->conn)
        return OK;
    if (clock_mono_ms() < db->next_connect_ms)
        return ERR(ERR_UNAVAILABLE, "the database cannot be reached");
    db->conn = PQconnectdbParams(keys, values, 1);
    if (PQstatus(db->conn) != CONNECTION_OK) {
        db->next_connect_ms = clock_mono_ms() + RETRY_WAIT_MS;
        return db_lost(db);
    }
    db->in_tx = db->failed = db->lazy = false;
    db->queued = 0;
    e = run_setup(db);
    if (!e.code && !PQenterPipelineMode(db->conn))
        e = db_lost(db);
    if (!e.code)
        e = prepare_all(db);
    if (e.code)
        db_disconnect(db);
    return e;
}

struct recent *
db_recent(struct db *db)
{
    return db->recent;
}

bool
db_is_connected(const struct db *db)
{
    return db->conn != NULL;
}

void
db_disconnect(struct db *db)
{
    /* A transaction stays open, so that its commit fails rather than does nothing. */
    PQfinish(db->conn);
    db->conn = NULL;
    /* The next server may be one that lost a few commits and gives their numbers again. */
    recent_clear(db->recent);
    db->lazy = false;
    db->queued = 0;
}
