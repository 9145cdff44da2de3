#include "db/import.h"

#include "db/chat.h"
#include "db/db.h"
#include "db/job.h"
#include "lib/arena.h"
#include "lib/plain.h"

#include <string.h>

#define IMPORT_ATTEMPTS 5

struct err
import_new(struct db *db, struct arena *a, struct id user_id, const char *content,
           const char *http_request_id, struct id *job_id)
{
    struct id id = id_new();
    struct job_new job = { .id = id_new(),
                           .kind = IMPORT_KIND,
                           .priority = JOB_PRIORITIES - 1,
                           .max_attempts = IMPORT_ATTEMPTS,
                           .user_id = user_id,
                           .subject_id = id,
                           .serial_key = user_id,
                           .request_id = http_request_id };

    TRY(db_later(db, Q_IMPORT_NEW, ARGS(arg_id(id), arg_str(content))));
    TRY(job_add(db, a, &job));
    *job_id = job.id;
    return OK;
}

struct err
import_load(struct db *db, struct arena *a, struct id id, struct import_state *out)
{
    struct row row;

    TRY(db_one(db, a, Q_IMPORT_LOAD, ARGS(arg_id(id)), &row));
    *out = (struct import_state){ .content = row_str(&row, "content"),
                                  .len = row_len(&row, "content"),
                                  .done = row_int(&row, "done"),
                                  .skipped = row_int(&row, "skipped") };
    return OK;
}

static struct err
add_messages(struct db *db, struct arena *a, struct id chat_id, const struct import_row *rows,
             size_t n)
{
    struct id *ids = arena_array(a, n, sizeof(*ids)), *parents = arena_array(a, n, sizeof(*ids));
    const char **texts[7]; /* role, status, content, sources, hidden, rating, comment */
    int64_t *at = arena_array(a, n, sizeof(*at));

    for (size_t i = 0; i < 7; i++)
        texts[i] = arena_array(a, n, sizeof(*texts[i]));
    for (size_t i = 0; i < n; i++) {
        const char *const own[] = { rows[i].role,
                                    rows[i].status,
                                    rows[i].content,
                                    rows[i].sources,
                                    rows[i].hidden ? "t" : "f",
                                    rows[i].rating,
                                    rows[i].comment };

        ids[i] = rows[i].id;
        parents[i] = id_is_set(rows[i].parent_id) ? rows[i].parent_id : chat_id;
        at[i] = rows[i].at_us;
        for (size_t j = 0; j < 7; j++)
            texts[j][i] = own[j];
    }
    return db_later(db, Q_IMPORT_MESSAGES,
                    ARGS(arg_id(chat_id), arg_ids(a, ids, n), arg_ids(a, parents, n),
                         arg_strs(a, texts[0], n), arg_strs(a, texts[1], n),
                         arg_strs(a, texts[2], n), arg_strs(a, texts[3], n),
                         arg_strs(a, texts[4], n), arg_ints(a, at, n), arg_strs(a, texts[5], n),
                         arg_strs(a, texts[6], n)));
}

struct err
import_chat(struct db *db, struct arena *a, const char *title, bool pinned, bool archived,
            const struct import_row *rows, size_t n)
{
    struct id id = id_new();
    const char *preview = "";

    for (size_t i = 0; i < n; i++)
        if (!rows[i].hidden)
            preview = rows[i].content;
    TRY(db_later(db, Q_IMPORT_CHAT,
                 ARGS(arg_id(id), arg_str(title), arg_bool(pinned), arg_bool(archived),
                      arg_str(plain_start(a, preview, CHAT_PREVIEW_MAX)), arg_int(rows[0].at_us),
                      arg_int(rows[n - 1].at_us))));
    TRY(add_messages(db, a, id, rows, n));
    return db_later(db, Q_IMPORT_FOUND, ARGS(arg_id(id)));
}

struct err
import_mark(struct db *db, struct id id, int64_t done, int64_t skipped)
{
    return db_later(db, Q_IMPORT_MARK, ARGS(arg_id(id), arg_int(done), arg_int(skipped)));
}

struct err
import_end(struct db *db, struct id id)
{
    return db_later(db, Q_IMPORT_END, ARGS(arg_id(id)));
}
