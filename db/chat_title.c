#include "db/chat_title.h"

#include "db/chat.h"
#include "db/db.h"
#include "db/job.h"
#include "lib/arena.h"
#include "lib/str.h"

#include <string.h>

#define TITLE_ATTEMPTS 3
#define TITLE_BYTES    120 /* of a title; longer ones are cut */

struct err
chat_title_ask(struct db *db, struct arena *a, struct id user_id, struct id chat_id,
               struct id request_id, const char *http_request_id)
{
    struct job_new job = { .id = id_new(),
                           .kind = CHAT_TITLE_KIND,
                           .priority = JOB_PRIORITY_USUAL,
                           .max_attempts = TITLE_ATTEMPTS,
                           .user_id = user_id,
                           .subject_id = chat_id,
                           .unique_key = job_key(CHAT_TITLE_KIND, chat_id.s),
                           .request_id = http_request_id };
    struct rows rows;
    struct row row;

    TRY(db_all(db, a, Q_CHAT_TITLE_WANTED, ARGS(arg_id(chat_id), arg_id(request_id)), &rows));
    if (rows.count == 0)
        return OK;
    row = row_at(&rows, 0);
    return row_bool(&row, "wanted") ? job_add(db, a, &job) : OK;
}

struct err
chat_title_load(struct db *db, struct arena *a, struct id chat_id, size_t most,
                struct chat_title_task *out)
{
    struct row row;

    TRY(db_one(db, a, Q_CHAT_TITLE_LOAD, ARGS(arg_id(chat_id), arg_int((int64_t)most)), &row));
    *out = (struct chat_title_task){ .chat_id = row_id(&row, "id"),
                                     .user_id = row_id(&row, "user_id"),
                                     .agent_id = row_id(&row, "agent_id"),
                                     .kind = row_str(&row, "kind"),
                                     .endpoint_url = row_opt_str(&row, "endpoint_url"),
                                     .model = row_opt_str(&row, "model"),
                                     .credential = row_opt_str(&row, "credential"),
                                     .auth = agent_auth_of(row_str(&row, "auth")),
                                     .client_id = row_opt_str(&row, "client_id"),
                                     .question = row_str(&row, "question"),
                                     .answer = row_str(&row, "answer") };
    return OK;
}

const char *
chat_title_clean(struct arena *a, const char *text)
{
    struct str rest, line = str_trim(str_from(text));

    line = str_trim(str_cut(line, '\n', &rest));
    while (line.len > 0 && strchr("\"'*#` ", line.p[0])) {
        line.p++;
        line.len--;
    }
    while (line.len > 0 && strchr("\"'*#` .", line.p[line.len - 1]))
        line.len--;
    return str_dup(a, str_trim(str_utf8_prefix(line, TITLE_BYTES)));
}

struct err
chat_title_set(struct db *db, struct arena *a, const struct chat_title_task *t, const char *title)
{
    TRY(db_later(db, Q_CHAT_TITLE_SET, ARGS(arg_id(t->chat_id), arg_str(title))));
    return chat_tell(db, a, t->user_id, t->chat_id, "updated");
}
