#include "db/db.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"

#include <assert.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <math.h>

#define ARGS_MAX      64
#define QUEUED_MAX    256 /* statements between two syncs */
#define MESSAGE_MAX   1000
#define ARRAY_MAX     ((size_t)256 * 1024 * 1024) /* bytes of one array literal */
#define CONNECT_S     "3"
#define RETRY_WAIT_MS 200 /* between two attempts to connect */

/* Pseudo queries beside those of the .sql files. */
enum { STMT_TEXT = -1 };

struct db {
    struct arena *arena;
    struct db_options options;
    PGconn *conn;
    bool in_tx, failed;
    bool lazy;  /* a COMMIT was sent whose answer nobody has read */
    int queued; /* statements sent since the last sync, whose results wait */
    int sent[QUEUED_MAX];
    int64_t wait_ns;
    int64_t next_connect_ms;
    char message[MESSAGE_MAX];
};

/* ---- errors ------------------------------------------------------------- */

static const struct {
    const char *state; /* SQLSTATE, or its class when two characters */
    enum err_code code;
    const char *msg; /* for the client; NULL: the server's own words */
} states[] = {
    { "OF001", ERR_LEASE_LOST, NULL },
    { "OF404", ERR_NOT_FOUND, NULL },
    { "OF409", ERR_CONFLICT, NULL },
    { "OF422", ERR_INVALID, NULL },
    { "OF429", ERR_RATE_LIMITED, NULL },
    { "23505", ERR_CONFLICT, "there is one like this already" },
    { "23503", ERR_CONFLICT, "something that this refers to is gone" },
    { "23502", ERR_INTERNAL, NULL },
    { "23514", ERR_INVALID, "a value breaks a rule of the data" },
    { "22021", ERR_MALFORMED, "a text is not valid UTF-8" },
    { "22", ERR_INVALID, "a value is malformed or out of range" },
    { "42501", ERR_FORBIDDEN, "this is not allowed" },
    { "40001", ERR_UNAVAILABLE, NULL },
    { "40P01", ERR_UNAVAILABLE, NULL },
    { "55P03", ERR_UNAVAILABLE, NULL },
    { "57014", ERR_TIMEOUT, NULL },
    { "57P", ERR_UNAVAILABLE, NULL },
    { "25006", ERR_UNAVAILABLE, NULL },
    { "53", ERR_UNAVAILABLE, NULL },
    { "08", ERR_UNAVAILABLE, NULL },
};

static struct err
error_text(struct db *db, enum err_code code, const char *what, const char *text)
{
    size_t len;

    snprintf(db->message, sizeof(db->message), "%s%s%s", what ? what : "", what ? ": " : "", text);
    len = strcspn(db->message, "\n");
    db->message[len] = '\0';
    return (struct err){ code, db->message };
}

static struct err
lost(struct db *db)
{
    struct err e = error_text(db, ERR_UNAVAILABLE, "database", PQerrorMessage(db->conn));

    db_disconnect(db);
    return e;
}

/*
 * A plan or statement that the server no longer has, or a server that has
 * become a standby: only a new connection helps.
 */
static bool
needs_reconnect(const char *state)
{
    return strcmp(state, "0A000") == 0 || strcmp(state, "26000") == 0 ||
           strcmp(state, "25006") == 0;
}

static struct err
error_of(struct db *db, const PGresult *res, int query)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *name = query >= 0 ? queries[query].name : "session";

    if (!state || !text)
        return lost(db);
    if (needs_reconnect(state)) {
        struct err e = error_text(db, ERR_UNAVAILABLE, name, text);

        db_disconnect(db);
        return e;
    }
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strncmp(state, states[i].state, strlen(states[i].state)) != 0)
            continue;
        if (states[i].msg)
            return (struct err){ states[i].code, states[i].msg };
        if (strncmp(state, "OF", 2) == 0)
            name = NULL;
        return error_text(db, states[i].code, name, text);
    }
    return error_text(db, ERR_INTERNAL, name, text);
}

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
    assert(db->queued < QUEUED_MAX);
    if (!PQsendQueryParams(db->conn, sql, 0, NULL, NULL, NULL, NULL, 0))
        return lost(db);
    db->sent[db->queued++] = STMT_TEXT;
    return OK;
}

static struct err
send_query(struct db *db, enum query q, const struct arg *args, size_t nargs)
{
    const char *values[ARGS_MAX];

    assert(nargs <= ARGS_MAX && db->queued < QUEUED_MAX);
    if (!db->conn)
        return ERR(ERR_UNAVAILABLE, "not connected to the database");
    for (size_t i = 0; i < nargs; i++)
        values[i] = args[i].is_own ? args[i].own : args[i].text;
    if (!PQsendQueryPrepared(db->conn, queries[q].name, (int)nargs, values, NULL, NULL, 0))
        return lost(db);
    db->sent[db->queued++] = (int)q;
    return OK;
}

/* The result of one queued statement: all but the last of its PGresults are dropped. */
static PGresult *
take_result(struct db *db)
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

/*
 * Read everything that was queued. *out gets the result of the last statement
 * (the caller clears it); the first error of any statement is returned.
 */
static struct err
collect(struct db *db, PGresult **out)
{
    struct err first = OK;
    int n = db->queued;

    *out = NULL;
    for (int i = 0; i < n && db->conn; i++) {
        PGresult *res = take_result(db);
        ExecStatusType status = PQresultStatus(res);

        if (status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE) {
            struct err e =
                PQstatus(db->conn) == CONNECTION_BAD ? lost(db) : error_of(db, res, db->sent[i]);

            if (!first.code)
                first = e;
        }
        if (i == n - 1)
            *out = res;
        else
            PQclear(res);
    }
    db->queued = 0;
    if (db->conn) {
        PGresult *sync = PQgetResult(db->conn);

        if (PQresultStatus(sync) != PGRES_PIPELINE_SYNC && !first.code)
            first = lost(db);
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
        return lost(db);
    }
    e = collect(db, out);
    db->wait_ns += clock_mono_ns() - began;
    return e;
}

/* Read the answer to a COMMIT that db_end_read() sent. */
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

/* ---- connecting --------------------------------------------------------- */

static struct err
run_setup(struct db *db)
{
    char sql[800];
    char *role = PQescapeIdentifier(db->conn, db->options.role, strlen(db->options.role));
    PGresult *res;
    struct err e;

    if (!role)
        return lost(db);
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
        e = error_of(db, res, STMT_TEXT);
    else if (PQntuples(res) != 1 || PQgetvalue(res, 0, 0)[0] != 'f')
        e = error_text(db, ERR_INTERNAL, db->options.role, "this role passes row-level security");
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
            return lost(db);
    if (!PQpipelineSync(db->conn))
        return lost(db);
    for (int i = 0; i < QUERY_COUNT && db->conn; i++) {
        PGresult *res = take_result(db);

        if (PQresultStatus(res) == PGRES_FATAL_ERROR && !first.code) {
            first = error_of(db, res, i);
            if (first.code != ERR_UNAVAILABLE)
                first = error_text(db, ERR_INTERNAL, queries[i].name,
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
    db_disconnect(arg);
}

struct db *
db_new(struct arena *a, const struct db_options *options)
{
    struct db *db = ARENA_NEW(a, struct db);

    db->arena = a;
    db->options = *options;
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
        return lost(db);
    }
    db->in_tx = db->failed = db->lazy = false;
    db->queued = 0;
    e = run_setup(db);
    if (!e.code && !PQenterPipelineMode(db->conn))
        e = lost(db);
    if (!e.code)
        e = prepare_all(db);
    if (e.code)
        db_disconnect(db);
    return e;
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
    db->lazy = false;
    db->queued = 0;
}

/* ---- transactions ------------------------------------------------------- */

struct err
db_begin(struct db *db, enum tx mode, struct id user)
{
    settle_lazy(db);
    assert(!db->in_tx);
    TRY(db_connect(db));
    db->failed = false;
    if (mode == TX_NONE)
        return OK;
    TRY(send_text(db, mode == TX_READ ? "begin read only" : "begin"));
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

    if (!db->in_tx)
        return OK;
    if (db->failed || !db->conn) {
        db_rollback(db);
        return ERR(ERR_UNAVAILABLE, "the transaction had failed");
    }
    e = send_text(db, "commit");
    if (!e.code)
        e = settle(db, &res);
    else
        res = NULL;
    if (!e.code && strcmp(PQcmdStatus(res), "COMMIT") != 0)
        e = ERR(ERR_INTERNAL, "the transaction was rolled back");
    PQclear(res);
    if (e.code)
        db_rollback(db);
    db->in_tx = false;
    return e;
}

void
db_end_read(struct db *db)
{
    if (!db->in_tx)
        return;
    if (db->failed || !db->conn) {
        db_rollback(db);
        return;
    }
    db->in_tx = false;
    if (send_text(db, "commit").code)
        return;
    if (PQpipelineSync(db->conn))
        db->lazy = true;
    else
        db_disconnect(db);
}

void
db_rollback(struct db *db)
{
    PGresult *res;
    struct err e;

    if (!db->in_tx)
        return;
    db->in_tx = db->failed = false;
    if (!db->conn)
        return;
    /* What is still queued runs into the aborted or doomed transaction, and its answers are read.
     */
    e = send_text(db, "rollback");
    if (!e.code)
        e = settle(db, &res);
    else
        res = NULL;
    PQclear(res);
    /* An earlier queued statement may have aborted this pipeline, rollback included. */
    if (e.code && db->conn && PQtransactionStatus(db->conn) != PQTRANS_IDLE) {
        e = send_text(db, "rollback");
        if (!e.code)
            e = settle(db, &res);
        else
            res = NULL;
        PQclear(res);
    }
    if (db->conn && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
        db_disconnect(db);
    db->failed = false;
}

int64_t
db_take_time_ns(struct db *db)
{
    int64_t ns = db->wait_ns;

    db->wait_ns = 0;
    return ns;
}

/* ---- queries ------------------------------------------------------------ */

static void
clear_result(void *res)
{
    PQclear(res);
}

struct err
db_all(struct db *db, struct arena *a, enum query q, const struct arg *args, size_t nargs,
       struct rows *out)
{
    PGresult *res = NULL;
    struct err e = send_query(db, q, args, nargs);

    if (!e.code)
        e = settle(db, &res);
    if (e.code)
        return keep(a, e);
    arena_defer(a, clear_result, res);
    *out = (struct rows){ res, PQntuples(res), 0 };
    if (PQcmdTuples(res)[0])
        out->affected = (int)strtol(PQcmdTuples(res), NULL, 10);
    return OK;
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
db_later(struct db *db, enum query q, const struct arg *args, size_t nargs)
{
    assert(db->in_tx);
    if (db->failed)
        return ERR(ERR_INTERNAL, "the transaction has failed");
    return send_query(db, q, args, nargs);
}

/* ---- parameters --------------------------------------------------------- */

struct arg
arg_str(const char *s)
{
    return (struct arg){ .text = s };
}

struct arg
arg_null(void)
{
    return (struct arg){ .text = NULL };
}

struct arg
arg_id(struct id id)
{
    struct arg arg = { .is_own = id_is_set(id) };

    snprintf(arg.own, sizeof(arg.own), "%s", id.s);
    return arg;
}

struct arg
arg_int(int64_t n)
{
    struct arg arg = { .is_own = true };

    snprintf(arg.own, sizeof(arg.own), "%" PRId64, n);
    return arg;
}

struct arg
arg_bool(bool b)
{
    return arg_str(b ? "t" : "f");
}

struct arg
arg_double(double d)
{
    struct arg arg = { .is_own = !isnan(d) };

    snprintf(arg.own, sizeof(arg.own), "%.17g", d);
    return arg;
}

struct arg
arg_ids(struct arena *a, const struct id *ids, size_t n)
{
    struct buf b;

    buf_init(&b, a, ARRAY_MAX);
    buf_add_char(&b, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_char(&b, ',');
        buf_add_str(&b, id_is_set(ids[i]) ? ids[i].s : "NULL");
    }
    buf_add_char(&b, '}');
    return arg_str(b.data);
}

struct arg
arg_ints(struct arena *a, const int64_t *ints, size_t n)
{
    struct buf b;

    buf_init(&b, a, ARRAY_MAX);
    buf_add_char(&b, '{');
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, i ? ",%" PRId64 : "%" PRId64, ints[i]);
    buf_add_char(&b, '}');
    return arg_str(b.data);
}

static void
add_element(struct buf *b, const char *s)
{
    buf_add_char(b, '"');
    while (*s) {
        size_t plain = strcspn(s, "\\\"");

        buf_add(b, s, plain);
        s += plain;
        if (*s) {
            buf_add_char(b, '\\');
            buf_add_char(b, *s++);
        }
    }
    buf_add_char(b, '"');
}

struct arg
arg_strs(struct arena *a, const char *const *strs, size_t n)
{
    struct buf b;

    buf_init(&b, a, ARRAY_MAX);
    buf_add_char(&b, '{');
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_add_char(&b, ',');
        if (strs[i])
            add_element(&b, strs[i]);
        else
            buf_add_str(&b, "NULL");
    }
    buf_add_char(&b, '}');
    assert(buf_ok(&b));
    return arg_str(b.data);
}

/* ---- rows --------------------------------------------------------------- */

struct row
row_at(const struct rows *rows, int n)
{
    assert(n >= 0 && n < rows->count);
    return (struct row){ rows->res, n };
}

static int
column(const struct row *r, const char *col)
{
    int n = PQfnumber(r->res, col);

    assert(n >= 0);
    return n;
}

const char *
row_opt_str(const struct row *r, const char *col)
{
    int n = column(r, col);

    return PQgetisnull(r->res, r->n, n) ? NULL : PQgetvalue(r->res, r->n, n);
}

const char *
row_str(const struct row *r, const char *col)
{
    const char *s = row_opt_str(r, col);

    assert(s);
    return s;
}

size_t
row_len(const struct row *r, const char *col)
{
    return (size_t)PQgetlength(r->res, r->n, column(r, col));
}

struct id
row_opt_id(const struct row *r, const char *col)
{
    const char *s = row_opt_str(r, col);
    struct id id = ID_NONE;

    if (s && !id_parse(s, &id))
        assert(!"not an id");
    return id;
}

struct id
row_id(const struct row *r, const char *col)
{
    struct id id = row_opt_id(r, col);

    assert(id_is_set(id));
    return id;
}

int64_t
row_opt_int(const struct row *r, const char *col, int64_t unset)
{
    const char *s = row_opt_str(r, col);

    return s ? strtoll(s, NULL, 10) : unset;
}

int64_t
row_int(const struct row *r, const char *col)
{
    return strtoll(row_str(r, col), NULL, 10);
}

double
row_opt_double(const struct row *r, const char *col, double unset)
{
    const char *s = row_opt_str(r, col);

    return s ? strtod(s, NULL) : unset;
}

double
row_double(const struct row *r, const char *col)
{
    return strtod(row_str(r, col), NULL);
}

bool
row_bool(const struct row *r, const char *col)
{
    return row_str(r, col)[0] == 't';
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
        return lost(db);
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
        return lost(db);
    while ((note = PQnotifies(db->conn))) {
        fn(arg, note->relname, note->extra);
        PQfreemem(note);
    }
    return OK;
}
