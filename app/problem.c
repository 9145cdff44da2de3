#include "app/problem.h"

#include "app/request.h"
#include "app/routes.h"
#include "lib/arena.h"
#include "lib/str.h"

#include <ctype.h>
#include <string.h>

/* "Job not found" for /api/jobs/{id}/retry: the noun is the plural before the parameter. */
static const char *
not_found(struct request *rq, const char *msg)
{
    const char *param = rq->route ? strchr(rq->route->pattern, '{') : NULL;
    const char *noun;

    if (!param || strcmp(msg, "not found") != 0)
        return msg;
    noun = param - 1;
    while (noun[-1] != '/')
        noun--;
    return arena_printf(rq->arena, "%.*s not found", (int)(param - 2 - noun), noun);
}

/* The message is ours to tell below ERR_INTERNAL; else the client gets a fixed one. */
static const char *
detail_of(struct request *rq, struct err e)
{
    if (e.code == ERR_NOT_FOUND)
        return not_found(rq, e.msg);
    if (e.code < ERR_INTERNAL)
        return e.msg;
    if (e.code == ERR_UNAVAILABLE)
        return "the service cannot do this now; try again";
    if (e.code == ERR_TIMEOUT)
        return "this took too long; look before you repeat a change";
    return "something went wrong here, and the operators can find it by the request id";
}

static const char *
sentence(struct arena *a, const char *detail)
{
    char *s = arena_strdup(a, detail);

    s[0] = (char)toupper((unsigned char)s[0]);
    return s;
}

static const char *
openai_type(int status)
{
    if (status == 401)
        return "authentication_error";
    if (status == 403)
        return "permission_error";
    if (status == 429)
        return "rate_limit_error";
    return status >= 500 ? "server_error" : "invalid_request_error";
}

static void
write_error(struct json_writer *w, struct request *rq, struct err e, const char *detail)
{
    if (!str_starts(str_from(rq->path), STR("/v1/"))) {
        jw_str(w, "error", sentence(rq->arena, detail));
        return;
    }
    jw_object(w, "error");
    jw_str(w, "message", sentence(rq->arena, detail));
    jw_str(w, "type", openai_type(err_status(e.code)));
    jw_null(w, "param");
    jw_str(w, "code", err_name(e.code));
    jw_object_end(w);
}

/* The fields at fault, of the body or of the query. */
static void
write_errors(struct json_writer *w, const struct request *rq)
{
    const struct buf *body = rq->json.problems;
    const struct buf *list = body && body->len ? body : &rq->params.problems;

    if (list->len > 0)
        jw_raw(w, "errors", arena_printf(rq->arena, "[%s]", list->data));
}

void
problem_reply(struct request *rq, struct reply *rp, struct err e)
{
    const char *detail = detail_of(rq, e);
    struct json_writer *w;

    /* What the handler had promised before it failed, a cookie say, is void. */
    reply_reset(rp);
    w = reply_json(rp, err_status(e.code));
    rp->content_type = "application/problem+json";
    jw_object(w, NULL);
    jw_str(w, "type", arena_printf(rq->arena, "/problems/%s", err_name(e.code)));
    jw_str(w, "title", err_title(e.code));
    jw_int(w, "status", rp->status);
    jw_str(w, "detail", detail);
    jw_str(w, "instance", rq->request_id);
    if (e.code == ERR_INVALID)
        write_errors(w, rq);
    write_error(w, rq, e, detail);
    jw_object_end(w);

    if (rq->allow)
        reply_header(rp, "Allow", rq->allow);
    if (e.code == ERR_UNAUTHENTICATED)
        reply_header(rp, "WWW-Authenticate", "Bearer");
    if (e.code == ERR_UNAVAILABLE || e.code == ERR_RATE_LIMITED)
        reply_header(rp, "Retry-After",
                     arena_printf(rq->arena, "%lld",
                                  (long long)(rq->retry_after_s > 0 ? rq->retry_after_s : 1)));
}
