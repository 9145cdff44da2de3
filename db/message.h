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
    const char *steps;         /* JSON: of an answer that has ended, its items that are no text */
    const char *finish_reason; /* likewise, as in struct request_info; may be NULL */
    struct id parent_id;       /* that it follows; unset of a first message */
    bool shown;                /* it is on the path that the chat shows */
    const char *siblings; /* JSON: ids of those that follow the same, itself too, oldest first; the
                             newest MESSAGE_SIBLINGS_MAX */
    const char *rating, *comment; /* up, down; both may be NULL */
    const char *created_at;
};

#define MESSAGE_SIBLINGS_MAX 100
#define MESSAGE_COMMENT_MAX  2000 /* characters */

/* ERR_NOT_FOUND unless the chat is the caller's. `role` and `content` as in struct message. */
struct err message_add(struct db *db, struct arena *a, struct id chat_id, const char *role,
                       const char *content, struct message *out) CHECKED;

/* ERR_NOT_FOUND unless it is the caller's. */
struct err message_get(struct db *db, struct arena *a, struct id id, struct message *out) CHECKED;

enum message_order { MESSAGE_OLDEST_FIRST, MESSAGE_NEWEST_FIRST };

enum message_branches { MESSAGE_SHOWN_BRANCH, MESSAGE_ALL_BRANCHES };

/* ERR_NOT_FOUND unless the chat is the caller's. */
struct err message_list(struct db *db, struct arena *a, struct id chat_id, enum message_order order,
                        enum message_branches branches, const struct page *page,
                        struct message **out, size_t *count) CHECKED;

/*
 * What followed it follows its parent. ERR_NOT_FOUND unless it is the caller's,
 * ERR_CONFLICT while it is being written.
 */
struct err message_delete(struct db *db, struct arena *a, struct id id) CHECKED;

/*
 * Show the branch that a message is on, down to its newest end. The model's
 * context does not depend on what is shown: it goes up from the question.
 * ERR_NOT_FOUND unless it is the caller's.
 */
struct err message_show(struct db *db, struct arena *a, struct id id, struct id *chat_id) CHECKED;

/* What the caller thinks of an answer; comment may be NULL. ERR_NOT_FOUND unless it is theirs. */
struct err message_rate(struct db *db, struct arena *a, struct id id, const char *rating,
                        const char *comment) CHECKED;

/* Nothing any more. Queued. */
struct err message_unrate(struct db *db, struct id id) CHECKED;

#endif
