/*
 * Ticket: what is mailed or shown once to let somebody in: the id of a row and a
 * signature of it by OFFSTAGE_SECRET_KEY. The database holds no part of it, so
 * that whoever reads the database or a backup cannot use what is open there.
 */
#ifndef DB_TICKET_H
#define DB_TICKET_H

#include "lib/err.h"
#include "lib/id.h"

struct arena;

#define TICKET_TEXT_MAX 200 /* characters; longer than any */

enum ticket_purpose { TICKET_INVITATION, TICKET_RESET };

/* ERR_INVALID when no secret key is set. */
struct err ticket_sign(struct arena *a, const char *key_hex, enum ticket_purpose purpose,
                       struct id id, const char **out) CHECKED;

/* ERR_INVALID when it was not signed for this purpose, by this key. Looks nothing up. */
struct err ticket_read(struct arena *a, const char *key_hex, enum ticket_purpose purpose,
                       const char *token, struct id *out) CHECKED;

/* The link that the client's pages understand; `base` is OFFSTAGE_PUBLIC_URL, "" for a path alone.
 */
const char *ticket_link(struct arena *a, const char *base, enum ticket_purpose purpose,
                        const char *token);

#endif
