#include "worker/respond/transcript.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_writer.h"
#include "worker/collector.h"

#include <assert.h>
#include <string.h>

#define ANNOTATIONS_MAX ((size_t)256 * 1024)                /* bytes of one message's */
#define OUTPUT_MAX      (TRANSCRIPT_TEXT_MAX * 7 + 1048576) /* bytes; \u0001 takes six for one */

struct transcript_item {
    int item;
    enum event_type added;
    struct buf text; /* of a call: its arguments */
    struct buf annotations;
    int annotation_count;
    int call; /* of the model; -1 for other items */
    const char *call_id, *name;
    bool is_output; /* of a call */
    bool done, complete;
};

void
transcript_begin(struct transcript *t, struct arena *a, struct stream *stream, struct id request_id,
                 int next_item)
{
    *t = (struct transcript){
        .arena = a, .stream = stream, .request_id = request_id, .next_item = next_item, .open = -1
    };
}

/* ---- items ------------------------------------------------------------------- */

static struct err
add_item(struct transcript *t, enum event_type added, struct transcript_item **out)
{
    struct transcript_item *item;

    if (t->count == TRANSCRIPT_ITEMS_MAX)
        return ERR(ERR_TOO_LARGE, "The answer has too many parts.");
    t->items = arena_grow(t->arena, t->items, t->count, &t->cap, sizeof(*t->items));
    item = &t->items[t->count++];
    *item = (struct transcript_item){ .item = t->next_item++, .added = added, .call = -1 };
    buf_init(&item->text, t->arena, TRANSCRIPT_TEXT_MAX);
    *out = item;
    return OK;
}

/* Take what fits of a text. */
static struct err
grow(struct transcript *t, struct transcript_item *item, enum event_type delta, struct str text)
{
    struct str fits = str_utf8_prefix(text, TRANSCRIPT_TEXT_MAX - t->bytes);

    if (fits.len > 0) {
        buf_add(&item->text, fits.p, fits.len);
        stream_text(t->stream, delta, item->item, fits);
        t->bytes += fits.len;
    }
    return fits.len == text.len ? OK : ERR(ERR_TOO_LARGE, "The answer is over the limit of 4 MiB.");
}

static const char *
annotations_of(const struct transcript *t, const struct transcript_item *item)
{
    return item->annotation_count ? arena_printf(t->arena, "[%s]", item->annotations.data) : NULL;
}

static void
end_text_item(struct transcript *t, struct transcript_item *item, bool complete)
{
    bool reasoning = item->added == EVENT_REASONING_ADDED;
    const char *notes = annotations_of(t, item);

    stream_event(t->stream, reasoning ? EVENT_REASONING_TEXT_DONE : EVENT_TEXT_DONE, item->item,
                 NULL);
    stream_event(t->stream, reasoning ? EVENT_REASONING_PART_DONE : EVENT_TEXT_PART_DONE,
                 item->item, notes);
    if (reasoning)
        stream_event(t->stream, complete ? EVENT_REASONING_DONE : EVENT_REASONING_CLOSED,
                     item->item, notes);
    else
        stream_event(t->stream, complete ? EVENT_MESSAGE_DONE : EVENT_MESSAGE_CLOSED, item->item,
                     notes);
    item->done = true;
    item->complete = complete;
}

static void
end_open(struct transcript *t, bool complete)
{
    if (t->open < 0)
        return;
    end_text_item(t, &t->items[t->open], complete);
    t->open = -1;
}

/* The open item of this kind, begun if there is none. */
static struct err
open_item(struct transcript *t, enum event_type added, struct transcript_item **out)
{
    if (t->open >= 0 && t->items[t->open].added == added) {
        *out = &t->items[t->open];
        return OK;
    }
    end_open(t, true);
    TRY(add_item(t, added, out));
    t->open = (int)t->count - 1;
    stream_event(t->stream, added, (*out)->item, NULL);
    stream_event(t->stream,
                 added == EVENT_REASONING_ADDED ? EVENT_REASONING_PART_ADDED
                                                : EVENT_TEXT_PART_ADDED,
                 (*out)->item, NULL);
    return OK;
}

struct err
transcript_text(struct transcript *t, struct str text)
{
    struct transcript_item *item;

    TRY(open_item(t, EVENT_MESSAGE_ADDED, &item));
    return grow(t, item, EVENT_TEXT_DELTA, text);
}

struct err
transcript_reasoning(struct transcript *t, struct str text)
{
    struct transcript_item *item;

    TRY(open_item(t, EVENT_REASONING_ADDED, &item));
    return grow(t, item, EVENT_REASONING_DELTA, text);
}

void
transcript_annotate(struct transcript *t, const char *annotation)
{
    struct transcript_item *item = t->open >= 0 ? &t->items[t->open] : NULL;

    if (!item || item->added != EVENT_MESSAGE_ADDED)
        return;
    if (item->annotation_count == 0)
        buf_init(&item->annotations, t->arena, ANNOTATIONS_MAX);
    else
        buf_add_char(&item->annotations, ',');
    buf_add_str(&item->annotations, annotation);
    stream_event(t->stream, EVENT_ANNOTATION_ADDED, item->item,
                 arena_printf(t->arena, "\"annotation_index\":%d,\"annotation\":%s",
                              item->annotation_count, annotation));
    item->annotation_count++;
}

/* ---- calls --------------------------------------------------------------------- */

static const char *
call_json(const struct transcript *t, struct arena *a, const struct transcript_item *item,
          const char *status)
{
    char id[EVENT_ITEM_ID];
    struct json_writer w;
    struct buf out;

    event_item_id("fc", t->request_id, item->item, id);
    buf_init(&out, a, OUTPUT_MAX);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    if (item->is_output)
        event_item_id("fco", t->request_id, item->item, id);
    jw_str(&w, "id", id);
    if (item->is_output) {
        jw_str(&w, "type", "function_call_output");
        jw_str(&w, "call_id", item->call_id);
        jw_str_len(&w, "output", item->text.data, item->text.len);
        jw_str(&w, "status", status);
        jw_object_end(&w);
        return out.data;
    }
    jw_str(&w, "type", "function_call");
    jw_str(&w, "call_id", item->call_id);
    jw_str(&w, "name", item->name);
    jw_str_len(&w, "arguments", item->text.data, item->text.len);
    jw_str(&w, "status", status);
    jw_object_end(&w);
    return out.data;
}

struct err
transcript_call(struct transcript *t, int call, const char *call_id, const char *name)
{
    struct transcript_item *item;

    end_open(t, true);
    TRY(add_item(t, EVENT_ITEM_ADDED, &item));
    item->call = call;
    item->call_id = arena_strdup(t->arena, call_id);
    item->name = arena_strdup(t->arena, name);
    stream_event(t->stream, EVENT_ITEM_ADDED, item->item,
                 call_json(t, t->arena, item, "in_progress"));
    return OK;
}

struct err
transcript_arguments(struct transcript *t, int call, struct str text)
{
    for (size_t i = t->count; i-- > 0;) /* a later reply counts its calls anew */
        if (t->items[i].call == call)
            return t->items[i].done ? OK : grow(t, &t->items[i], EVENT_CALL_DELTA, text);
    return ERR(ERR_MALFORMED, "The model went on with a call that it had not begun.");
}

static void
end_call(struct transcript *t, struct transcript_item *item, bool complete)
{
    struct json_writer w;
    struct buf members;

    if (complete) {
        buf_init(&members, t->arena, OUTPUT_MAX);
        jw_begin(&w, &members);
        buf_add_str(&members, "\"name\":");
        jw_str(&w, NULL, item->name);
        buf_add_str(&members, ",\"arguments\":");
        jw_begin(&w, &members);
        jw_str_len(&w, NULL, item->text.data, item->text.len);
        stream_event(t->stream, EVENT_CALL_DONE, item->item, members.data);
    }
    item->done = true;
    item->complete = complete;
    stream_event(t->stream, EVENT_ITEM_DONE, item->item,
                 call_json(t, t->arena, item, complete ? "completed" : "incomplete"));
}

size_t
transcript_open_calls(const struct transcript *t, size_t first, struct arena *a,
                      struct dialect_call **out)
{
    struct dialect_call *list = arena_array(a, t->count, sizeof(*list));
    size_t n = 0;

    for (size_t i = first; i < t->count; i++) {
        const struct transcript_item *item = &t->items[i];

        if (item->added == EVENT_ITEM_ADDED && !item->done)
            list[n++] =
                (struct dialect_call){ .call_id = item->call_id,
                                       .name = item->name,
                                       .arguments = item->text.len ? item->text.data : "{}" };
    }
    *out = list;
    return n;
}

void
transcript_message_end(struct transcript *t)
{
    end_open(t, true);
}

struct err
transcript_output_of(struct transcript *t, const char *call_id, struct str output)
{
    struct str fits = str_utf8_prefix(output, TRANSCRIPT_TEXT_MAX - t->bytes);
    struct transcript_item *item;

    end_open(t, true);
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].added == EVENT_ITEM_ADDED && !t->items[i].done &&
            strcmp(t->items[i].call_id, call_id) == 0)
            end_call(t, &t->items[i], true);
    TRY(add_item(t, EVENT_ITEM_ADDED, &item));
    item->is_output = true;
    item->call_id = arena_strdup(t->arena, call_id);
    buf_add(&item->text, fits.p, fits.len);
    t->bytes += fits.len;
    item->done = item->complete = true;
    stream_event(t->stream, EVENT_ITEM_ADDED, item->item,
                 call_json(t, t->arena, item, "completed"));
    stream_event(t->stream, EVENT_ITEM_DONE, item->item, call_json(t, t->arena, item, "completed"));
    return fits.len == output.len ? OK
                                  : ERR(ERR_TOO_LARGE, "The answer is over the limit of 4 MiB.");
}

void
transcript_end(struct transcript *t, bool complete)
{
    end_open(t, complete);
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].added == EVENT_ITEM_ADDED && !t->items[i].done)
            end_call(t, &t->items[i], complete);
}

/* ---- the result ------------------------------------------------------------------ */

static bool
has_message(const struct transcript *t)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].added == EVENT_MESSAGE_ADDED)
            return true;
    return false;
}

const char *
transcript_content(const struct transcript *t, bool complete)
{
    struct buf all;

    if (!complete && !has_message(t)) {
        for (size_t i = t->earlier_count; i-- > 0;)
            if (t->earlier[i].added == EVENT_MESSAGE_ADDED && t->earlier[i].text[0])
                return t->earlier[i].text;
        return "";
    }
    buf_init(&all, t->arena, TRANSCRIPT_TEXT_MAX + 2 * TRANSCRIPT_ITEMS_MAX);
    for (size_t i = 0; i < t->count; i++)
        if (t->items[i].added == EVENT_MESSAGE_ADDED) {
            if (all.len > 0 && t->items[i].text.len > 0)
                buf_add_str(&all, "\n\n");
            buf_add(&all, t->items[i].text.data, t->items[i].text.len);
        }
    return all.data;
}

bool
transcript_said(const struct transcript *t, size_t first, size_t end, struct buf *out)
{
    for (size_t i = first; i < end && i < t->count; i++) {
        const struct buf *text = &t->items[i].text;
        struct str fits = { text->data, text->len };

        if (t->items[i].added != EVENT_MESSAGE_ADDED)
            continue;
        fits = str_utf8_prefix(fits, out->max - out->len);
        buf_add(out, fits.p, fits.len);
        if (fits.len < text->len)
            return true;
    }
    return false;
}

struct str
transcript_call_text(const struct transcript *t, size_t item, const char **call_id)
{
    *call_id = t->items[item].call_id;
    return (struct str){ t->items[item].text.data, t->items[item].text.len };
}

static struct event_item
item_of(const struct transcript *t, struct arena *a, const struct transcript_item *item)
{
    struct event_item e = { .item = item->item,
                            .added = item->added,
                            .text = item->text.data,
                            .data = annotations_of(t, item),
                            .done = true,
                            .incomplete = !item->complete };

    if (item->added == EVENT_ITEM_ADDED)
        e.data = call_json(t, a, item, item->complete ? "completed" : "incomplete");
    return e;
}

const char *
transcript_output(const struct transcript *t, struct arena *a)
{
    size_t n = t->count ? t->count : t->earlier_count;
    struct buf out;

    buf_init(&out, a, OUTPUT_MAX);
    buf_add_char(&out, '[');
    for (size_t i = 0; i < n; i++) {
        struct event_item item = t->count ? item_of(t, a, &t->items[i]) : t->earlier[i];

        if (i > 0)
            buf_add_char(&out, ',');
        event_item_json(&out, t->request_id, &item);
    }
    buf_add_char(&out, ']');
    assert(buf_ok(&out));
    return out.data;
}
