/* What is queued on a connection, sent, and answered: libpq's pipeline mode. */
#include "db/db_private.h"
#include "lib/arena.h"
#include "lib/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 64

struct err
pipeline_send_text(struct db *db, const char *sql)
{
    assert(db->queued < DB_QUEUED_MAX);
    if (!PQsendQueryParams(db->conn, sql, 0, NULL, NULL, NULL, NULL, 0))
        return db_lost(db);
    db->sent[db->queued++] = DB_STATEMENT_TEXT;
    return OK;
}

struct err
pipeline_send(struct db *db, enum query q, const struct arg *args, size_t nargs)
{
    const char *values[ARGS_MAX];
    int lengths[ARGS_MAX], formats[ARGS_MAX];

    assert(nargs <= ARGS_MAX && db->queued < DB_QUEUED_MAX);
    assert(!db->ended || q == Q_NOTIFY);
    if (!db->conn)
        return ERR(ERR_UNAVAILABLE, "not connected to the database");
    for (size_t i = 0; i < nargs; i++) {
        values[i] = args[i].is_own ? args[i].own : args[i].text;
        lengths[i] = args[i].len;
        formats[i] = args[i].is_binary;
    }
    if (!PQsendQueryPrepared(db->conn, queries[q].name, (int)nargs, values, lengths, formats,
                             db->binary))
        return db_lost(db);
    db->sent[db->queued++] = (int)q;
    return OK;
}

PGresult *
db_take_result(struct db *db)
{
    PGresult *res, *last = NULL;

    while ((res = PQgetResult(db->conn))) {
        PQclear(last);
        last = res;
        if (PQstatus(db->conn) == CONNECTION_BAD)
            break;
    }
    return last;
}

static void
clear_result(void *res)
{
    PQclear(res);
}

struct rows
pipeline_rows(struct arena *a, PGresult *res)
{
    struct rows rows = { res, PQntuples(res), 0, ARENA_NEW(a, int) };

    arena_defer(a, clear_result, res);
    if (PQcmdTuples(res)[0])
        rows.affected = (int)strtol(PQcmdTuples(res), NULL, 10);
    return rows;
}

static struct err
error_in(struct db *db, const PGresult *res, int query)
{
    ExecStatusType status = PQresultStatus(res);

    if (status != PGRES_FATAL_ERROR && status != PGRES_BAD_RESPONSE)
        return OK;
    return PQstatus(db->conn) == CONNECTION_BAD ? db_lost(db) : db_error_of(db, res, query);
}

struct err
pipeline_committed(PGresult *res)
{
    return strcmp(PQcmdStatus(res), "COMMIT") == 0
               ? OK
               : ERR(ERR_INTERNAL, "the transaction was rolled back");
}

static struct err
collect(struct db *db, PGresult **out)
{
    struct err first = OK;
    int n = db->queued, wanted = n - 1 - db->ends;

    *out = NULL;
    for (int i = 0; i < n && db->conn; i++) {
        PGresult *res = db_take_result(db);
        struct err e = error_in(db, res, db->sent[i]);

        if (!first.code)
            first = e;
        notices_judge(db, i, res);
        if (db->asked.out && i == db->asked.statement && !first.code)
            *db->asked.out = pipeline_rows(db->asked.arena, res);
        else if (i == wanted)
            *out = res;
        else {
            if (i > wanted && !first.code)
                first = pipeline_committed(res);
            PQclear(res);
        }
    }
    db->queued = 0;
    db->asked.out = NULL;
    if (db->conn) {
        PGresult *sync = PQgetResult(db->conn);

        if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC && !first.code)
            first = db_lost(db);
        PQclear(sync);
    }
    if (first.code) {
        PQclear(*out);
        *out = NULL;
        db->failed = true;
    }
    return first;
}

struct err
pipeline_settle(struct db *db, PGresult **out)
{
    int64_t began = clock_mono_ns();
    struct err e;

    *out = NULL;
    if (!db->conn)
        return ERR(ERR_UNAVAILABLE, "the connection to the database was lost");
    if (!PQpipelineSync(db->conn))
        return db_lost(db);
    e = collect(db, out);
    db->wait_ns += clock_mono_ns() - began;
    return e;
}

struct err
pipeline_settle_then(struct db *db, PGresult **out, enum query q, const struct arg *args,
                     size_t nargs)
{
    int awaited = db->queued;
    struct err e;

    *out = NULL;
    if (db->conn && !PQpipelineSync(db->conn))
        return db_lost(db);
    TRY(pipeline_send(db, q, args, nargs));
    db->queued = awaited;
    e = pipeline_settle(db, out);
    if (db->conn) {
        db->sent[0] = (int)q;
        db->queued = 1;
        db->lazy = true;
    }
    return e;
}

void
pipeline_settle_lazy(struct db *db)
{
    PGresult *res;
    struct err e;

    if (!db->lazy)
        return;
    db->lazy = false;
    if (!db->conn)
        return;
    e = collect(db, &res);
    db->failed = false;
    PQclear(res);
    if (e.code == ERR_INTERNAL)
        db_disconnect(db);
}
