/*
 * Search: full text over the caller's own messages. What a chat has gained is
 * indexed in the background, some seconds later; see the migration 0005.
 */
#ifndef DB_SEARCH_H
#define DB_SEARCH_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define SEARCH_QUERY_MAX 500 /* characters */

/* These stand around each match in a snippet, and nowhere else. */
#define SEARCH_MATCH_BEGINS '\x01'
#define SEARCH_MATCH_ENDS   '\x02'

struct search_hit {
    struct id message_id, chat_id;
    const char *chat_title, *role, *snippet, *created_at;
    double score;
    bool shown; /* it is on the path that its chat shows */
};

/*
 * The best `most` matches of a query as web searches take them (quotes, or,
 * -word), of chats that are not in the bin. Of more than 500 the newest are ranked.
 */
struct err search_messages(struct db *db, struct arena *a, const char *query, int most,
                           struct search_hit **out, size_t *count) CHECKED;

/* For the worker: index about `most` messages; *done is 0 when nothing waited. */
struct err search_index(struct db *db, struct arena *a, int64_t most, int64_t *done) CHECKED;

#endif
