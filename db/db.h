/*
 * Db: one PostgreSQL connection, and the only way to run SQL.
 *
 * SQL lives in db/<thing>.sql, one named statement after another. The build
 * turns the names into `enum query`, and every connection prepares them all,
 * so that a broken one stops the start by its name. Only files in db/ call
 * what is below the line; everything else calls db/chat.h, db/job.h and so on.
 *
 * Values are sent as parameters, never pasted into SQL. A result belongs to the
 * arena it was read into, and text columns point into it uncopied.
 *
 * The connection is in libpq's pipeline mode: db_begin() and db_later() only
 * queue, and travel with the next db_one(), db_all() or db_commit(); so a
 * transaction costs as many round trips as it has answers to look at. A lost
 * connection gives ERR_UNAVAILABLE; the next db_begin() connects again. A
 * connection belongs to one thread at a time.
 */
#ifndef DB_DB_H
#define DB_DB_H

#include "db/queries.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct recent;

enum tx { TX_NONE, TX_READ, TX_WRITE };

struct db_options {
    const char *conninfo;         /* libpq URI or key=value string; several hosts allowed */
    const char *role;             /* role to take, e.g. "offstage_app" */
    const char *application;      /* shown in pg_stat_activity */
    int64_t statement_timeout_ms; /* 0: none */
    bool async_commit;            /* synchronous_commit = off for every transaction */
    size_t recent_bytes;          /* see db_recent() */
};

/*
 * A connection that is opened by the first db_begin() or by db_connect(), and
 * closes with the arena. The options' texts must outlive it.
 */
struct db *db_new(struct arena *a, const struct db_options *options);

/*
 * Connect, take the role, prepare every query. ERR_UNAVAILABLE when the server
 * cannot be reached, ERR_INTERNAL when a query does not fit the schema (the
 * message names it) or the role could see everybody's rows (superuser,
 * BYPASSRLS). No-op when connected.
 */
struct err db_connect(struct db *db) CHECKED;
bool db_is_connected(const struct db *db);
void db_disconnect(struct db *db);

/*
 * Start a transaction on behalf of `user`; rows of other users are out of
 * sight until it ends. An unset id sees no user's rows, unless the role may.
 * TX_NONE begins and commits nothing: each statement that is answered is a
 * transaction, together with what was queued before it.
 */
struct err db_begin(struct db *db, enum tx mode, struct id user) CHECKED;

/* For the rest of the transaction the caller is an admin who may see everybody's rows. */
void db_be_admin(struct db *db);

/* For the rest of the transaction the caller is `user`. */
void db_be_user(struct db *db, struct id user);

/*
 * ERR_UNAVAILABLE here means that the outcome is unknown: the caller repeats
 * under an idempotency key or looks.
 */
struct err db_commit(struct db *db) CHECKED;

/*
 * Let COMMIT travel with the next db_one() or db_all(), which must be the transaction's last query:
 * a round trip less. Once that has given OK its changes are kept, and db_commit() only sends the
 * notifications; its failure may mean, as with db_commit(), that the outcome is unknown.
 */
void db_commit_along(struct db *db);

/*
 * Notify `channel` (a literal) once the open transaction has committed, in a transaction of its own
 * that is not synced. In the first it would cost all writers dearly: whoever commits a NOTIFY holds
 * one lock of the whole database until its WAL is on disk, so that commits go one at a time. What
 * is lost between the two costs a poll interval, as notifications may.
 */
void db_notify(struct db *db, const char *channel, const char *payload);

/* The same, provided that the statement queued last yields a row. */
void db_notify_if_rows(struct db *db, const char *channel, const char *payload);

/* The same, provided that `column` (a literal) is true in its first row. */
void db_notify_if(struct db *db, const char *column, const char *channel, const char *payload);

/* End a TX_READ transaction without waiting for the server's answer. */
void db_end_read(struct db *db);

/*
 * The same, told to the server together with what comes next: call db_idle()
 * when nothing comes, for until then the transaction stays open there.
 */
void db_end_read_later(struct db *db);
void db_idle(struct db *db);

/* Undo the open transaction, if there is one. */
void db_rollback(struct db *db);

/*
 * Whether the server has undone the last transaction only because others were at work: a deadlock,
 * a conflict of snapshots, a plan that a new schema made void. The same again may succeed.
 */
bool db_was_undone(const struct db *db);

/* How many transactions have been committed by db_commit(). */
uint64_t db_commits(const struct db *db);

/* Nanoseconds spent waiting for the server since the last call. */
int64_t db_take_time_ns(struct db *db);

/* ---- for files in db/ ------------------------------------------------- */

/* One parameter; make it with an arg_ function. */
struct arg {
    const char *text; /* NULL is SQL NULL, unless is_own */
    char own[40];
    bool is_own;
    bool is_binary; /* text is `len` bytes in PostgreSQL's binary format */
    int len;
};

struct arg arg_str(const char *s); /* NULL sends NULL; must live until the query is sent */
struct arg arg_id(struct id id);   /* an unset id sends NULL */
struct arg arg_int(int64_t n);
struct arg arg_bool(bool b);
struct arg arg_null(void);
struct arg arg_double(double d); /* NaN sends NULL */

/* A bytea; the bytes must live until the query is sent. At most 1 GiB. */
struct arg arg_bytes(const void *bytes, size_t len);

/* PostgreSQL array literals, made in the arena. */
struct arg arg_ids(struct arena *a, const struct id *ids, size_t n);
struct arg arg_ints(struct arena *a, const int64_t *ints, size_t n);
struct arg arg_strs(struct arena *a, const char *const *strs, size_t n); /* NULL elements allowed */

/* The same for text[] alone and many bytes: as PostgreSQL keeps it, so that nobody has to escape.
 */
struct arg arg_texts(struct arena *a, const char *const *texts, size_t n);

#define ARGS(...)                                                                                  \
    (const struct arg[]){ __VA_ARGS__ },                                                           \
        sizeof((const struct arg[]){ __VA_ARGS__ }) / sizeof(struct arg)
#define NO_ARGS NULL, 0

struct rows {
    struct pg_result *res;
    int count;
    int affected; /* rows that an insert, update or delete touched */
    int *next;    /* private: the column that is probably asked for next */
};

struct row {
    struct pg_result *res;
    int n;
    int *next;
};

/* Run a query and keep all its rows. */
struct err db_all(struct db *db, struct arena *a, enum query q, const struct arg *args,
                  size_t nargs, struct rows *out) CHECKED;

/*
 * The same with all columns in PostgreSQL's binary format, for queries that
 * yield many bytes or rows. Texts, booleans and uuids are read as ever; times by
 * row_time(), the rest by row_bytes() and row_binary_int().
 */
struct err db_all_binary(struct db *db, struct arena *a, enum query q, const struct arg *args,
                         size_t nargs, struct rows *out) CHECKED;

/* Run a query that yields one row; none is ERR_NOT_FOUND, more is a bug. */
struct err db_one(struct db *db, struct arena *a, enum query q, const struct arg *args,
                  size_t nargs, struct row *out) CHECKED;

/* The same error, but ERR_NOT_FOUND says what is missing: a literal for the client. */
struct err db_missing(struct err e, const char *what) CHECKED;

/*
 * Queue a query whose rows nobody looks at. An error shows at the next
 * db_one(), db_all() or db_commit() and spoils the transaction. Queue at most
 * some tens: the server's answers wait in the socket.
 */
struct err db_later(struct db *db, enum query q, const struct arg *args, size_t nargs) CHECKED;

/*
 * Queue a query whose rows are looked at later: *out holds them once the next
 * db_one(), db_all() or db_flush() has given OK. One at a time.
 */
struct err db_ask(struct db *db, struct arena *a, enum query q, const struct arg *args,
                  size_t nargs, struct rows *out) CHECKED;

/* Send what is queued and read the answers. */
struct err db_flush(struct db *db) CHECKED;

struct row row_at(const struct rows *rows, int n);

/*
 * What was read of rows that never change, for as long as the connection lives. It is nobody's:
 * only a statement of the same transaction says whether the caller may see such a row.
 */
struct recent *db_recent(struct db *db);

/*
 * Column readers, by name. An unknown name, or NULL where the name has no
 * opt_, is a bug in db/ and aborts. Texts live as long as the arena.
 */
const char *row_str(const struct row *r, const char *col);
const char *row_opt_str(const struct row *r, const char *col);
size_t row_len(const struct row *r, const char *col); /* bytes of a text */
struct id row_id(const struct row *r, const char *col);
struct id row_opt_id(const struct row *r, const char *col);
int64_t row_int(const struct row *r, const char *col);
int64_t row_opt_int(const struct row *r, const char *col, int64_t unset);
double row_double(const struct row *r, const char *col);
double row_opt_double(const struct row *r, const char *col, double unset);
bool row_bool(const struct row *r, const char *col);

/* As the API spells times: a ts() of text rows, or a timestamptz of binary ones, put into the
 * arena. */
const char *row_time(const struct row *r, struct arena *a, const char *col);
const char *row_opt_time(const struct row *r, struct arena *a, const char *col);

/* Of db_all_binary(). */
const uint8_t *row_bytes(const struct row *r, const char *col, size_t *len);
const uint8_t *row_opt_bytes(const struct row *r, const char *col, size_t *len);
int64_t row_binary_int(const struct row *r, const char *col); /* int or bigint */

/*
 * LISTEN on this connection (never in a transaction), and the notifications
 * that came: the caller polls db_fd() for reading. db_notifications() reads
 * what has arrived without waiting and calls fn for each; ERR_UNAVAILABLE when
 * the connection is gone. Channels are the constants of db/notify.h.
 */
struct err db_listen(struct db *db, const char *channel) CHECKED;
int db_fd(const struct db *db); /* -1 when not connected */
struct err db_notifications(struct db *db,
                            void (*fn)(void *arg, const char *channel, const char *payload),
                            void *arg) CHECKED;

#endif
