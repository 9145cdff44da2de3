/*
 * Message: one text of a chat. Answers are made with their request (see
 * db/request.h); what is added here stands for itself and asks nobody.
 */
#ifndef DB_MESSAGE_H
#define DB_MESSAGE_H

#include "db/page.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct db;

struct message {
    struct id id, chat_id, request_id; /* request_id is unset but of answers */
    const char *role, *status; /* role: system, user, assistant; status: in_progress, completed,
                                  failed, cancelled */
    const char *content;
    const char *sources, *trace_id, *trace_summary; /* may be NULL; sources, trace_summary: JSON */
    const char *created_at;
};

/* ERR_NOT_FOUND unless the chat is the caller's. `role` and `content` as in struct message. */
struct err message_insert(struct db *db, struct arena *a, struct id chat_id, const char *role,
                          const char *content, struct message *out) CHECKED;

/* ERR_NOT_FOUND unless it is the caller's. */
struct err message_get(struct db *db, struct arena *a, struct id id, struct message *out) CHECKED;

enum message_order { MESSAGE_OLDEST_FIRST, MESSAGE_NEWEST_FIRST };

/* ERR_NOT_FOUND unless the chat is the caller's. */
struct err message_list(struct db *db, struct arena *a, struct id chat_id, enum message_order order,
                        const struct page *page, struct message **out, size_t *count) CHECKED;

/* ERR_NOT_FOUND unless it is the caller's, ERR_CONFLICT while it is being written. */
struct err message_delete(struct db *db, struct arena *a, struct id id) CHECKED;

#endif
