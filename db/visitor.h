/*
 * Visitor: who asks a public agent without being known. What a visitor asks is
 * kept as chats of the agent's owner, on a shelf of their own; a session, which
 * only the visitor's client knows, is what leads back to one of them.
 */
#ifndef DB_VISITOR_H
#define DB_VISITOR_H

#include "lib/err.h"
#include "lib/id.h"

#include <stdint.h>

struct arena;
struct db;

#define VISITOR_SESSION_MAX 150 /* characters */

/* chats.session_id of a visitor's session. */
const char *visitor_session(struct arena *a, const char *session);

/*
 * What lets the client of that session, and nobody else, watch one answer: 64
 * hex digits. It names the session no more than its hash does.
 */
const char *visitor_token(struct arena *a, const char *session_id, struct id request_id);

/*
 * A visitor's question to an agent, in a transaction of nobody's: from then on
 * it is its owner's. A session takes `per_minute` of them, and an address (/24,
 * /64) five times as many; 0: no limit. ERR_NOT_FOUND unless the agent is public;
 * ERR_RATE_LIMITED with *wait_s: the transaction is to be undone.
 */
struct err visitor_admit(struct db *db, struct arena *a, struct id agent_id, const char *session,
                         const char *address, int64_t per_minute, struct id *owner_id,
                         int64_t *wait_s) CHECKED;

#endif
