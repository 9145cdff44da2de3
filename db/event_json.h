/*
 * Event_json: an event of the log as the JSON of one OpenAI Responses
 * streaming event, as the official SDKs accept it: `response.created` first,
 * items added before they grow, done items that repeat type and id, one
 * terminal event; nothing of a type that they do not know.
 *
 * Pure. Ids are derived, so they are the same in every replay: the response is
 * "resp_" and the request's 32 hex digits, its items "msg_", "rs_" or "fc_",
 * the digits, "_" and the output index.
 */
#ifndef DB_EVENT_JSON_H
#define DB_EVENT_JSON_H

#include "db/event.h"

#include <stdint.h>

struct buf;

/* The event's type in the API: "response.output_text.delta". */
const char *event_type_name(enum event_type type);

/* Append one JSON object. */
void event_json(struct buf *out, const struct event_row *row);

/*
 * Append the members of a response object that vary, for `data` of lifecycle
 * events: created_at, model, status, output ("[]" when NULL), usage, error,
 * incomplete_details. The constant ones are added by event_json().
 */
struct event_response {
    int64_t created_s;
    const char *model;  /* NULL: null */
    const char *status; /* queued, in_progress, completed, failed, incomplete, cancelled */
    const char *output, *usage, *error; /* JSON; NULL for [] and null */
    const char *incomplete_reason;      /* NULL: none */
};
void event_response_members(struct buf *out, const struct event_response *r);

/* A whole response object, as GET /v1/responses/{id} shows it. */
void event_response_json(struct buf *out, struct id request_id, const struct event_response *r);

/* One item of a response, as its `output` holds it. */
struct event_item {
    int item;              /* output index */
    enum event_type added; /* EVENT_MESSAGE_ADDED, EVENT_REASONING_ADDED or EVENT_ITEM_ADDED */
    const char *text;      /* of messages and reasoning */
    const char *data; /* EVENT_ITEM_ADDED: the item's JSON; else its annotations, NULL for none */
    bool done;        /* an event has ended it */
    bool incomplete;  /* ended, or to be ended, as incomplete */
};
void event_item_json(struct buf *out, struct id request_id, const struct event_item *item);

/* Derived ids. */
#define EVENT_ITEM_ID 52 /* bytes with the terminator */
void event_response_id(struct id request_id, char out[EVENT_ITEM_ID]);
void event_item_id(const char *prefix, struct id request_id, int item, char out[EVENT_ITEM_ID]);

#endif
