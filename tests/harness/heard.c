#include "tests/harness/heard.h"

#include "lib/buf.h"
#include "worker/model/reply.h"

static void
write_heard(struct buf *out, const struct dialect_heard *list, size_t n)
{
    static const char *const names[] = { "text", "think", "call", "args", "out", "|" };

    for (size_t i = 0; i < n; i++) {
        const struct dialect_heard *h = &list[i];

        if (h->type == HEARD_CALL)
            buf_printf(out, "(call %d %s %s)", h->call, h->call_id, h->name);
        else if (h->type == HEARD_ARGUMENTS)
            buf_printf(out, "(args %d %.*s)", h->call, (int)h->text.len, h->text.p);
        else if (h->type == HEARD_OUTPUT)
            buf_printf(out, "(out %s %.*s)", h->call_id, (int)h->text.len, h->text.p);
        else if (h->type == HEARD_DONE)
            buf_add_str(out, "|");
        else
            buf_printf(out, "(%s %.*s)", names[h->type], (int)h->text.len, h->text.p);
    }
}

static void
write_end(struct buf *out, struct err e, const struct dialect_reply *reply)
{
    if (e.code)
        buf_printf(out, " %s: %s", err_name(e.code), e.msg);
    else
        buf_printf(out, " %s", reply->finish_reason ? reply->finish_reason : "end");
    if (reply->usage.known)
        buf_printf(out, " %d+%d", (int)reply->usage.input, (int)reply->usage.output);
    if (reply->trace_id)
        buf_printf(out, " %s", reply->trace_id);
}

const char *
heard_in_steps(struct arena *a, void *reply, heard_end end, struct str body, size_t step)
{
    struct dialect_heard *list;
    struct err e = OK;
    struct buf out;
    size_t n;

    buf_init(&out, a, SIZE_MAX);
    for (size_t at = 0; at < body.len && !e.code; at += step) {
        size_t len = body.len - at < step ? body.len - at : step;

        e = reply_hear(reply, a, body.p + at, len, &list, &n);
        write_heard(&out, list, n);
    }
    if (!e.code) {
        e = end(reply, a, &list, &n);
        write_heard(&out, list, n);
    }
    write_end(&out, e, reply_known(reply));
    return out.data;
}
