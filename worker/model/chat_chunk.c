#include "worker/model/chat_chunk.h"

#include "lib/arena.h"
#include "lib/json_slice.h"
#include "worker/model/reply.h"

#include <string.h>

#define CALL_ID_MAX ((size_t)200) /* bytes */

struct chat_call {
    int64_t index;
    const char *id;
};

struct chat_state {
    struct reply_state base;
    struct chat_call *calls;
    int call_count;
};

static int64_t
tokens(struct str value)
{
    int64_t n = json_int(value);

    return n > 0 ? n : 0;
}

/* ---- text and reasoning --------------------------------------------------------- */

/* A text, or an array of objects that hold one under `text`. */
static void
read_texts(struct str value, enum dialect_heard_type type, struct heard *out)
{
    struct str rest = value, part;

    heard_text(out, type, json_text(out->scratch, value));
    while (json_next(&rest, &part))
        heard_text(out, type, json_text(out->scratch, json_member(part, "text")));
}

static void
read_part(struct str part, struct heard *out)
{
    struct str type = json_text(out->scratch, json_member(part, "type"));

    if (json_is_string(part)) {
        heard_text(out, HEARD_TEXT, json_text(out->scratch, part));
    } else if (str_eq(type, STR("reasoning"))) {
        read_texts(json_member(part, "summary"), HEARD_REASONING, out);
        read_texts(json_member(part, "text"), HEARD_REASONING, out);
    } else if (str_eq(type, STR("thinking"))) {
        read_texts(json_member(part, "thinking"), HEARD_REASONING, out);
    } else {
        heard_text(out, HEARD_TEXT, json_text(out->scratch, json_member(part, "text")));
        heard_text(out, HEARD_TEXT, json_text(out->scratch, json_member(part, "refusal")));
    }
}

/* The first of the names that has a text: some servers send the same under two. */
static void
read_reasoning(struct str delta, struct heard *out)
{
    static const char *const names[] = { "reasoning", "reasoning_content", "thinking" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct str text = json_text(out->scratch, json_member(delta, names[i]));

        if (text.len > 0) {
            heard_text(out, HEARD_REASONING, text);
            return;
        }
    }
}

static void
read_content(struct str content, struct heard *out)
{
    struct str rest = content, part;

    heard_text(out, HEARD_TEXT, json_text(out->scratch, content));
    while (json_next(&rest, &part))
        read_part(part, out);
}

/* ---- calls ------------------------------------------------------------------------ */

/* The newest call under an index; -1 for none. */
static int
call_at(const struct chat_state *s, int64_t index)
{
    for (int i = s->call_count - 1; i >= 0; i--)
        if (s->calls[i].index == index)
            return i;
    return -1;
}

/*
 * Which call a delta belongs to. A new index is a new call, and so is a new id
 * under an old index: some servers send every parallel call with index 0.
 */
static struct err
place_call(struct chat_state *s, int64_t index, struct str id, struct str name, struct heard *out,
           int *call)
{
    int at = call_at(s, index);

    if (at >= 0 && (id.len == 0 || str_eq(id, str_from(s->calls[at].id)))) {
        *call = at;
        return OK;
    }
    if (s->call_count == REPLY_CALLS_MAX)
        return ERR(ERR_TOO_LARGE, "The model asked for more than 128 calls at once.");
    if (!s->calls)
        s->calls = arena_array(s->base.arena, REPLY_CALLS_MAX, sizeof(*s->calls));
    *call = s->call_count++;
    s->calls[*call].index = index;
    s->calls[*call].id = id.len ? str_dup(s->base.arena, str_utf8_prefix(id, CALL_ID_MAX))
                                : arena_printf(s->base.arena, "call_%d", *call);
    heard_say(out, (struct dialect_heard){ .type = HEARD_CALL,
                                           .call = *call,
                                           .call_id = s->calls[*call].id,
                                           .name = str_dup(out->scratch, name) });
    return OK;
}

/* Arguments are text; some servers send the object itself. */
static struct str
arguments(struct arena *a, struct str value)
{
    return json_is_object(value) ? value : json_text(a, value);
}

static struct err
read_call(struct chat_state *s, struct str delta, struct str function, struct heard *out)
{
    struct str text = arguments(out->scratch, json_member(function, "arguments"));
    int call;

    TRY(place_call(s, json_int(json_member(delta, "index")),
                   json_text(out->scratch, json_member(delta, "id")),
                   json_text(out->scratch, json_member(function, "name")), out, &call));
    if (text.len > 0)
        heard_say(out,
                  (struct dialect_heard){ .type = HEARD_ARGUMENTS, .call = call, .text = text });
    return OK;
}

static struct err
read_calls(struct chat_state *s, struct str delta, struct heard *out)
{
    struct str rest = json_member(delta, "tool_calls"), call;
    struct str old_style = json_member(delta, "function_call");

    while (json_next(&rest, &call))
        TRY(read_call(s, call, json_member(call, "function"), out));
    if (json_is_object(old_style))
        return read_call(s, (struct str){ "", 0 }, old_style, out);
    return OK;
}

/* ---- the ends ----------------------------------------------------------------------- */

static struct err
read_finish(struct chat_state *s, struct arena *scratch, struct str choice)
{
    static const struct {
        const char *theirs, *ours;
    } reasons[] = {
        { "length", "length" },
        { "max_tokens", "length" },
        { "tool_calls", "tool_calls" },
        { "function_call", "tool_calls" },
        { "content_filter", "content_filter" },
    };
    struct str reason = json_text(scratch, json_member(choice, "finish_reason"));

    if (reason.len == 0)
        return OK;
    if (str_eq(reason, STR("error")))
        return ERR(ERR_UPSTREAM, "The model server ended the answer with an error.");
    s->base.known.complete = true;
    s->base.known.finish_reason = "stop";
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (str_eq(reason, str_from(reasons[i].theirs)))
            s->base.known.finish_reason = reasons[i].ours;
    return OK;
}

/* The tokens under `member` of an object with details of a count. */
static int64_t
detail(struct str usage, const char *details, const char *member)
{
    return tokens(json_member(json_member(usage, details), member));
}

static void
read_usage(struct chat_state *s, struct str usage, struct str timings)
{
    struct dialect_usage *u = &s->base.known.usage;

    if (json_is_object(usage))
        *u = (struct dialect_usage){
            .known = true,
            .input = tokens(json_member(usage, "prompt_tokens")),
            .output = tokens(json_member(usage, "completion_tokens")),
            .cached = detail(usage, "prompt_tokens_details", "cached_tokens"),
            .reasoning = detail(usage, "completion_tokens_details", "reasoning_tokens"),
        };
    else if (!u->known && json_is_object(timings))
        *u = (struct dialect_usage){ .known = true,
                                     .input = tokens(json_member(timings, "prompt_n")),
                                     .output = tokens(json_member(timings, "predicted_n")) };
}

static struct err
take(struct reply_state *state, struct str root, struct heard *out)
{
    struct chat_state *s = (struct chat_state *)state;
    struct str choices = json_member(root, "choices"), usage = json_member(root, "usage");
    struct str choice, delta;

    read_usage(s, usage, json_member(root, "timings"));
    /* Usage without choices is sent after everything else. */
    if (json_is_array(choices) && json_is_empty(choices) && s->base.began && json_is_object(usage))
        s->base.known.complete = true;
    if (!json_next(&choices, &choice))
        return OK;
    s->base.began = true;
    delta = json_member(choice, "delta");
    if (!json_is_object(delta))
        delta = json_member(choice, "message");
    read_reasoning(delta, out);
    read_content(json_member(delta, "content"), out);
    heard_text(out, HEARD_TEXT, json_text(out->scratch, json_member(delta, "refusal")));
    TRY(read_calls(s, delta, out));
    return read_finish(s, out->scratch, choice);
}

void *
chat_chunk_listen(struct arena *a, const char *content_type)
{
    return reply_new(a, content_type, &ARENA_NEW(a, struct chat_state)->base, take, CHAT_EVENT_MAX);
}
