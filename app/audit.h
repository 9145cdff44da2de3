/* Audit: what handlers put into the audit log; db/audit.h lists it. */
#ifndef APP_AUDIT_H
#define APP_AUDIT_H

#include "db/audit.h"
#include "lib/err.h"
#include "lib/id.h"

struct request;

/* By the request's caller, in its transaction. `subject` may be unset, `detail` NULL. Queued. */
struct err audit(struct request *rq, enum audit_action action, struct id subject,
                 const char *detail) CHECKED;

/* By somebody else, who is the transaction's caller now; unset: nobody who is known. Queued. */
struct err audit_by(struct request *rq, struct id user_id, enum audit_action action,
                    struct id subject, const char *detail) CHECKED;

/* In a transaction of its own, where the request's own was undone or is none. Its failure is
 * logged. */
void audit_alone(struct request *rq, enum audit_action action, const char *detail);

#endif
