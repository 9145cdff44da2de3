#include "db/event_json.h"

#include "lib/buf.h"
#include "lib/json_writer.h"

#include <string.h>

/* Members of a response that are the same for all of ours; clients' types want them present. */
#define RESPONSE_CONSTANTS                                                                         \
    "\"background\":true,\"instructions\":null,\"max_output_tokens\":null,"                        \
    "\"max_tool_calls\":null,\"metadata\":{},\"parallel_tool_calls\":true,"                        \
    "\"previous_response_id\":null,\"prompt_cache_key\":null,\"safety_identifier\":null,"          \
    "\"service_tier\":\"default\",\"store\":true,\"temperature\":1,\"top_p\":1,"                   \
    "\"presence_penalty\":0,\"frequency_penalty\":0,\"top_logprobs\":0,"                           \
    "\"reasoning\":{\"effort\":null,\"summary\":null},\"text\":{\"format\":{\"type\":\"text\"}},"  \
    "\"tool_choice\":\"auto\",\"tools\":[],\"truncation\":\"disabled\",\"user\":null"

/* How an event's members beyond type and sequence_number are made. */
enum shape {
    SHAPE_RESPONSE,
    SHAPE_RESULT, /* a response whose members come from the request */
    SHAPE_ITEM,
    SHAPE_ITEM_OPEN, /* an item that has just been added */
    SHAPE_ITEM_TEXT, /* an item with its text */
    SHAPE_PART,
    SHAPE_DELTA,
    SHAPE_TEXT,
    SHAPE_CALL,
    SHAPE_CALL_DELTA,
    SHAPE_ANNOTATION,
};

static const struct kind {
    enum event_type type;
    const char *name;
    enum shape shape;
    bool reasoning;
    bool incomplete;
} kinds[] = {
    { EVENT_CREATED, "response.created", SHAPE_RESPONSE, false, false },
    { EVENT_QUEUED, "response.queued", SHAPE_RESPONSE, false, false },
    { EVENT_IN_PROGRESS, "response.in_progress", SHAPE_RESPONSE, false, false },
    { EVENT_COMPLETED, "response.completed", SHAPE_RESULT, false, false },
    { EVENT_FAILED, "response.failed", SHAPE_RESULT, false, false },
    { EVENT_INCOMPLETE, "response.incomplete", SHAPE_RESULT, false, false },
    { EVENT_ITEM_ADDED, "response.output_item.added", SHAPE_ITEM, false, false },
    { EVENT_ITEM_DONE, "response.output_item.done", SHAPE_ITEM, false, false },
    { EVENT_MESSAGE_ADDED, "response.output_item.added", SHAPE_ITEM_OPEN, false, false },
    { EVENT_TEXT_PART_ADDED, "response.content_part.added", SHAPE_PART, false, false },
    { EVENT_TEXT_DELTA, "response.output_text.delta", SHAPE_DELTA, false, false },
    { EVENT_ANNOTATION_ADDED, "response.output_text.annotation.added", SHAPE_ANNOTATION, false,
      false },
    { EVENT_TEXT_DONE, "response.output_text.done", SHAPE_TEXT, false, false },
    { EVENT_TEXT_PART_DONE, "response.content_part.done", SHAPE_PART, false, false },
    { EVENT_MESSAGE_DONE, "response.output_item.done", SHAPE_ITEM_TEXT, false, false },
    { EVENT_MESSAGE_CLOSED, "response.output_item.done", SHAPE_ITEM_TEXT, false, true },
    { EVENT_REASONING_ADDED, "response.output_item.added", SHAPE_ITEM_OPEN, true, false },
    { EVENT_REASONING_PART_ADDED, "response.content_part.added", SHAPE_PART, true, false },
    { EVENT_REASONING_DELTA, "response.reasoning_text.delta", SHAPE_DELTA, true, false },
    { EVENT_REASONING_TEXT_DONE, "response.reasoning_text.done", SHAPE_TEXT, true, false },
    { EVENT_REASONING_PART_DONE, "response.content_part.done", SHAPE_PART, true, false },
    { EVENT_REASONING_DONE, "response.output_item.done", SHAPE_ITEM_TEXT, true, false },
    { EVENT_REASONING_CLOSED, "response.output_item.done", SHAPE_ITEM_TEXT, true, true },
    { EVENT_CALL_DELTA, "response.function_call_arguments.delta", SHAPE_CALL_DELTA, false, false },
    { EVENT_CALL_DONE, "response.function_call_arguments.done", SHAPE_CALL, false, false },
};

static const struct kind *
kind_of(enum event_type type)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].type == type)
            return &kinds[i];
    return NULL;
}

const char *
event_type_name(enum event_type type)
{
    const struct kind *kind = kind_of(type);

    return kind ? kind->name : "response.unknown";
}

void
event_item_id(const char *prefix, struct id request_id, int item, char out[EVENT_ITEM_ID])
{
    char hex[33];
    size_t n = 0;

    for (const char *p = request_id.s; *p && n < sizeof(hex) - 1; p++)
        if (*p != '-')
            hex[n++] = *p;
    hex[n] = '\0';
    if (item < 0)
        snprintf(out, EVENT_ITEM_ID, "%s_%s", prefix, hex);
    else
        snprintf(out, EVENT_ITEM_ID, "%s_%s_%d", prefix, hex, item);
}

void
event_response_id(struct id request_id, char out[EVENT_ITEM_ID])
{
    event_item_id("resp", request_id, -1, out);
}

static const char *
or_null(const char *json)
{
    return json ? json : "null";
}

/* A JSON string into a buffer that is being written by hand. */
static void
add_string(struct buf *out, const char *s)
{
    struct json_writer w;

    jw_begin(&w, out);
    jw_str(&w, NULL, s);
}

void
event_response_members(struct buf *out, const struct event_response *r)
{
    buf_printf(out, "\"created_at\":%lld,\"status\":\"%s\",\"model\":", (long long)r->created_s,
               r->status);
    add_string(out, r->model);
    buf_add_str(out, ",\"output\":");
    buf_add_str(out, r->output ? r->output : "[]");
    buf_add_str(out, ",\"usage\":");
    buf_add_str(out, or_null(r->usage));
    buf_add_str(out, ",\"error\":");
    buf_add_str(out, or_null(r->error));
    if (r->incomplete_reason)
        buf_printf(out, ",\"incomplete_details\":{\"reason\":\"%s\"}", r->incomplete_reason);
    else
        buf_add_str(out, ",\"incomplete_details\":null");
}

static void
open_response(struct buf *out, struct id request_id)
{
    char id[EVENT_ITEM_ID];

    event_response_id(request_id, id);
    buf_printf(out, "{\"id\":\"%s\",\"object\":\"response\"," RESPONSE_CONSTANTS ",", id);
}

void
event_response_json(struct buf *out, struct id request_id, const struct event_response *r)
{
    open_response(out, request_id);
    event_response_members(out, r);
    buf_add_char(out, '}');
}

static const char *
incomplete_reason(const struct event_row *row)
{
    if (row->e.type != EVENT_INCOMPLETE || !row->finish_reason)
        return NULL;
    if (strcmp(row->finish_reason, "content_filter") == 0)
        return "content_filter";
    return strcmp(row->finish_reason, "length") == 0 ? "max_output_tokens" : NULL;
}

static void
add_result(struct buf *out, const struct event_row *row)
{
    struct event_response r = {
        .created_s = row->created_s,
        .model = row->model,
        .status = row->e.type == EVENT_COMPLETED ? "completed"
                  : row->e.type == EVENT_FAILED  ? "failed"
                                                 : "incomplete",
        .output = row->output,
        .usage = row->usage,
        .error = row->e.type == EVENT_FAILED ? row->error : NULL,
        .incomplete_reason = incomplete_reason(row),
    };

    if (row->e.type == EVENT_INCOMPLETE && row->status && strcmp(row->status, "cancelled") == 0)
        r.status = "cancelled";
    event_response_json(out, row->e.request_id, &r);
}

/* A part: "annotations" and "logprobs" belong to output text only. */
static void
add_part(struct buf *out, bool reasoning, const char *text, const char *annotations)
{
    buf_printf(out, "{\"type\":\"%s\",\"text\":", reasoning ? "reasoning_text" : "output_text");
    add_string(out, text ? text : "");
    if (!reasoning)
        buf_printf(out, ",\"annotations\":%s,\"logprobs\":[]", annotations ? annotations : "[]");
    buf_add_char(out, '}');
}

static void
add_item(struct buf *out, const struct event *e, bool reasoning, const char *status)
{
    bool open = strcmp(status, "in_progress") == 0;
    char id[EVENT_ITEM_ID];

    event_item_id(reasoning ? "rs" : "msg", e->request_id, e->item, id);
    buf_printf(out, "{\"id\":\"%s\",\"type\":\"%s\",\"status\":\"%s\",", id,
               reasoning ? "reasoning" : "message", status);
    buf_add_str(out, reasoning ? "\"summary\":[],\"content\":["
                               : "\"role\":\"assistant\",\"content\":[");
    if (!open)
        add_part(out, reasoning, e->text, e->data);
    buf_add_str(out, "]}");
}

void
event_item_json(struct buf *out, struct id request_id, const struct event_item *item)
{
    struct event e = {
        .request_id = request_id, .item = item->item, .text = item->text, .data = item->data
    };

    if (item->added == EVENT_ITEM_ADDED)
        buf_add_str(out, or_null(item->data));
    else
        add_item(out, &e, item->added == EVENT_REASONING_ADDED,
                 item->incomplete ? "incomplete" : "completed");
}

static void
add_place(struct buf *out, const struct event *e, const char *prefix)
{
    char id[EVENT_ITEM_ID];

    event_item_id(prefix, e->request_id, e->item, id);
    buf_printf(out, "\"item_id\":\"%s\",\"output_index\":%d", id, e->item);
}

static void
add_text(struct buf *out, const struct event *e, const struct kind *kind, const char *key)
{
    add_place(out, e, kind->reasoning ? "rs" : "msg");
    buf_printf(out, ",\"content_index\":0,\"%s\":", key);
    add_string(out, e->text ? e->text : "");
    if (!kind->reasoning)
        buf_add_str(out, ",\"logprobs\":[]");
}

static void
add_members(struct buf *out, const struct event_row *row, const struct kind *kind)
{
    const struct event *e = &row->e;

    switch (kind->shape) {
    case SHAPE_RESPONSE:
        buf_add_str(out, "\"response\":");
        open_response(out, e->request_id);
        buf_add_str(out, e->data ? e->data : "\"output\":[]");
        buf_add_char(out, '}');
        break;
    case SHAPE_RESULT:
        buf_add_str(out, "\"response\":");
        add_result(out, row);
        break;
    case SHAPE_ITEM:
        buf_printf(out, "\"output_index\":%d,\"item\":", e->item);
        buf_add_str(out, or_null(e->data));
        break;
    case SHAPE_ITEM_OPEN:
        buf_printf(out, "\"output_index\":%d,\"item\":", e->item);
        add_item(out, e, kind->reasoning, "in_progress");
        break;
    case SHAPE_ITEM_TEXT:
        buf_printf(out, "\"output_index\":%d,\"item\":", e->item);
        add_item(out, e, kind->reasoning, kind->incomplete ? "incomplete" : "completed");
        break;
    case SHAPE_PART:
        add_place(out, e, kind->reasoning ? "rs" : "msg");
        buf_add_str(out, ",\"content_index\":0,\"part\":");
        add_part(out, kind->reasoning, e->text, e->data);
        break;
    case SHAPE_DELTA:
        add_text(out, e, kind, "delta");
        break;
    case SHAPE_TEXT:
        add_text(out, e, kind, "text");
        break;
    case SHAPE_CALL_DELTA:
        add_place(out, e, "fc");
        buf_add_str(out, ",\"delta\":");
        add_string(out, e->text ? e->text : "");
        break;
    case SHAPE_CALL:
        add_place(out, e, "fc");
        buf_printf(out, ",%s", e->data ? e->data : "\"arguments\":\"\"");
        break;
    case SHAPE_ANNOTATION:
        add_place(out, e, "msg");
        buf_printf(out, ",\"content_index\":0,%s",
                   e->data ? e->data : "\"annotation_index\":0,\"annotation\":{}");
        break;
    }
}

void
event_json(struct buf *out, const struct event_row *row)
{
    const struct kind *kind = kind_of(row->e.type);

    if (!kind)
        return;
    buf_printf(out, "{\"type\":\"%s\",\"sequence_number\":%lld,", kind->name,
               (long long)row->e.seq);
    add_members(out, row, kind);
    buf_add_char(out, '}');
}
