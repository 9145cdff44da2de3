#include "worker/model/said.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_slice.h"

#include <string.h>

struct said_text {
    struct str id;
    enum dialect_heard_type type;
    struct buf text;
    size_t repeated; /* bytes of it that done items have repeated */
    bool done;
};

/* The open text under an id; the newest of its type when no id is told. NULL: none. */
static struct said_text *
find_open(struct said *s, enum dialect_heard_type type, struct str id)
{
    for (int i = s->count - 1; i >= 0; i--) {
        struct said_text *one = &s->list[i];

        if (one->type == type && !one->done && (id.len == 0 || str_eq(one->id, id)))
            return one;
    }
    return NULL;
}

static struct err
add(struct said *s, enum dialect_heard_type type, struct str id, struct said_text **out)
{
    if (s->count == SAID_ITEMS_MAX)
        return ERR(ERR_TOO_LARGE, "The model server's answer has too many parts.");
    if (!s->list)
        s->list = arena_array(s->arena, SAID_ITEMS_MAX, sizeof(*s->list));
    *out = &s->list[s->count++];
    **out = (struct said_text){ .id = { str_dup(s->arena, id), id.len }, .type = type };
    buf_init(&(*out)->text, s->arena, SAID_TEXT_MAX);
    return OK;
}

struct err
said_delta(struct said *s, enum dialect_heard_type type, struct str id, struct str text,
           struct heard *out)
{
    struct said_text *one = find_open(s, type, id);

    if (text.len == 0)
        return OK;
    if (!one) {
        if (type == HEARD_TEXT && s->count > 0)
            heard_say(out, (struct dialect_heard){ .type = HEARD_DONE });
        TRY(add(s, type, id, &one));
    }
    buf_add(&one->text, text.p, text.len);
    heard_text(out, type, text);
    return OK;
}

static bool
begins_with(struct str text, struct str start)
{
    return start.len <= text.len && memcmp(text.p, start.p, start.len) == 0;
}

/* What of a streamed text no done item has repeated yet. */
static struct str
unrepeated(const struct said_text *one)
{
    return (struct str){ one->text.data + one->repeated, one->text.len - one->repeated };
}

/* Servers trim what they repeat. */
static bool
is_repeated(const struct said_text *one, struct str text)
{
    return begins_with(text, unrepeated(one)) || begins_with(unrepeated(one), str_trim(text));
}

/* The text that a done item repeats; NULL: none. */
static struct said_text *
find_repeated(struct said *s, enum dialect_heard_type type, struct str id, struct str text)
{
    struct said_text *same = id.len ? find_open(s, type, id) : NULL;

    if (same && is_repeated(same, text))
        return same;
    for (int i = 0; i < s->count; i++)
        if (s->list[i].type == type && !s->list[i].done && is_repeated(&s->list[i], text))
            return &s->list[i];
    return same;
}

/* A text that was streamed, in whole or in part. */
static void
repeat(struct said_text *one, struct str text, struct heard *out)
{
    struct str streamed = unrepeated(one);

    if (begins_with(text, streamed)) {
        heard_text(out, one->type, (struct str){ text.p + streamed.len, text.len - streamed.len });
        one->done = true;
        return;
    }
    /* Of two messages under one id, the first; or one that differs from its own deltas. */
    if (begins_with(streamed, str_trim(text)))
        one->repeated += str_trim(text).len;
    one->done = str_trim(unrepeated(one)).len == 0 || !begins_with(streamed, str_trim(text));
}

struct err
said_whole(struct said *s, enum dialect_heard_type type, struct str id, struct str text,
           struct heard *out)
{
    struct said_text *one = find_repeated(s, type, id, text);

    if (text.len == 0)
        return OK;
    if (one) {
        repeat(one, text, out);
        return OK;
    }
    TRY(said_delta(s, type, id.len ? id : STR("whole"), text, out));
    s->list[s->count - 1].done = true;
    return OK;
}

struct str
said_join(struct arena *a, struct str parts)
{
    static const char *const names[] = { "text", "refusal" };
    struct str part, text;
    struct buf all;

    if (json_is_string(parts))
        return json_text(a, parts);
    buf_init(&all, a, SAID_TEXT_MAX);
    while (json_next(&parts, &part)) {
        text = json_text(a, part);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && text.len == 0; i++)
            text = json_text(a, json_member(part, names[i]));
        buf_add(&all, text.p, text.len);
    }
    return (struct str){ all.data, all.len };
}
