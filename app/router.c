#include "app/router.h"

#include "app/app.h"
#include "app/audit.h"
#include "app/callers.h"
#include "app/credentials.h"
#include "app/limits.h"
#include "app/multipart.h"
#include "app/once.h"
#include "app/problem.h"
#include "app/proxy.h"
#include "app/request.h"
#include "app/routes.h"
#include "app/stats.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/log.h"
#include "lib/str.h"

#include <string.h>

#define TRIES_MAX 4 /* at a request whose transaction the database undoes */

/* What the client showed, and what is thought of it. */
struct shown {
    enum credential kind;
    const char *token;
    bool may_guess; /* who it was lately, before the database has said that it still holds */
    bool guessed;
    struct rows answer; /* of the database to that */
};

static bool
is_https(const struct request *rq)
{
    return rq->app->own_origin ? rq->app->own_https : rq->wire.https;
}

/* A client's id is kept when it can do no harm in a log or a header. */
static const char *
request_id(struct request *rq)
{
    const char *theirs = rq->wire.request_id;
    size_t len = theirs ? strlen(theirs) : 0;

    if (len > 0 && len <= REQUEST_ID_MAX &&
        strspn(theirs, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == len)
        return arena_strdup(rq->arena, theirs);
    return arena_strdup(rq->arena, id_new().s);
}

static struct err
find_route(struct request *rq)
{
    struct str query, path = str_cut(str_from(rq->wire.uri), '?', &query);

    rq->path = str_dup(rq->arena, path);
    params_parse(&rq->params, rq->arena, str_dup(rq->arena, query));
    if (path.len == 0)
        return ERR(ERR_MALFORMED, "the request has no path");
    return route_find(rq, rq->wire.method);
}

/* A page of another site can make a browser send our cookie, but not hide where it comes from. */
static struct err
check_origin(const struct request *rq, enum credential kind)
{
    enum origin from;

    if (rq->route->method == METHOD_GET)
        return OK;
    from = credentials_origin(rq->wire.origin, rq->wire.fetch_site, rq->app->own_origin,
                              rq->wire.host, rq->wire.https);
    /* What a browser sends by itself, by whomever it was led: our cookie, and its proxy's. */
    if ((kind == CREDENTIAL_SESSION || kind == CREDENTIAL_PROXY) && from != ORIGIN_OWN)
        return ERR(ERR_FORBIDDEN, "a change under a session must come from this site's own pages");
    if ((rq->route->flags & ROUTE_SIGNS_IN) && from == ORIGIN_FOREIGN)
        return ERR(ERR_FORBIDDEN, "only this site's own pages may sign in");
    return OK;
}

static struct err
begin(struct request *rq)
{
    rq->tx = rq->route->tx;
    return db_begin(rq->db, rq->tx, ID_NONE);
}

static struct err
look_up(struct request *rq, const struct shown *shown)
{
    if (shown->kind == CREDENTIAL_KEY)
        return auth_by_key(rq->db, rq->arena, shown->token, &rq->caller);
    if (shown->kind == CREDENTIAL_PROXY)
        return auth_by_proxy(rq->db, rq->arena, shown->token, &rq->caller);
    return auth_by_session(rq->db, rq->arena, shown->token, &rq->caller);
}

/* The start of the transaction and the caller, in one round trip. */
static struct err
begin_by_token(struct request *rq, const struct shown *shown)
{
    TRY(begin(rq));
    TRY(look_up(rq, shown));
    callers_add(rq->app->callers, shown->kind, shown->token, &rq->caller);
    return OK;
}

/* Whether nothing is left of what the route's handler does when its transaction is undone. */
static bool
is_undoable(const struct request *rq)
{
    return (rq->route->method == METHOD_GET && rq->tx == TX_READ) ||
           (rq->route->flags & ROUTE_UNDOABLE);
}

/*
 * A caller known from lately: the database is asked whether that still holds.
 * Where all can be undone nobody waits for its answer, which comes with the
 * handler's first rows and is looked at before anything is shown or committed.
 */
static struct err
begin_by_guess(struct request *rq, struct shown *shown)
{
    TRY(begin(rq));
    TRY(auth_again(rq->db, rq->arena, &rq->caller, &shown->answer));
    shown->guessed = is_undoable(rq);
    if (shown->guessed)
        return OK;
    TRY(db_flush(rq->db));
    if (auth_holds(&shown->answer))
        return OK;
    callers_forget(rq->app->callers, shown->kind, shown->token);
    return look_up(rq, shown);
}

static struct err
identify(struct request *rq, struct shown *shown)
{
    bool was_connected = db_is_connected(rq->db);
    struct err e;

    if (shown->kind == CREDENTIAL_NONE)
        return ERR(ERR_UNAUTHENTICATED, "sign in, or send an API key");
    if (shown->may_guess && callers_find(rq->app->callers, shown->kind, shown->token, &rq->caller))
        e = begin_by_guess(rq, shown);
    else
        e = begin_by_token(rq, shown);
    if (e.code == ERR_UNAVAILABLE && was_connected) {
        /* The connection had died while it was idle, say in a restart of the server. */
        db_rollback(rq->db);
        shown->guessed = false;
        e = begin_by_token(rq, shown);
    }
    if (e.code == ERR_UNAUTHENTICATED && shown->kind == CREDENTIAL_PROXY) {
        TRY(proxy_make_account(rq, shown->token));
        shown->guessed = false;
        e = begin_by_token(rq, shown);
    }
    rq->has_caller = !e.code;
    return e;
}

/* True when the caller was guessed and the database does not say that it was right. */
static bool
guessed_wrong(struct request *rq, const struct shown *shown)
{
    if (!shown->guessed)
        return false;
    if (!shown->answer.res && db_flush(rq->db).code)
        return true;
    return !auth_holds(&shown->answer);
}

static struct err
authorize(struct request *rq)
{
    if (rq->route->auth == AUTH_ADMIN && !rq->caller.is_admin)
        return ERR(ERR_FORBIDDEN, "this is for admins");
    if (rq->caller.scope < rq->route->scope)
        return err_fmt(rq->arena, ERR_FORBIDDEN, "this needs a key of scope %s",
                       auth_scope_names[rq->route->scope]);
    request_be_admin(rq);
    return OK;
}

static bool
is_json(const char *content_type)
{
    struct str params, charset, type = str_cut(str_from(content_type), ';', &params);

    if (!str_eq_nocase(str_trim(type), STR("application/json")))
        return false;
    if (str_trim(params).len == 0)
        return true;
    if (!str_eq_nocase(str_trim(str_cut(params, '=', &charset)), STR("charset")))
        return false;
    charset = str_trim(charset);
    return str_eq_nocase(charset, STR("utf-8")) || str_eq_nocase(charset, STR("\"utf-8\""));
}

static struct err
take_body(struct request *rq)
{
    size_t max = rq->route->flags & ROUTE_FILE_BODY  ? REQUEST_FILE_BODY_MAX
                 : rq->route->flags & ROUTE_BIG_BODY ? REQUEST_BIG_BODY_MAX
                                                     : REQUEST_BODY_MAX;

    if (rq->route->method == METHOD_GET)
        return OK;
    if (!rq->body.data)
        TRY(rq->wire.read_body(rq->wire.transport, rq->arena, max, &rq->body));
    if ((rq->route->flags & ROUTE_TAKES_FORM) && multipart_is(rq->wire.content_type))
        return OK;
    if (rq->body.len > 0 && !is_json(rq->wire.content_type))
        return ERR(ERR_MEDIA_TYPE, "the body must be application/json in UTF-8");
    if (rq->body.len == 0 && rq->route->input && !(rq->route->flags & ROUTE_BODY_OPTIONAL))
        return ERR(ERR_MALFORMED, "a JSON object is needed as the body");
    return rq->route->input ? OK : jr_check(request_json(rq));
}

static struct err
run_handler(struct request *rq, struct reply *rp, const struct shown *shown)
{
    bool has_id = strstr(rq->route->pattern, "{id}") != NULL, replayed;
    struct once once;

    if (has_id && !id_is_set(rq->id) && !(rq->route->flags & ROUTE_FOREIGN_ID))
        return ERR(ERR_NOT_FOUND, "not found");
    TRY(once_begin(rq, rp, shown->token, &once, &replayed));
    if (replayed)
        return params_check(&rq->params);
    rq->reply_is_kept = once.key != NULL;
    TRY(rq->route->handler(rq, rp));
    TRY(params_check(&rq->params));
    return once_end(rq, rp, &once);
}

static struct err
read_shown(struct request *rq, struct shown *shown)
{
    TRY(credentials_read(rq->arena, rq->wire.authorization, rq->wire.cookie, is_https(rq),
                         &shown->kind, &shown->token));
    return credentials_of_proxy(rq->arena, config_str(SET_IDENTITY_PROXIES), rq->wire.peer,
                                rq->wire.forwarded_email, &shown->kind, &shown->token);
}

/* Who calls, and may they? Opens the transaction, where there is one. */
static struct err
admit(struct request *rq, struct shown *shown)
{
    bool guarded = rq->route->auth != AUTH_NONE;

    if (guarded)
        TRY(read_shown(rq, shown));
    TRY(check_origin(rq, shown->kind));
    if (!guarded)
        return OK;
    if (rq->route->auth == AUTH_VISITOR && shown->kind == CREDENTIAL_NONE)
        return begin(rq);
    TRY(identify(rq, shown));
    return authorize(rq);
}

static struct err
answer_as(struct request *rq, struct reply *rp, struct shown *shown)
{
    TRY(find_route(rq));
    TRY(admit(rq, shown));
    TRY(take_body(rq));
    return run_handler(rq, rp, shown);
}

/* Nothing was shown or changed: ready to begin once more. */
static void
start_over(struct request *rq, struct reply *rp)
{
    db_rollback(rq->db);
    reply_reset(rp);
    rq->quota = (struct quota_use){ 0 };
    rq->retry_after_s = 0;
}

static struct err
answer_once(struct request *rq, struct reply *rp)
{
    struct shown shown = { .token = "", .may_guess = true };
    struct err e = answer_as(rq, rp, &shown);

    if (guessed_wrong(rq, &shown)) {
        callers_forget(rq->app->callers, shown.kind, shown.token);
        start_over(rq, rp);
        shown = (struct shown){ .token = "" };
        e = answer_as(rq, rp, &shown);
    }
    if (e.code)
        return e;
    return rq->tx == TX_WRITE ? db_commit(rq->db) : OK;
}

/* What the database has undone for the sake of others is no concern of the client's. */
static struct err
answer(struct request *rq, struct reply *rp)
{
    uint64_t commits = db_commits(rq->db);
    struct err e = answer_once(rq, rp);

    for (int tries = 1; e.code == ERR_UNAVAILABLE && db_was_undone(rq->db) &&
                        db_commits(rq->db) == commits && tries < TRIES_MAX;
         tries++) {
        start_over(rq, rp);
        e = answer_once(rq, rp);
    }
    return e;
}

static void
add_headers(struct request *rq, struct reply *rp)
{
    int64_t all_ns = clock_mono_ns() - rq->began_ns;

    rq->db_ns = db_take_time_ns(rq->db);
    reply_header(rp, "X-Request-Id", rq->request_id);
    reply_header(rp, "Server-Timing",
                 arena_printf(rq->arena, "db;dur=%.2f, app;dur=%.2f", (double)rq->db_ns / 1e6,
                              (double)(all_ns - rq->db_ns) / 1e6));
    reply_header(rp, "Cache-Control", "no-store");
    limits_headers(rq, rp);
    reply_header(rp, "Content-Security-Policy", "sandbox; default-src 'none'");
    reply_header(rp, "X-Content-Type-Options", "nosniff");
}

void
router_answer(const struct app *app, struct request *rq, struct reply *rp)
{
    rq->app = app;
    stats_busy(app->stats, app->slot, true);
    rq->db = app->db;
    rq->request_id = request_id(rq);
    (void)db_take_time_ns(rq->db);
    rq->err = answer(rq, rp);
    if (rq->err.code)
        problem_reply(rq, rp, rq->err);
    add_headers(rq, rp);
}

static void
log_request(const struct request *rq, const struct reply *rp, int64_t ns)
{
    enum log_level level = rp->status >= 500 ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO;
    struct log_key keys[] = {
        LOG_S("request_id", rq->request_id),
        LOG_S("method", rq->wire.method),
        LOG_S("route", rq->route ? rq->route->operation_id : ""),
        LOG_I("status", rp->status),
        LOG_I("ms", ns / 1000000),
        LOG_I("db_ms", rq->db_ns / 1000000),
        LOG_I("bytes", (int64_t)rp->body.len),
        LOG_S("user_id", rq->has_caller ? rq->caller.user_id.s : ""),
        LOG_S("code", err_name(rq->err.code)),
        LOG_S("msg", rq->err.msg),
    };
    int n = (int)(sizeof(keys) / sizeof(keys[0]));

    log_write(level, "request_done", keys, rq->err.code ? n : n - 2);
}

/* A credential's last use is noted some minutes late, so that reading does not write each time. */
static void
touch(struct request *rq)
{
    struct err e;

    if (!rq->has_caller || !rq->caller.is_stale)
        return;
    e = db_begin(rq->db, TX_WRITE, rq->caller.user_id);
    if (!e.code)
        e = auth_touch(rq->db, &rq->caller);
    if (!e.code)
        e = db_commit(rq->db);
    if (e.code)
        db_rollback(rq->db);
}

void
router_after(struct request *rq, const struct reply *rp)
{
    int64_t ns = clock_mono_ns() - rq->began_ns;

    if (rq->err.code)
        db_rollback(rq->db);
    else if (rq->has_caller)
        db_end_read_later(rq->db);
    else
        db_end_read(rq->db);
    if (rq->err.code == ERR_FORBIDDEN && rq->has_caller)
        audit_alone(rq, AUDIT_REFUSED, arena_printf(rq->arena, "%s %s", rq->wire.method, rq->path));
    touch(rq);
    stats_count(rq->app->stats, rq->route, rp->status, ns, rq->db_ns);
    stats_busy(rq->app->stats, rq->app->slot, false);
    log_request(rq, rp, ns);
}
