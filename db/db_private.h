/* What db.c, db_connect.c and db_error.c share: the connection. Private to them. */
#ifndef DB_DB_PRIVATE_H
#define DB_DB_PRIVATE_H

#include "db/db.h"

#include <libpq-fe.h>

#define DB_QUEUED_MAX  256  /* statements between two syncs */
#define DB_MESSAGE_MAX 1000 /* bytes */
#define DB_NOTICES_MAX 64   /* notifications of one transaction; more are lost */
#define DB_TOLD        4    /* channels */
#define DB_TOLD_MAX    64   /* bytes of a payload that is remembered */

/* Beside those of the .sql files: text that this layer itself sends. */
enum { DB_STATEMENT_TEXT = -1 };

/* What the open transaction will tell. */
struct notice {
    const char *channel, *payload;
    int statement;      /* of those queued, which must yield a row; -1: none, or it has */
    const char *column; /* that must be true in it; NULL: none */
    bool sent;
};

/* The last notification of a channel that depended on an answer and was due. */
struct told {
    const char *channel; /* NULL: none */
    char payload[DB_TOLD_MAX];
};

struct db {
    struct arena *arena;
    struct db_options options;
    PGconn *conn;
    bool in_tx, failed;
    bool ends;        /* COMMIT goes with the next query, see db_commit_along() */
    bool ended;       /* it went, and db_commit() is still to come */
    bool undone;      /* see db_was_undone() */
    uint64_t commits; /* see db_commits() */
    bool binary;      /* rows are asked for in the binary format */
    bool lazy;        /* something was sent whose answer nobody has read */
    int queued;       /* statements sent since the last sync, whose results wait */
    int sent[DB_QUEUED_MAX];
    struct {
        int statement; /* of those queued, whose rows db_ask() wants */
        struct arena *arena;
        struct rows *out; /* NULL: none */
    } asked;
    struct recent *recent;
    int64_t wait_ns;
    int64_t next_connect_ms;
    char message[DB_MESSAGE_MAX];
    struct arena *notice_arena;
    struct notice
        notices[DB_NOTICES_MAX]; /* what the open transaction will tell, see db_notify() */
    size_t notice_count;
    struct told told[DB_TOLD]; /* of the last ones, a channel each */
};

/* The connection is gone: close it and say why. */
struct err db_lost(struct db *db);

/* The error that a result reports. `query` names it in messages for the log. */
struct err db_error_of(struct db *db, const PGresult *res, int query);

/* An error with a message of one line in db->message, valid until the next one. */
struct err db_error_text(struct db *db, enum err_code code, const char *what, const char *text);

/* With the result of a queued statement, on which notices may depend. */
void notices_judge(struct db *db, int statement, const PGresult *res);
void notices_drop(struct db *db);

/*
 * Those that were not taken yet: all, or those that are expected to be due before their statements
 * are answered. They count as sent. Arrays of DB_NOTICES_MAX; returns how many.
 */
size_t notices_take(struct db *db, bool expected, const char **channels, const char **payloads);

/* Queue a statement; what it answers is read by pipeline_settle(). */
struct err pipeline_send(struct db *db, enum query q, const struct arg *args, size_t nargs);
struct err pipeline_send_text(struct db *db, const char *sql);

/*
 * Send what is queued and read every answer. *out gets the result of the last
 * statement, or of the one before a COMMIT that went along (the caller clears
 * it); the first error of any statement is returned.
 */
struct err pipeline_settle(struct db *db, PGresult **out);

/* The same, and `q` right behind it in a transaction of its own, whose answer nobody waits for. */
struct err pipeline_settle_then(struct db *db, PGresult **out, enum query q, const struct arg *args,
                                size_t nargs);

/* Read the answer to what was sent last without waiting: a read's COMMIT, notifications. */
void pipeline_settle_lazy(struct db *db);

/* A result becomes rows that live as long as the arena. */
struct rows pipeline_rows(struct arena *a, PGresult *res);

/* Of a COMMIT's result: what it says of a transaction that had failed is ROLLBACK. */
struct err pipeline_committed(PGresult *res);

/* The result of one queued statement: all but the last of its PGresults are dropped. */
PGresult *db_take_result(struct db *db);

#endif
