#include "db/mail_job.h"

#include "db/db.h"
#include "db/job.h"
#include "lib/buf.h"
#include "lib/json_writer.h"

#define PAYLOAD_MAX ((size_t)4000)

/* It is the system's job, since it may be for somebody who is nobody here: no user sees it. */
static struct err
add(struct db *db, struct arena *a, const char *member, const char *value, const char *request_id)
{
    struct job_new job = { .id = id_new(),
                           .kind = MAIL_KIND,
                           .priority = JOB_PRIORITY_USUAL,
                           .max_attempts = MAIL_ATTEMPTS,
                           .unique_key = job_key(member, value),
                           .request_id = request_id,
                           .forget = true };
    struct json_writer w;
    struct buf b;

    buf_init(&b, a, PAYLOAD_MAX);
    jw_begin(&w, &b);
    jw_object(&w, NULL);
    jw_str(&w, member, value);
    jw_object_end(&w);
    job.payload = b.data;
    db_be_admin(db);
    return job_add(db, a, &job);
}

struct err
mail_reset(struct db *db, struct arena *a, const char *email, const char *request_id)
{
    return add(db, a, MAIL_RESET, email, request_id);
}

struct err
mail_invitation(struct db *db, struct arena *a, struct id id, const char *request_id)
{
    return add(db, a, MAIL_INVITATION, id.s, request_id);
}
