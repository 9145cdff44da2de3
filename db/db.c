#include "db/db_private.h"
#include "lib/arena.h"
#include "lib/clock.h"

#include <assert.h>
#include <string.h>

#define ARGS_MAX 64

/* The same error with its message in an arena. */
static struct err
keep(struct arena *a, struct err e)
{
    return e.code ? (struct err){ e.code, arena_strdup(a, e.msg) } : e;
}

/* ---- the pipeline ------------------------------------------------------- */

static struct err
send_text(struct db *db, const char *sql)
{
    assert(db->queued < DB_QUEUED_MAX);
    if (!PQsendQueryParams(db->conn, sql, 0, NULL, NULL, NULL, NULL, 0))
        return db_lost(db);
    db->sent[db->queued++] = DB_STATEMENT_TEXT;
    return OK;
}

static struct err
send_query(struct db *db, enum query q, const struct arg *args, size_t nargs)
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

/* A result becomes rows that live as long as the arena. */
static struct rows
keep_rows(struct arena *a, PGresult *res)
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

/* What COMMIT says of a transaction that had failed is ROLLBACK. */
static struct err
committed(PGresult *res)
{
    return strcmp(PQcmdStatus(res), "COMMIT") == 0
               ? OK
               : ERR(ERR_INTERNAL, "the transaction was rolled back");
}

/*
 * Read everything that was queued. *out gets the result of the last statement,
 * or of the one before a COMMIT that went along (the caller clears it); the
 * first error of any statement is returned.
 */
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
            *db->asked.out = keep_rows(db->asked.arena, res);
        else if (i == wanted)
            *out = res;
        else {
            if (i > wanted && !first.code)
                first = committed(res);
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

static struct err
settle(struct db *db, PGresult **out)
{
    int64_t began = clock_mono_ns();
    struct err e;

    *out = NULL;
    if (!db->conn)
        return ERR(ERR_UNAVAILABLE, "the connection to the database was lost");
    if (!PQpipelineSync(db->conn)) {
        db->queued = 0;
        return db_lost(db);
    }
    e = collect(db, out);
    db->wait_ns += clock_mono_ns() - began;
    return e;
}

/* Read the answer to what was sent last without waiting: a read's COMMIT, notifications. */
static void
settle_lazy(struct db *db)
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

/* ---- notifications ------------------------------------------------------ */

/* A transaction of their own behind the commit; nobody waits for it. */
static void
send_notices(struct db *db)
{
    struct err e;

    if (db->notice_count == 0 || !db->conn)
        return;
    e = send_query(db, Q_NOTIFY,
                   ARGS(arg_strs(db->notices, db->channels, db->notice_count),
                        arg_strs(db->notices, db->payloads, db->notice_count)));
    notices_drop(db);
    if (e.code)
        return;
    if (PQpipelineSync(db->conn))
        db->lazy = true;
    else
        db_disconnect(db);
}

/* ---- transactions ------------------------------------------------------- */

struct err
db_begin(struct db *db, enum tx mode, struct id user)
{
    settle_lazy(db);
    assert(!db->in_tx);
    TRY(db_connect(db));
    db->failed = db->undone = db->ends = db->ended = false;
    db->asked.out = NULL;
    notices_drop(db);
    if (mode == TX_NONE)
        return OK;
    TRY(send_query(db, mode == TX_READ ? Q_BEGIN_READ : Q_BEGIN_WRITE, NO_ARGS));
    db->in_tx = true;
    if (id_is_set(user))
        db_be_user(db, user);
    return OK;
}

void
db_be_admin(struct db *db)
{
    /* A failure shows at the next answer: the pipeline is aborted. */
    struct err e = db->conn ? send_query(db, Q_BE_ADMIN, NO_ARGS) : OK;

    (void)e;
}

void
db_be_user(struct db *db, struct id user)
{
    struct err e = db->conn ? send_query(db, Q_BE_USER, ARGS(arg_id(user))) : OK;

    (void)e;
}

struct err
db_commit(struct db *db)
{
    PGresult *res;
    struct err e;

    if (db->ended) {
        db->ended = false;
        send_notices(db);
        return OK;
    }
    if (!db->in_tx)
        return OK;
    if (db->failed || !db->conn) {
        db_rollback(db);
        return ERR(ERR_UNAVAILABLE, "the transaction had failed");
    }
    e = send_query(db, Q_COMMIT, NO_ARGS);
    if (!e.code)
        e = settle(db, &res);
    else
        res = NULL;
    if (!e.code)
        e = committed(res);
    PQclear(res);
    if (e.code)
        db_rollback(db);
    db->in_tx = false;
    if (!e.code) {
        db->commits++;
        send_notices(db);
    }
    return e;
}

void
db_commit_along(struct db *db)
{
    assert(db->in_tx && !db->ends);
    db->ends = true;
}

void
db_end_read_later(struct db *db)
{
    struct err e;

    if (!db->in_tx)
        return;
    if (db->failed || !db->conn) {
        db_rollback(db);
        return;
    }
    db->in_tx = false;
    e = send_query(db, Q_COMMIT, NO_ARGS);
    (void)e; /* the connection is gone then, and the transaction with it */
}

void
db_idle(struct db *db)
{
    if (db->in_tx || db->lazy || db->queued == 0 || !db->conn)
        return;
    if (PQpipelineSync(db->conn))
        db->lazy = true;
    else
        db_disconnect(db);
}

void
db_end_read(struct db *db)
{
    db_end_read_later(db);
    db_idle(db);
}

/* Run a statement whose outcome shows in the connection's state. */
static void
run(struct db *db, enum query q)
{
    PGresult *res = NULL;
    struct err e = send_query(db, q, NO_ARGS);

    if (!e.code)
        e = settle(db, &res);
    (void)e;
    PQclear(res);
}

void
db_rollback(struct db *db)
{
    db->ends = db->ended = false;
    if (!db->in_tx)
        return;
    db->in_tx = db->failed = false;
    if (!db->conn)
        return;
    /* What is still queued runs into the doomed transaction, and its answers are read. */
    run(db, Q_ROLLBACK);
    /* An earlier queued statement may have aborted this pipeline, rollback included. */
    if (db->conn && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
        run(db, Q_ROLLBACK);
    if (db->conn && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
        db_disconnect(db);
    db->failed = false;
}

uint64_t
db_commits(const struct db *db)
{
    return db->commits;
}

int64_t
db_take_time_ns(struct db *db)
{
    int64_t ns = db->wait_ns;

    db->wait_ns = 0;
    return ns;
}

/* ---- queries ------------------------------------------------------------ */

/* COMMIT went along with a query, and this came of both. */
static void
end_with(struct db *db, struct err e)
{
    db->ends = false;
    if (e.code)
        return;
    db->in_tx = false;
    db->ended = true;
    db->commits++;
}

struct err
db_all(struct db *db, struct arena *a, enum query q, const struct arg *args, size_t nargs,
       struct rows *out)
{
    PGresult *res = NULL;
    struct err e = send_query(db, q, args, nargs);

    if (!e.code && db->ends)
        e = send_query(db, Q_COMMIT, NO_ARGS);
    if (!e.code)
        e = settle(db, &res);
    if (db->ends)
        end_with(db, e);
    if (e.code)
        return keep(a, e);
    *out = keep_rows(a, res);
    return OK;
}

struct err
db_all_binary(struct db *db, struct arena *a, enum query q, const struct arg *args, size_t nargs,
              struct rows *out)
{
    struct err e;

    db->binary = true;
    e = db_all(db, a, q, args, nargs, out);
    db->binary = false;
    return e;
}

struct err
db_one(struct db *db, struct arena *a, enum query q, const struct arg *args, size_t nargs,
       struct row *out)
{
    struct rows rows;

    TRY(db_all(db, a, q, args, nargs, &rows));
    if (rows.count == 0)
        return ERR(ERR_NOT_FOUND, "not found");
    assert(rows.count == 1);
    *out = row_at(&rows, 0);
    return OK;
}

struct err
db_ask(struct db *db, struct arena *a, enum query q, const struct arg *args, size_t nargs,
       struct rows *out)
{
    assert(db->in_tx && !db->asked.out);
    *out = (struct rows){ .res = NULL };
    TRY(send_query(db, q, args, nargs));
    db->asked.statement = db->queued - 1;
    db->asked.arena = a;
    db->asked.out = out;
    return OK;
}

struct err
db_flush(struct db *db)
{
    PGresult *res;
    struct err e = settle(db, &res);

    PQclear(res);
    return e;
}

struct err
db_later(struct db *db, enum query q, const struct arg *args, size_t nargs)
{
    if (db->failed)
        return ERR(ERR_INTERNAL, "the transaction has failed");
    return send_query(db, q, args, nargs);
}

/* ---- notifications ------------------------------------------------------ */

struct err
db_listen(struct db *db, const char *channel)
{
    char sql[100];
    char *name;
    PGresult *res;
    struct err e;

    TRY(db_connect(db));
    name = PQescapeIdentifier(db->conn, channel, strlen(channel));
    if (!name)
        return db_lost(db);
    snprintf(sql, sizeof(sql), "listen %s", name);
    PQfreemem(name);
    TRY(send_text(db, sql));
    e = settle(db, &res);
    PQclear(res);
    db->failed = false;
    return e;
}

int
db_fd(const struct db *db)
{
    return db->conn ? PQsocket(db->conn) : -1;
}

struct err
db_notifications(struct db *db, void (*fn)(void *arg, const char *channel, const char *payload),
                 void *arg)
{
    PGnotify *note;

    if (!db->conn)
        return ERR(ERR_UNAVAILABLE, "not connected to the database");
    settle_lazy(db);
    if (!PQconsumeInput(db->conn))
        return db_lost(db);
    while ((note = PQnotifies(db->conn))) {
        fn(arg, note->relname, note->extra);
        PQfreemem(note);
    }
    return OK;
}
