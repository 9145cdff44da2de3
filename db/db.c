#include "db/db_private.h"
#include "lib/arena.h"
#include "lib/clock.h"

#include <assert.h>
#include <string.h>

/* The same error with its message in an arena. */
static struct err
keep(struct arena *a, struct err e)
{
    return e.code ? (struct err){ e.code, arena_strdup(a, e.msg) } : e;
}

/* ---- notifications ------------------------------------------------------ */

/* A transaction of their own behind the commit; nobody waits for it. */
static void
send_notices(struct db *db)
{
    const char *channels[DB_NOTICES_MAX], *payloads[DB_NOTICES_MAX];
    size_t n = notices_take(db, false, channels, payloads);
    struct err e;

    if (n == 0)
        return;
    pipeline_settle_lazy(db);
    e = pipeline_send(
        db, Q_NOTIFY,
        ARGS(arg_strs(db->notice_arena, channels, n), arg_strs(db->notice_arena, payloads, n)));
    if (e.code)
        return;
    if (PQpipelineSync(db->conn))
        db->lazy = true;
    else
        db_disconnect(db);
}

/*
 * COMMIT, and right behind it the notifications that are expected to be due: a round trip less for
 * who waits for them. A needless one wakes who is awake.
 */
static struct err
commit_and_tell(struct db *db, PGresult **res)
{
    const char *channels[DB_NOTICES_MAX], *payloads[DB_NOTICES_MAX];
    size_t n;

    *res = NULL;
    TRY(pipeline_send(db, Q_COMMIT, NO_ARGS));
    n = notices_take(db, true, channels, payloads);
    if (n == 0)
        return pipeline_settle(db, res);
    return pipeline_settle_then(
        db, res, Q_NOTIFY,
        ARGS(arg_strs(db->notice_arena, channels, n), arg_strs(db->notice_arena, payloads, n)));
}

/* ---- transactions ------------------------------------------------------- */

struct err
db_begin(struct db *db, enum tx mode, struct id user)
{
    pipeline_settle_lazy(db);
    assert(!db->in_tx);
    TRY(db_connect(db));
    db->failed = db->undone = db->ends = db->ended = false;
    db->asked.out = NULL;
    notices_drop(db);
    if (mode == TX_NONE)
        return OK;
    TRY(pipeline_send(db, mode == TX_READ ? Q_BEGIN_READ : Q_BEGIN_WRITE, NO_ARGS));
    db->in_tx = true;
    if (id_is_set(user))
        db_be_user(db, user);
    return OK;
}

void
db_be_admin(struct db *db)
{
    /* A failure shows at the next answer: the pipeline is aborted. */
    struct err e = db->conn ? pipeline_send(db, Q_BE_ADMIN, NO_ARGS) : OK;

    (void)e;
}

void
db_be_user(struct db *db, struct id user)
{
    struct err e = db->conn ? pipeline_send(db, Q_BE_USER, ARGS(arg_id(user))) : OK;

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
    e = commit_and_tell(db, &res);
    if (!e.code)
        e = pipeline_committed(res);
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
    e = pipeline_send(db, Q_COMMIT, NO_ARGS);
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
    struct err e;

    pipeline_settle_lazy(db);
    e = pipeline_send(db, q, NO_ARGS);
    if (!e.code)
        e = pipeline_settle(db, &res);
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
    struct err e = pipeline_send(db, q, args, nargs);

    if (!e.code && db->ends)
        e = pipeline_send(db, Q_COMMIT, NO_ARGS);
    if (!e.code)
        e = pipeline_settle(db, &res);
    if (db->ends)
        end_with(db, e);
    if (e.code)
        return keep(a, e);
    *out = pipeline_rows(a, res);
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
    TRY(pipeline_send(db, q, args, nargs));
    db->asked.statement = db->queued - 1;
    db->asked.arena = a;
    db->asked.out = out;
    return OK;
}

struct err
db_flush(struct db *db)
{
    PGresult *res;
    struct err e = pipeline_settle(db, &res);

    PQclear(res);
    return e;
}

struct err
db_later(struct db *db, enum query q, const struct arg *args, size_t nargs)
{
    if (db->failed)
        return ERR(ERR_INTERNAL, "the transaction has failed");
    return pipeline_send(db, q, args, nargs);
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
    TRY(pipeline_send_text(db, sql));
    e = pipeline_settle(db, &res);
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
    pipeline_settle_lazy(db);
    if (!PQconsumeInput(db->conn))
        return db_lost(db);
    while ((note = PQnotifies(db->conn))) {
        fn(arg, note->relname, note->extra);
        PQfreemem(note);
    }
    return OK;
}
