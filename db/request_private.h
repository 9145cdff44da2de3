/* What the making and the end of a request share. Private to db/request*.c. */
#ifndef DB_REQUEST_PRIVATE_H
#define DB_REQUEST_PRIVATE_H

#include "db/request.h"

/* Where a new request goes. */
struct request_place {
    struct id agent_id, chat_id; /* chat_id: unset for one that is to be made */
    int64_t reserved_tokens;     /* -1: tokens are not limited */
    struct quota_use use;
};

/* Errors as of request_create(); then `use` is set all the same. */
struct err request_find_place(struct db *db, struct arena *a, const struct request_new *in,
                              struct request_place *out) CHECKED;

/* What a line of the user's feed says of a request, and its type. */
#define REQUEST_NEWS "request"
const char *request_news(struct arena *a, struct id id, struct id chat_id, struct id message_id,
                         const char *status);

#endif
