/*
 * A reply in the fuzzed dialect says the same however its bytes are cut, and
 * ends the same; all its texts are UTF-8 without NUL; calls begin before their
 * arguments come.
 */
#include "tests/fuzz/dialect_reply.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/str.h"
#include "tests/fuzz/fuzz.h"

static void
note(struct buf *out, const struct dialect_heard *list, size_t count, int *calls)
{
    for (size_t i = 0; i < count; i++) {
        const struct dialect_heard *h = &list[i];

        if (h->type == HEARD_CALL) {
            MUST(h->call == (*calls)++);
            MUST(h->call_id[0] && str_utf8_valid(str_from(h->call_id)) == strlen(h->call_id));
            buf_printf(out, "call %d %s %s;", h->call, h->call_id, h->name);
            continue;
        }
        if (h->type == HEARD_DONE) {
            buf_add_str(out, "done;");
            continue;
        }
        if (h->type == HEARD_OUTPUT) {
            MUST(str_utf8_valid(str_from(h->call_id)) == strlen(h->call_id));
            MUST(str_utf8_valid(h->text) == h->text.len);
            continue;
        }
        MUST(h->text.len > 0 && !memchr(h->text.p, '\0', h->text.len));
        MUST(str_utf8_valid(h->text) == h->text.len);
        MUST(h->type != HEARD_ARGUMENTS || (h->call >= 0 && h->call < *calls));
        buf_printf(out, "%d %d ", (int)h->type, h->call);
        buf_add(out, h->text.p, h->text.len);
        buf_add_char(out, ';');
    }
}

static const char *
heard(struct arena *a, const char *type, struct str body, size_t piece)
{
    void *reply = fuzzed_dialect->listen(a, type);
    const struct dialect_reply *known = fuzzed_dialect->reply(reply);
    struct dialect_heard *list;
    struct buf out;
    size_t count;
    int calls = 0;
    struct err e = OK;

    buf_init(&out, a, SIZE_MAX / 2);
    for (size_t i = 0; i < body.len && !e.code; i += piece) {
        size_t len = body.len - i < piece ? body.len - i : piece;

        e = fuzzed_dialect->hear(reply, a, body.p + i, len, &list, &count);
        note(&out, list, count, &calls);
    }
    if (!e.code) {
        e = fuzzed_dialect->heard_end(reply, a, &list, &count);
        note(&out, list, count, &calls);
        MUST(e.code || known->complete);
    }
    buf_printf(&out, "%s %s %d %lld", e.code ? e.msg : "",
               known->finish_reason ? known->finish_reason : "", known->usage.known,
               (long long)known->usage.output);
    return out.data;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = { "text/event-stream", "application/json", "" };
    struct arena *a = arena_new();
    size_t piece = size > 0 ? data[0] / 3 % 16 + 2 : 1;
    const char *type = types[size > 0 ? data[0] % 3 : 0], *whole;
    struct str body = { (const char *)data + (size > 0), size - (size > 0) };

    whole = heard(a, type, body, body.len + 1);
    MUST(strcmp(whole, heard(a, type, body, 1)) == 0);
    MUST(strcmp(whole, heard(a, type, body, piece)) == 0);
    arena_free(a);
    return 0;
}
