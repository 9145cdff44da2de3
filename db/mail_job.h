/* Mail_job: what is to be mailed; the worker's kind "mail" writes and sends it. */
#ifndef DB_MAIL_JOB_H
#define DB_MAIL_JOB_H

#include "lib/err.h"
#include "lib/id.h"

struct arena;
struct db;

#define MAIL_KIND     "mail"
#define MAIL_ATTEMPTS 8

/* The members of a job's payload. */
#define MAIL_RESET      "reset"      /* an e-mail address */
#define MAIL_INVITATION "invitation" /* its id */

/*
 * In a writing transaction: a link to set the password of whoever has this
 * address, if there is such a user. The caller may be nobody. One that is not
 * sent yet will do. Queued.
 */
struct err mail_reset(struct db *db, struct arena *a, const char *email,
                      const char *request_id) CHECKED;

/* An invitation, in an admin's transaction. Queued. */
struct err mail_invitation(struct db *db, struct arena *a, struct id id,
                           const char *request_id) CHECKED;

#endif
