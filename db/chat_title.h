/*
 * Chat_title: titles that models write. A chat whose title was made from its
 * first message gets one after its first answer, when its agent says so; a title
 * that its user gave stays.
 */
#ifndef DB_CHAT_TITLE_H
#define DB_CHAT_TITLE_H

#include "db/agent.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>

struct arena;
struct db;

#define CHAT_TITLE_KIND "title_chat" /* job; its subject is the chat */

/* ---- the worker's side: inside a transaction of the user ------------------------ */

/* The end of a request: add the job if a title is wanted. */
struct err chat_title_ask(struct db *db, struct arena *a, struct id user_id, struct id chat_id,
                          struct id request_id, const char *http_request_id) CHECKED;

struct chat_title_task {
    struct id chat_id, user_id, agent_id;
    enum agent_auth auth;
    const char *kind, *endpoint_url, *model, *credential, *client_id; /* may be NULL but kind */
    const char *question, *answer;                                    /* their starts */
};

/* ERR_NOT_FOUND when no title is wanted any more. Texts are cut to `most` characters. */
struct err chat_title_load(struct db *db, struct arena *a, struct id chat_id, size_t most,
                           struct chat_title_task *out) CHECKED;

/* What a model wrote as a title: its first line without quotation marks; "" when nothing is left.
 */
const char *chat_title_clean(struct arena *a, const char *text);

/* Unless its user has named it meanwhile. */
struct err chat_title_set(struct db *db, struct arena *a, const struct chat_title_task *t,
                          const char *title) CHECKED;

#endif
