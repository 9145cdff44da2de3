#include "worker/model/reply.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/sse.h"
#include "worker/model/upstream.h"

#include <string.h>

enum form {
    FORM_UNKNOWN,
    FORM_STREAM, /* events, or lines of bare JSON */
    FORM_OBJECT  /* one JSON object */
};

struct reply {
    struct arena *arena;
    bool says_stream, says_page; /* by its Content-Type */
    enum form form;
    struct sse sse;
    bool line_start, bare_line; /* FORM_STREAM: where the next byte stands */
    struct buf body;            /* FORM_OBJECT */
    struct reply_state *state;
    reply_take take;
    size_t event_max;
};

static bool
mentions(const char *content_type, struct str what)
{
    return str_starts(str_trim(str_from(content_type)), what);
}

/* ---- what was heard ----------------------------------------------------------- */

void
heard_say(struct heard *out, struct dialect_heard heard)
{
    out->list = arena_grow(out->scratch, out->list, out->count, &out->cap, sizeof(*out->list));
    out->list[out->count++] = heard;
}

void
heard_text(struct heard *out, enum dialect_heard_type type, struct str text)
{
    if (text.len > 0)
        heard_say(out, (struct dialect_heard){ .type = type, .text = text });
}

/* ---- the beginning ------------------------------------------------------------ */

void *
reply_new(struct arena *a, const char *content_type, struct reply_state *state, reply_take take,
          size_t event_max)
{
    struct reply *r = ARENA_NEW(a, struct reply);

    r->arena = a;
    r->says_stream = mentions(content_type, STR("text/event-stream"));
    r->says_page = mentions(content_type, STR("text/html"));
    r->line_start = true;
    r->state = state;
    r->state->arena = a;
    r->take = take;
    r->event_max = event_max;
    return r;
}

const struct dialect_reply *
reply_known(const void *reply)
{
    return &((const struct reply *)reply)->state->known;
}

struct reply_state *
reply_state_of(void *reply)
{
    return ((struct reply *)reply)->state;
}

/* ---- one event ------------------------------------------------------------ */

/* The JSON object in a text, which is mended; empty when it holds none. */
static struct str
parse(struct arena *scratch, char *text, size_t len)
{
    struct str root = json_value((struct str){ text, len });
    struct err e;

    if (strstr(text, "\\u"))
        json_mend(text);
    e = json_check(scratch, text, len);
    return !e.code && json_is_object(root) ? root : (struct str){ "", 0 };
}

static struct err
no_answer(void)
{
    return ERR(ERR_MALFORMED, "The model server sent something that is not an answer.");
}

static struct err
hear_event(struct reply *r, struct heard *heard, const char *event, const char *data)
{
    struct str text = str_trim(str_from(data)), root;

    if (text.len == 0 || r->state->known.over)
        return OK;
    if (str_eq(text, STR("[DONE]"))) {
        r->state->known.complete = r->state->known.over = true;
        return OK;
    }
    root = parse(heard->scratch, str_dup(heard->scratch, text), text.len);
    if (root.len == 0)
        return no_answer();
    TRY(upstream_told(r->arena, root));
    if (strcmp(event, "error") == 0)
        return ERR(ERR_UPSTREAM, "The model server reported an error.");
    return r->take(r->state, root, heard);
}

/* ---- a stream --------------------------------------------------------------- */

/* Lines of bare JSON are made events, and all else is passed on as it is. */
static void
feed(struct reply *r, const char *bytes, size_t len)
{
    size_t from = 0;

    for (size_t i = 0; i < len; i++) {
        bool ends_line = bytes[i] == '\n' || bytes[i] == '\r';

        if (r->line_start && bytes[i] == '{') {
            (void)sse_feed(&r->sse, bytes + from, i - from);
            (void)sse_feed(&r->sse, "data:", 5);
            from = i;
            r->bare_line = true;
        } else if (ends_line && r->bare_line) {
            (void)sse_feed(&r->sse, bytes + from, i - from);
            (void)sse_feed(&r->sse, "\n\n", 2);
            from = i + 1;
            r->bare_line = false;
        }
        r->line_start = ends_line;
    }
    (void)sse_feed(&r->sse, bytes + from, len - from);
}

static struct err
too_long(void)
{
    return ERR(ERR_TOO_LARGE, "The model server sent a line over the limit.");
}

static struct err
hear_stream(struct reply *r, struct heard *heard, const char *bytes, size_t len)
{
    const char *event, *data;

    feed(r, bytes, len);
    while (sse_next(&r->sse, &event, &data))
        TRY(hear_event(r, heard, event, data));
    return r->sse.over ? too_long() : OK;
}

static struct err
end_stream(struct reply *r, struct heard *heard)
{
    const char *event, *data;

    while (sse_end(&r->sse, &event, &data)) {
        struct err e = hear_event(r, heard, event, data);

        /* A last line that is no JSON was cut, like the stream. */
        if (e.code == ERR_MALFORMED)
            break;
        if (e.code)
            return e;
    }
    if (r->sse.over)
        return too_long();
    if (r->state->known.complete)
        return OK;
    return r->state->began
               ? ERR(ERR_UPSTREAM, "The model server's answer broke off before its end.")
               : ERR(ERR_UPSTREAM, "The model server ended without an answer.");
}

/* ---- one object --------------------------------------------------------------- */

static struct err
end_object(struct reply *r, struct heard *heard)
{
    struct str root;
    size_t carry_len = 0;
    struct buf text;
    char carry[4];

    buf_init(&text, heard->scratch, r->event_max * 6);
    str_utf8_repair((struct str){ r->body.data, r->body.len }, carry, &carry_len, &text);
    str_utf8_repair_end(&carry_len, &text);
    root = parse(heard->scratch, text.data, text.len);
    if (root.len == 0) {
        /* Not one object: perhaps one a line. */
        r->form = FORM_STREAM;
        TRY(hear_stream(r, heard, r->body.data, r->body.len));
        return end_stream(r, heard);
    }
    TRY(upstream_told(r->arena, root));
    TRY(r->take(r->state, root, heard));
    if (!r->state->began)
        return no_answer();
    r->state->known.complete = true;
    return OK;
}

/* ---- the whole ------------------------------------------------------------------ */

static struct err
recognise(struct reply *r, char first)
{
    if (r->says_page || first == '<')
        return ERR(ERR_MEDIA_TYPE, "The model server answered with a web page (HTML); the "
                                   "agent's endpoint URL is probably wrong.");
    if ((first == '{' || first == '[') && !r->says_stream) {
        r->form = FORM_OBJECT;
        buf_init(&r->body, r->arena, r->event_max * 2);
    } else {
        r->form = FORM_STREAM;
    }
    sse_init(&r->sse, r->arena, r->event_max);
    return OK;
}

struct err
reply_hear(void *reply, struct arena *scratch, const char *bytes, size_t len,
           struct dialect_heard **out, size_t *count)
{
    struct heard heard = { .scratch = scratch };
    struct reply *r = reply;
    struct err e = OK;

    while (r->form == FORM_UNKNOWN && len > 0 && strchr(" \t\r\n", bytes[0])) {
        bytes++;
        len--;
    }
    if (r->form == FORM_UNKNOWN && len > 0)
        e = recognise(r, bytes[0]);
    if (!e.code && r->form == FORM_STREAM)
        e = hear_stream(r, &heard, bytes, len);
    if (!e.code && r->form == FORM_OBJECT) {
        buf_add(&r->body, bytes, len);
        if (!buf_ok(&r->body))
            e = ERR(ERR_TOO_LARGE, "The model server's reply is over the limit.");
    }
    *out = heard.list;
    *count = heard.count;
    return e;
}

struct err
reply_end(void *reply, struct arena *scratch, struct dialect_heard **out, size_t *count)
{
    struct heard heard = { .scratch = scratch };
    struct reply *r = reply;
    struct err e;

    if (r->form == FORM_UNKNOWN)
        e = ERR(ERR_UPSTREAM, "The model server sent an empty answer.");
    else if (r->form == FORM_OBJECT)
        e = end_object(r, &heard);
    else
        e = end_stream(r, &heard);
    *out = heard.list;
    *count = heard.count;
    return e;
}
