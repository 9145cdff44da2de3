#include "db/db_private.h"

#include <string.h>

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

struct err
db_error_text(struct db *db, enum err_code code, const char *what, const char *text)
{
    size_t len;

    snprintf(db->message, sizeof(db->message), "%s%s%s", what ? what : "", what ? ": " : "", text);
    len = strcspn(db->message, "\n");
    db->message[len] = '\0';
    return (struct err){ code, db->message };
}

struct err
db_lost(struct db *db)
{
    struct err e = db_error_text(db, ERR_UNAVAILABLE, "database", PQerrorMessage(db->conn));

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

struct err
db_error_of(struct db *db, const PGresult *res, int query)
{
    const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    const char *name = query >= 0 ? queries[query].name : "session";

    if (!state || !text)
        return db_lost(db);
    db->undone = strncmp(state, "40", 2) == 0 || needs_reconnect(state);
    if (needs_reconnect(state)) {
        struct err e = db_error_text(db, ERR_UNAVAILABLE, name, text);

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
        return db_error_text(db, states[i].code, name, text);
    }
    return db_error_text(db, ERR_INTERNAL, name, text);
}

bool
db_was_undone(const struct db *db)
{
    return db->undone;
}
