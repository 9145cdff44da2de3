/* What the making and the end of a request share. Private to db/request*.c. */
#ifndef DB_REQUEST_PRIVATE_H
#define DB_REQUEST_PRIVATE_H

#include "db/request.h"

#define REQUEST_PREVIEW_MAX 200 /* bytes */

/* The start of a text on one line: runs of white space become one space. */
const char *request_start_of(struct arena *a, const char *text, size_t max);

/* Tell of a request in its user's feed. Queued. */
struct err request_tell(struct db *db, struct arena *a, struct id user_id, struct id id,
                        struct id chat_id, struct id message_id, const char *status) CHECKED;

#endif
