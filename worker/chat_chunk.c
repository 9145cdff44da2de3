#include "worker/chat_chunk.h"

#include "lib/arena.h"
#include "worker/chat_reply.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#define CALL_ID_MAX ((size_t)200) /* bytes */

/* ---- reading JSON ----------------------------------------------------------- */

static struct json_object *
member(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;

    if (json_object_is_type(object, json_type_object))
        (void)json_object_object_get_ex(object, key, &value);
    return value;
}

/* A string; anything else reads as the empty one. */
static struct str
string(struct json_object *value)
{
    if (!json_object_is_type(value, json_type_string))
        return (struct str){ "", 0 };
    return (struct str){ json_object_get_string(value), (size_t)json_object_get_string_len(value) };
}

static size_t
length(struct json_object *value)
{
    return json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
}

static int64_t
tokens(struct json_object *value)
{
    int64_t n = json_object_is_type(value, json_type_int) ? json_object_get_int64(value) : 0;

    return n > 0 ? n : 0;
}

/* ---- what was heard ----------------------------------------------------------- */

static void
say(struct chat_heard *out, struct dialect_heard heard)
{
    struct dialect_heard *larger;

    if (out->count == out->cap) {
        out->cap = out->cap ? out->cap * 2 : 8;
        larger = arena_array(out->scratch, out->cap, sizeof(*larger));
        if (out->count > 0)
            memcpy(larger, out->list, out->count * sizeof(*larger));
        out->list = larger;
    }
    out->list[out->count++] = heard;
}

static void
say_text(struct chat_heard *out, enum dialect_heard_type type, struct str text)
{
    if (text.len > 0)
        say(out, (struct dialect_heard){ .type = type, .text = text });
}

/* ---- text and reasoning --------------------------------------------------------- */

/* The parts of a part: a text, or an array of objects that hold one under `text`. */
static void
read_texts(struct json_object *value, enum dialect_heard_type type, struct chat_heard *out)
{
    say_text(out, type, string(value));
    for (size_t i = 0; i < length(value); i++)
        say_text(out, type, string(member(json_object_array_get_idx(value, i), "text")));
}

static void
read_part(struct json_object *part, struct chat_heard *out)
{
    struct str type = string(member(part, "type"));

    if (json_object_is_type(part, json_type_string)) {
        say_text(out, HEARD_TEXT, string(part));
    } else if (str_eq(type, STR("reasoning"))) {
        read_texts(member(part, "summary"), HEARD_REASONING, out);
        read_texts(member(part, "text"), HEARD_REASONING, out);
    } else if (str_eq(type, STR("thinking"))) {
        read_texts(member(part, "thinking"), HEARD_REASONING, out);
    } else {
        say_text(out, HEARD_TEXT, string(member(part, "text")));
        say_text(out, HEARD_TEXT, string(member(part, "refusal")));
    }
}

/* The first of the names that has a text: some servers send the same under two. */
static void
read_reasoning(struct json_object *delta, struct chat_heard *out)
{
    static const char *const names[] = { "reasoning", "reasoning_content", "thinking" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct str text = string(member(delta, names[i]));

        if (text.len > 0) {
            say_text(out, HEARD_REASONING, text);
            return;
        }
    }
}

static void
read_content(struct json_object *content, struct chat_heard *out)
{
    say_text(out, HEARD_TEXT, string(content));
    for (size_t i = 0; i < length(content); i++)
        read_part(json_object_array_get_idx(content, i), out);
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
place_call(struct chat_state *s, int64_t index, struct str id, struct str name,
           struct chat_heard *out, int *call)
{
    int at = call_at(s, index);

    if (at >= 0 && (id.len == 0 || str_eq(id, str_from(s->calls[at].id)))) {
        *call = at;
        return OK;
    }
    if (s->call_count == CHAT_CALLS_MAX)
        return ERR(ERR_TOO_LARGE, "The model asked for more than 128 calls at once.");
    if (!s->calls)
        s->calls = arena_array(s->arena, CHAT_CALLS_MAX, sizeof(*s->calls));
    *call = s->call_count++;
    s->calls[*call].index = index;
    s->calls[*call].id = id.len ? str_dup(s->arena, str_utf8_prefix(id, CALL_ID_MAX))
                                : arena_printf(s->arena, "call_%d", *call);
    say(out, (struct dialect_heard){ .type = HEARD_CALL,
                                     .call = *call,
                                     .call_id = s->calls[*call].id,
                                     .name = str_dup(out->scratch, name) });
    return OK;
}

/* Arguments are text; some servers send the object itself. */
static struct str
arguments(struct json_object *value)
{
    if (json_object_is_type(value, json_type_object))
        return str_from(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
    return string(value);
}

static struct err
read_call(struct chat_state *s, struct json_object *delta, struct json_object *function,
          struct chat_heard *out)
{
    struct json_object *index = member(delta, "index");
    struct str text = arguments(member(function, "arguments"));
    int call;

    TRY(place_call(s, index ? json_object_get_int64(index) : 0, string(member(delta, "id")),
                   string(member(function, "name")), out, &call));
    if (text.len > 0)
        say(out, (struct dialect_heard){ .type = HEARD_ARGUMENTS, .call = call, .text = text });
    return OK;
}

static struct err
read_calls(struct chat_state *s, struct json_object *delta, struct chat_heard *out)
{
    struct json_object *calls = member(delta, "tool_calls");
    struct json_object *old_style = member(delta, "function_call");

    for (size_t i = 0; i < length(calls); i++) {
        struct json_object *call = json_object_array_get_idx(calls, i);

        TRY(read_call(s, call, member(call, "function"), out));
    }
    if (json_object_is_type(old_style, json_type_object))
        return read_call(s, NULL, old_style, out);
    return OK;
}

/* ---- the ends ----------------------------------------------------------------------- */

static struct err
read_finish(struct chat_state *s, struct json_object *choice)
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
    struct str reason = string(member(choice, "finish_reason"));

    if (reason.len == 0)
        return OK;
    if (str_eq(reason, STR("error")))
        return ERR(ERR_UPSTREAM, "The model server ended the answer with an error.");
    s->known.complete = true;
    s->known.finish_reason = "stop";
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (str_eq(reason, str_from(reasons[i].theirs)))
            s->known.finish_reason = reasons[i].ours;
    return OK;
}

static void
read_usage(struct chat_state *s, struct json_object *root)
{
    struct json_object *usage = member(root, "usage"), *timings = member(root, "timings");
    struct dialect_usage *u = &s->known.usage;

    if (json_object_is_type(usage, json_type_object)) {
        *u = (struct dialect_usage){
            .known = true,
            .input = tokens(member(usage, "prompt_tokens")),
            .output = tokens(member(usage, "completion_tokens")),
            .cached = tokens(member(member(usage, "prompt_tokens_details"), "cached_tokens")),
            .reasoning =
                tokens(member(member(usage, "completion_tokens_details"), "reasoning_tokens")),
        };
    } else if (!u->known && json_object_is_type(timings, json_type_object)) {
        *u = (struct dialect_usage){ .known = true,
                                     .input = tokens(member(timings, "prompt_n")),
                                     .output = tokens(member(timings, "predicted_n")) };
    }
}

struct err
chat_chunk(struct chat_state *s, struct json_object *root, struct chat_heard *out)
{
    struct json_object *choices = member(root, "choices"), *choice, *delta;

    read_usage(s, root);
    /* Usage without choices is sent after everything else. */
    if (json_object_is_type(choices, json_type_array) && length(choices) == 0 && s->began &&
        json_object_is_type(member(root, "usage"), json_type_object))
        s->known.complete = true;
    if (length(choices) == 0)
        return OK;
    s->began = true;
    choice = json_object_array_get_idx(choices, 0);
    delta = member(choice, "delta");
    if (!json_object_is_type(delta, json_type_object))
        delta = member(choice, "message");
    read_reasoning(delta, out);
    read_content(member(delta, "content"), out);
    say_text(out, HEARD_TEXT, string(member(delta, "refusal")));
    TRY(read_calls(s, delta, out));
    return read_finish(s, choice);
}
