/*
 * Request: one response that is made in the background. It is made by
 * request_create() with the user's message, the assistant's still empty one
 * and its job, and reaches exactly one final state: completed, failed or
 * cancelled. There is exactly one assistant message for each, from the start.
 */
#ifndef DB_REQUEST_H
#define DB_REQUEST_H

#include "db/event_json.h"
#include "db/job.h"
#include "db/quota.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define REQUEST_QUEUE        "respond"
#define REQUEST_KIND         "respond"
#define REQUEST_ATTEMPTS     4
#define REQUEST_MESSAGES_MAX 200    /* messages in one call */
#define REQUEST_TEXT_MAX     200000 /* characters of one message */

enum if_busy { BUSY_QUEUE, BUSY_REJECT, BUSY_REPLACE };

struct message_text {
    const char *role, *content; /* role: system, user, assistant */
};

struct request_new {
    struct id user_id;
    struct id agent_id;                  /* may be unset when the chat has one */
    struct id chat_id;                   /* unset: by session_id, or a new one */
    const char *session_id;              /* NULL: none */
    const struct message_text *messages; /* the last is the user's */
    size_t message_count;
    struct id answer_to; /* regenerate: the user message to answer again, instead of messages */
    struct id edit_of;   /* edit: the user message beside which the new one starts a branch */
    enum if_busy if_busy;
    const char *http_request_id;
    const char *traceparent;         /* W3C trace context of the client; NULL for none */
    struct quota_limits user_limits; /* unfinished_max is always set */
    struct id key_id;                /* under which it is made; may be unset */
    struct quota_limits key_limits;
    int64_t reserve_tokens; /* of output, for an agent without max_output_tokens */
};

struct request_made {
    struct id request_id, chat_id, user_message_id, message_id, job_id;
};

/*
 * Within the open write transaction of the user: everything that makes a
 * response, and the notification of a worker. ERR_NOT_FOUND: no such agent or
 * chat; ERR_INVALID: neither given; ERR_CONFLICT: busy and told to reject;
 * ERR_RATE_LIMITED. *use is written also when it is refused.
 */
struct err request_create(struct db *db, struct arena *a, const struct request_new *in,
                          struct quota_use *use, struct request_made *out) CHECKED;

struct request_info {
    struct id id, chat_id, agent_id, user_message_id, message_id, job_id;
    const char *user_message; /* its text; "" when deleted */
    const char *status;       /* queued, streaming, completed, failed, cancelled */
    const char *partial_content, *final_response; /* NULL when not yet, no longer */
    int64_t sequence_number;
    int attempt, max_attempts;
    const char *next_attempt_at, *error, *usage, *sources, *trace_id,
        *finish_reason; /* may be NULL; error, usage, sources: JSON */
    const char *created_at, *started_at, *completed_at;
    int64_t position; /* in the queue, 1 is next; 0 when not queued */
};

/* ERR_NOT_FOUND when unknown or another user's. */
struct err request_get(struct db *db, struct arena *a, struct id id,
                       struct request_info *out) CHECKED;

struct request_filter {
    const char *status; /* NULL: any */
    struct id chat_id;  /* unset: any */
    const char
        *before_at; /* page: (created_at, id) of the last row of the one before; NULL: newest */
    struct id before_id;
    int limit;
};
struct err request_list(struct db *db, struct arena *a, const struct request_filter *filter,
                        struct request_info **out, size_t *count) CHECKED;

/*
 * Cancel. One that waits is final when the transaction commits; of one that
 * runs the worker is told (*asked), which ends it within a second and keeps the
 * partial text. Idempotent: a final one stays as it is.
 */
struct err request_cancel(struct db *db, struct arena *a, struct id id, bool *asked) CHECKED;

/* Cancel whatever is unfinished in a chat, as request_cancel() does. */
struct err request_cancel_chat(struct db *db, struct arena *a, struct id chat_id) CHECKED;

/* The user message that a message (of either role) belongs to, for regenerate. */
struct err request_of_message(struct db *db, struct arena *a, struct id message_id,
                              struct id *chat_id, struct id *user_message_id,
                              struct id *agent_id) CHECKED;

/* What a watcher needs before it follows: ERR_NOT_FOUND unless it is this user's. For the gateway.
 */
struct request_watch {
    const char *status;
    bool final;
    int64_t last_seq;            /* of the log now */
    const char *http_request_id; /* that asked for it; may be NULL */
};
struct err request_watch(struct db *db, struct arena *a, struct id id, struct id user_id,
                         struct request_watch *out) CHECKED;

/* Those of some requests that are not there any more: deleted with their chat. For the gateway. */
struct err request_gone(struct db *db, struct arena *a, const struct id *ids, size_t n,
                        struct id **out, size_t *count) CHECKED;

/* ---- the worker's side: inside a transaction of the request's user ------------- */

struct request_task {
    struct id id, user_id, chat_id, agent_id, message_id, user_message_id;
    const char *status;
    int64_t last_seq;          /* of the log now */
    int next_item;             /* output index for the next item: one more than any in the log */
    int open_item;             /* item that an earlier attempt left open; -1: none */
    enum event_type open_type; /* how that item began: EVENT_MESSAGE_ADDED, EVENT_REASONING_ADDED,
                                  EVENT_ITEM_ADDED */
    int64_t created_s;
    /* the agent, as it is now */
    const char *agent_kind, *endpoint_url, *model, *credential,
        *instructions;         /* may be NULL but kind, instructions */
    double temperature;        /* NaN: unset */
    int64_t max_output_tokens; /* 0: unset */
    int history_limit;
    bool agent_gone; /* deleted since */
    bool has_sources;
    bool asks_title; /* the agent's model is to name new chats */
    struct id agent_owner_id;
    const char *http_request_id;
    bool databricks_oauth; /* how the credential is used */
    const char *client_id; /* NULL unless databricks_oauth */
    bool return_trace;
    const char *tools;                    /* JSON array; see db/agent.h */
    const char *agent_name;               /* NULL when it is gone */
    const char *traceparent;              /* of the client; NULL for none */
    double age_ms, started_ms, traced_ms; /* since it was made: now; when first begun, and up to
                                             where it is traced (NaN: not) */
};
struct err request_load(struct db *db, struct arena *a, struct id id,
                        struct request_task *out) CHECKED;

/* Up to `limit` messages before (and with) the user message that is answered, oldest first. */
struct err request_history(struct db *db, struct arena *a, const struct request_task *t, int limit,
                           struct message_text **out, size_t *count) CHECKED;

/* The items that the log holds so far, in their order: what a later attempt keeps as incomplete. */
struct err request_items(struct db *db, struct arena *a, struct id id, struct event_item **out,
                         size_t *count) CHECKED;

/*
 * The events that close an item which an earlier attempt left open, for the
 * log from `seq` on; returns how many were put into out[3].
 */
#define REQUEST_CLOSE_EVENTS 3
size_t request_close_item(const struct event *like, enum event_type added, struct event out[3]);

/* Queued: status streaming, attempt; started_at at the first. */
struct err request_started(struct db *db, struct id id, int attempt) CHECKED;

/* An attempt failed and another follows. Queued. */
struct err request_retrying(struct db *db, struct id id, int attempt, int64_t delay_ms) CHECKED;

struct request_end {
    struct id id, user_id, chat_id, message_id;
    const char *status;  /* completed, failed, cancelled */
    const char *content; /* the assistant's text, "" when there is none */
    const char *output, *usage, *error,
        *sources;              /* JSON, may be NULL but output; error exactly when failed */
    const char *finish_reason; /* stop, length, content_filter, tool_calls, cancelled, error */
    int64_t last_seq;
    bool untraced; /* it has no trace */
};

/*
 * The final state: request, message, chat, the end of the job (NULL: it has
 * ended already), feed. Queued; before it in the transaction stand job_fence()
 * and event_add() of the last events. ERR_CONFLICT at commit when the request
 * was final already. Rows are locked in this order everywhere, so that nobody
 * waits in a circle: chat, job, feed.
 */
struct err request_finish(struct db *db, struct arena *a, const struct request_end *end,
                          const struct job_worker *w, const struct job_end *job) CHECKED;

#endif
