/* Columns of rows: the row_ functions of db/db.h. */
#include "db/db.h"
#include "lib/arena.h"
#include "lib/clock.h"

#include <assert.h>
#include <libpq-fe.h>

#define EPOCH_US INT64_C(946684800000000) /* PostgreSQL counts from 2000, as seen from 1970 */

struct row
row_at(const struct rows *rows, int n)
{
    assert(n >= 0 && n < rows->count);
    return (struct row){ rows->res, n, rows->next };
}

/* Columns are mostly read in their order, so the search goes on where the last one ended. */
static int
column(const struct row *r, const char *col)
{
    int count = PQnfields(r->res), n = *r->next < count ? *r->next : 0;

    /* PQfnumber() copies the name each time, in case it is in upper case or quoted. */
    for (int tries = 0; tries < count; tries++) {
        if (strcmp(PQfname(r->res, n), col) == 0) {
            *r->next = n + 1;
            return n;
        }
        n = n + 1 < count ? n + 1 : 0;
    }
    assert(false && "no such column");
    return 0;
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

struct err
db_missing(struct err e, const char *what)
{
    return e.code == ERR_NOT_FOUND ? (struct err){ ERR_NOT_FOUND, what } : e;
}

struct id
row_opt_id(const struct row *r, const char *col)
{
    int n = column(r, col);
    struct id id = ID_NONE;

    if (PQgetisnull(r->res, r->n, n))
        return id;
    if (PQfformat(r->res, n))
        return id_from_bytes((const uint8_t *)PQgetvalue(r->res, r->n, n));
    /* PostgreSQL spells a uuid one way only, and nothing else is as long. */
    assert(PQgetlength(r->res, r->n, n) == ID_TEXT);
    memcpy(id.s, PQgetvalue(r->res, r->n, n), ID_TEXT + 1);
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

const uint8_t *
row_opt_bytes(const struct row *r, const char *col, size_t *len)
{
    int n = column(r, col);

    *len = (size_t)PQgetlength(r->res, r->n, n);
    return PQgetisnull(r->res, r->n, n) ? NULL : (const uint8_t *)PQgetvalue(r->res, r->n, n);
}

const uint8_t *
row_bytes(const struct row *r, const char *col, size_t *len)
{
    const uint8_t *bytes = row_opt_bytes(r, col, len);

    assert(bytes);
    return bytes;
}

static int64_t
binary_int(const uint8_t *p, size_t len)
{
    uint64_t n = 0;

    assert(len == 4 || len == 8);
    for (size_t i = 0; i < len; i++)
        n = n << 8 | p[i];
    return len == 4 ? (int32_t)(uint32_t)n : (int64_t)n;
}

int64_t
row_binary_int(const struct row *r, const char *col)
{
    size_t len;
    const uint8_t *p = row_bytes(r, col, &len);

    return binary_int(p, len);
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
    char c = row_str(r, col)[0];

    return c == 't' || c == 1; /* as text, in binary */
}

const char *
row_opt_time(const struct row *r, struct arena *a, const char *col)
{
    int n = column(r, col);
    const char *value = PQgetvalue(r->res, r->n, n);
    char text[CLOCK_TEXT + 1];

    if (PQgetisnull(r->res, r->n, n))
        return NULL;
    if (!PQfformat(r->res, n))
        return value;
    clock_text(binary_int((const uint8_t *)value, sizeof(int64_t)) + EPOCH_US, text);
    return arena_strdup(a, text);
}

const char *
row_time(const struct row *r, struct arena *a, const char *col)
{
    const char *s = row_opt_time(r, a, col);

    assert(s);
    return s;
}
