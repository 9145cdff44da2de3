#include "stream/reply.h"

#include "lib/arena.h"
#include "lib/json_writer.h"
#include "stream/visit.h"

#include <ctype.h>
#include <inttypes.h>

#define RETRY_MS 1000 /* after which a browser connects again */

static void
head(struct buf *out, int status, const char *reason, const struct reply_mark *mark)
{
    buf_printf(out, "HTTP/1.1 %d %s\r\nX-Request-Id: %s\r\n", status, reason, mark->name);
    buf_printf(out, "Server-Timing: db;dur=%.2f, app;dur=%.2f\r\nConnection: close\r\n",
               (double)mark->db_ns / 1e6, (double)(mark->all_ns - mark->db_ns) / 1e6);
}

static void
body(struct buf *out, const char *type, const char *text, size_t len)
{
    buf_printf(out, "Content-Type: %s\r\nCache-Control: no-store\r\nContent-Length: %zu\r\n\r\n",
               type, len);
    buf_add(out, text, len);
}

/* What the client may know: from ERR_INTERNAL on the message is for the log. */
static const char *
detail_of(struct err e)
{
    if (e.code < ERR_INTERNAL)
        return e.msg;
    if (e.code == ERR_UNAVAILABLE)
        return "the service cannot do this now; try again";
    return "something went wrong here, and the operators can find it by the request id";
}

/* What older clients show their users. */
static const char *
sentence(struct arena *a, const char *detail)
{
    char *text = arena_strdup(a, detail);

    text[0] = (char)toupper((unsigned char)text[0]);
    return text;
}

static void
write_fault(struct json_writer *w, const struct visit_fault *fault)
{
    jw_array(w, "errors");
    jw_object(w, NULL);
    jw_str(w, "parameter", fault->name);
    jw_str(w, "detail", fault->detail);
    jw_object_end(w);
    jw_array_end(w);
}

static void
write_problem(struct buf *out, struct err e, const struct visit_fault *fault, const char *name)
{
    const char *detail = detail_of(e);
    struct json_writer w;

    jw_begin(&w, out);
    jw_object(&w, NULL);
    jw_str(&w, "type", arena_printf(out->arena, "/problems/%s", err_name(e.code)));
    jw_str(&w, "title", err_title(e.code));
    jw_int(&w, "status", err_status(e.code));
    jw_str(&w, "detail", detail);
    jw_str(&w, "instance", name);
    if (e.code == ERR_INVALID && fault->name)
        write_fault(&w, fault);
    jw_str(&w, "error", sentence(out->arena, detail));
    jw_object_end(&w);
}

void
reply_problem(struct buf *out, struct err e, const struct visit_fault *fault,
              const struct reply_mark *mark)
{
    struct buf json;

    buf_init(&json, out->arena, REPLY_MAX);
    write_problem(&json, e, fault, mark->name);
    head(out, err_status(e.code), err_title(e.code), mark);
    if (e.code == ERR_METHOD)
        buf_add_str(out, "Allow: GET\r\n");
    if (e.code == ERR_UNAUTHENTICATED)
        buf_add_str(out, "WWW-Authenticate: Bearer\r\n");
    if (e.code == ERR_UNAVAILABLE || e.code == ERR_RATE_LIMITED)
        buf_add_str(out, "Retry-After: 1\r\n");
    body(out, "application/problem+json", json.data, json.len);
}

void
reply_nothing(struct buf *out, const struct reply_mark *mark)
{
    head(out, 204, "No Content", mark);
    buf_add_str(out, "Cache-Control: no-store\r\n\r\n");
}

void
reply_text(struct buf *out, const char *type, const char *text, const struct reply_mark *mark)
{
    head(out, 200, "OK", mark);
    body(out, type, text, strlen(text));
}

void
reply_pass_on(struct buf *out, const struct visit *v, const struct reply_mark *mark)
{
    head(out, 200, "OK", mark);
    buf_printf(out, "X-Accel-Redirect: /_app/api/requests/%s%s\r\n", v->id.s,
               v->short_path ? "" : "/status");
    buf_add_str(out, "Cache-Control: no-store\r\nContent-Length: 0\r\n\r\n");
}

void
reply_stream(struct buf *out, int64_t seq, const struct reply_mark *mark)
{
    head(out, 200, "OK", mark);
    buf_add_str(out, "Content-Type: text/event-stream; charset=utf-8\r\n"
                     "Cache-Control: no-cache, no-transform\r\nX-Accel-Buffering: no\r\n\r\n");
    buf_printf(out, "retry: %d\n", RETRY_MS);
    if (seq >= 0)
        buf_printf(out, "id: %" PRId64 "\n", seq);
    buf_add_char(out, '\n');
}
