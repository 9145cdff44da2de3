/*
 * Chat: a conversation of one user with an agent. Every change of a chat is
 * told in its owner's feed: {"id", "change": created, updated, read, deleted,
 * restored}.
 */
#ifndef DB_CHAT_H
#define DB_CHAT_H

#include "db/page.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct db;

#define CHAT_TITLE_MAX   200 /* characters */
#define CHAT_SESSION_MAX 200 /* characters */
#define CHAT_PREVIEW_MAX 200 /* bytes */

struct chat {
    struct id id, user_id, agent_id; /* agent_id is unset when the agent is gone */
    const char *title, *session_id;  /* session_id may be NULL */
    const char *preview;             /* how the last message begins */
    bool pinned, archived, unread;
    struct id active_id;       /* the oldest unfinished request; may be unset */
    const char *active_status; /* NULL when active_id is unset */
    const char *created_at, *active_at;
    const char *deleted_at; /* NULL unless it is in the bin */
};

struct chat_new {
    struct id user_id, agent_id; /* agent_id may be unset */
    const char *title;           /* NULL: made from the first message */
    const char *session_id;      /* NULL: none */
};

/* ERR_NOT_FOUND when the agent cannot be used, ERR_CONFLICT when the session has a chat with it. */
struct err chat_insert(struct db *db, struct arena *a, const struct chat_new *in,
                       struct chat *out) CHECKED;

/* ERR_NOT_FOUND unless it is the caller's. */
struct err chat_get(struct db *db, struct arena *a, struct id id, struct chat *out) CHECKED;

enum chat_shelf { CHAT_LIST, CHAT_ARCHIVE, CHAT_BIN, CHAT_VISITORS }; /* chats.shelf */

struct chat_filter {
    struct id user_id, agent_id; /* agent_id unset: with any agent */
    enum chat_shelf shelf;
    bool pinned;   /* only these */
    const char *q; /* NULL, or words that must each begin a word of the title */
};

/*
 * A user's chats, newest activity first. With `q`, titles are as they were some
 * seconds ago: they are indexed in the background.
 */
struct err chat_list(struct db *db, struct arena *a, const struct chat_filter *filter,
                     const struct page *page, struct chat **out, size_t *count) CHECKED;

/*
 * All chats of a user but those in the bin, and visitors': oldest activity first, so that one
 * which goes on meanwhile is not missed but comes again.
 */
struct err chat_list_all(struct db *db, struct arena *a, struct id user_id, const struct page *page,
                         struct chat **out, size_t *count) CHECKED;

struct chat_change {
    struct id id, user_id;
    const char *title;    /* NULL leaves it */
    struct id agent_id;   /* unset leaves it */
    int pinned, archived; /* 0, 1, or -1 to leave it */
};

/* ERR_NOT_FOUND unless the chat is the caller's and the agent can be used. */
struct err chat_update(struct db *db, struct arena *a, const struct chat_change *change,
                       struct chat *out) CHECKED;

/* Note that its owner has seen it all. */
struct err chat_read(struct db *db, struct arena *a, struct id id, struct id user_id) CHECKED;

/*
 * Into the bin, where only chat_list(), chat_restore() and
 * chat_delete_forever() find it; cancel what runs first: request_cancel_chat().
 */
struct err chat_delete(struct db *db, struct arena *a, struct id id, struct id user_id) CHECKED;

/* From wherever it is, with its messages and requests; cancel these first. */
struct err chat_delete_forever(struct db *db, struct arena *a, struct id id,
                               struct id user_id) CHECKED;

/*
 * Out of the bin. Its session stays with the chat that has gone on with it, if
 * any. ERR_NOT_FOUND unless it is in the caller's.
 */
struct err chat_restore(struct db *db, struct arena *a, struct id id, struct id user_id,
                        struct chat *out) CHECKED;

/* Tell of a change in its owner's feed: one of the words above. Queued; call it last. */
struct err chat_tell(struct db *db, struct arena *a, struct id user_id, struct id id,
                     const char *change) CHECKED;

#endif
