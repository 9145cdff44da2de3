#include "app/request.h"

#include "app/cursor.h"
#include "app/routes.h"
#include "lib/arena.h"
#include "lib/str.h"

#include <assert.h>
#include <ctype.h>
#include <string.h>

#define REPLY_MAX                                                                                  \
    ((size_t)256 * 1024 * 1024)         /* bytes; what a page of the longest rows comes to         \
                                         */
#define HEADERS_MAX ((size_t)16 * 1024) /* bytes */
#define CURSOR_MAX  200                 /* characters */
#define TIME_MAX    40                  /* characters */
#define NO_TIME     "must be a time such as 2026-01-31T12:00:00Z"

/* ---- reading ------------------------------------------------------------ */

struct json_reader *
request_json(struct request *rq)
{
    bool is_empty = rq->body.len == 0;

    jr_parse(&rq->json, rq->arena, is_empty ? "{}" : rq->body.data, is_empty ? 2 : rq->body.len);
    return &rq->json;
}

struct page
request_page(struct request *rq)
{
    struct page page = { .limit = 1 + (int)params_int(&rq->params, "limit", 1, REQUEST_PAGE_MAX,
                                                      REQUEST_PAGE_USUAL) };
    const char *cursor = params_str(&rq->params, "cursor", CURSOR_MAX);

    if (params_has(&rq->params, "cursor") &&
        (!cursor || !cursor_read(rq->arena, cursor, &page.at, &page.id))) {
        params_problem(&rq->params, "cursor", "must be the next_cursor of a page before");
        page.at = NULL;
        page.id = ID_NONE;
    }
    return page;
}

bool
request_is_null(struct json_reader *in, const char *key)
{
    return jr_has(in, key) && !jr_opt_raw(in, key, SIZE_MAX);
}

bool
request_is_absent(struct json_reader *in, const char *key)
{
    return !jr_has(in, key) || request_is_null(in, key);
}

void
request_refuse_nulls(struct json_reader *in, const char *const *keys)
{
    for (; *keys; keys++)
        if (request_is_null(in, *keys))
            jr_problem(in, *keys, "must not be null");
}

/* A two-digit number, within a range. */
static bool
two_digits(const char *p, int min, int max)
{
    int n = isdigit((unsigned char)p[0]) && isdigit((unsigned char)p[1])
                ? (p[0] - '0') * 10 + p[1] - '0'
                : -1;

    return n >= min && n <= max;
}

static bool
is_offset(const char *p)
{
    if (strcmp(p, "Z") == 0 || strcmp(p, "z") == 0)
        return true;
    return strlen(p) == 6 && (p[0] == '+' || p[0] == '-') && two_digits(p + 1, 0, 14) &&
           p[3] == ':' && two_digits(p + 4, 0, 59);
}

bool
request_is_time(const char *text)
{
    const char *p = text;

    /* Whether the month has such a day is PostgreSQL's to say. */
    if (strlen(text) < sizeof("2000-01-01T00:00:00Z") - 1 || !two_digits(p, 0, 99) ||
        !two_digits(p + 2, 0, 99) || p[4] != '-' || !two_digits(p + 5, 1, 12) || p[7] != '-' ||
        !two_digits(p + 8, 1, 31) || (p[10] != 'T' && p[10] != 't') || !two_digits(p + 11, 0, 23) ||
        p[13] != ':' || !two_digits(p + 14, 0, 59) || p[16] != ':' || !two_digits(p + 17, 0, 59))
        return false;
    p += 19;
    if (*p == '.') {
        size_t n = strspn(p + 1, "0123456789");

        if (n < 1 || n > 6)
            return false;
        p += 1 + n;
    }
    return is_offset(p);
}

const char *
request_opt_time(struct json_reader *in, const char *key)
{
    const char *text = jr_opt_str(in, key, 1, TIME_MAX);

    if (text && !request_is_time(text)) {
        jr_problem(in, key, NO_TIME);
        return NULL;
    }
    return text;
}

const char *
request_time_param(struct request *rq, const char *name)
{
    const char *text = params_str(&rq->params, name, TIME_MAX);

    if (params_has(&rq->params, name) && (!text || !request_is_time(text))) {
        params_problem(&rq->params, name, NO_TIME);
        return NULL;
    }
    return text;
}

/* `n` lower-case hex digits that are not all zero, and what must follow them. */
static bool
is_hex_id(const char *p, size_t n, char end)
{
    return strspn(p, "0123456789abcdef") == n && strspn(p, "0") < n && p[n] == end;
}

const char *
request_traceparent(const struct request *rq)
{
    const char *text = rq->wire.traceparent;

    if (!text || strlen(text) != sizeof("00-") - 1 + 32 + 1 + 16 + sizeof("-01") - 1 ||
        strncmp(text, "00-", 3) != 0 || !is_hex_id(text + 3, 32, '-') ||
        !is_hex_id(text + 36, 16, '-') || strspn(text + 53, "0123456789abcdef") != 2)
        return NULL;
    return text;
}

/* ---- transactions ------------------------------------------------------- */

void
request_be_admin(struct request *rq)
{
    if (rq->caller.is_admin && (rq->route->flags & ROUTE_ADMIN_SEES_ALL))
        db_be_admin(rq->db);
}

struct err
request_next(struct request *rq, enum tx mode)
{
    TRY(params_check(&rq->params));
    TRY(db_commit(rq->db));
    TRY(db_begin(rq->db, mode, rq->has_caller ? rq->caller.user_id : ID_NONE));
    rq->tx = mode;
    request_be_admin(rq);
    return OK;
}

struct err
request_last(struct request *rq)
{
    TRY(params_check(&rq->params));
    if (!rq->reply_is_kept)
        db_commit_along(rq->db);
    return OK;
}

/* ---- replying ----------------------------------------------------------- */

void
reply_reset(struct reply *rp)
{
    *rp = (struct reply){ .arena = rp->arena };
}

struct json_writer *
reply_json(struct reply *rp, int status)
{
    rp->status = status;
    rp->content_type = "application/json";
    buf_init(&rp->body, rp->arena, REPLY_MAX);
    jw_begin(&rp->json, &rp->body);
    return &rp->json;
}

struct json_writer *
reply_created(struct reply *rp, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    rp->location = arena_vprintf(rp->arena, fmt, ap);
    va_end(ap);
    return reply_json(rp, 201);
}

void
reply_empty(struct reply *rp)
{
    rp->status = 204;
    rp->content_type = NULL;
    buf_init(&rp->body, rp->arena, REPLY_MAX);
}

void
reply_header(struct reply *rp, const char *name, const char *value)
{
    assert(value[strcspn(value, "\r\n")] == '\0');
    if (!rp->headers.data)
        buf_init(&rp->headers, rp->arena, HEADERS_MAX);
    buf_add_str(&rp->headers, name);
    buf_add_str(&rp->headers, ": ");
    buf_add_str(&rp->headers, value);
    buf_add_str(&rp->headers, "\r\n");
    assert(buf_ok(&rp->headers));
}

struct json_writer *
reply_list(struct reply *rp, const struct page *page)
{
    struct json_writer *w = reply_json(rp, 200);

    rp->rows_left = page->limit - 1;
    rp->next_cursor = NULL;
    jw_object(w, NULL);
    jw_array(w, "data");
    return w;
}

bool
reply_row(struct reply *rp, const char *at, struct id id)
{
    if (rp->rows_left == 0) {
        rp->next_cursor = cursor_make(rp->arena, rp->last_at, rp->last_id);
        return false;
    }
    rp->rows_left--;
    rp->last_at = at;
    rp->last_id = id;
    return true;
}

void
reply_list_end(struct reply *rp)
{
    jw_array_end(&rp->json);
    jw_str(&rp->json, "next_cursor", rp->next_cursor);
    jw_object_end(&rp->json);
}
