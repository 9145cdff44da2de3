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
                                  .skipped = row_int(&row, "skipped"),
                                  .known = row_int(&row, "known") };
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
import_known(struct db *db, struct arena *a, const struct import_new_chat *chat, bool *known)
{
    struct id *ids = arena_array(a, chat->count, sizeof(*ids));
    const char **hashes = arena_array(a, chat->count, sizeof(*hashes));
    size_t n = 0;
    struct row row;

    while (n < chat->count && id_is_set(chat->rows[n].file_id)) {
        char *hash = arena_alloc(a, 2 * SECRET_HASH_BYTES + 1);

        secret_hash_hex(chat->rows[n].content, hash);
        ids[n] = chat->rows[n].file_id;
        hashes[n++] = hash;
    }
    if (n < chat->count)
        n = 0; /* with a message that no message of ours can be */
    TRY(db_one(
        db, a, Q_IMPORT_KNOWN,
        ARGS(arg_bytes(chat->hash, sizeof(chat->hash)), arg_ids(a, ids, n), arg_strs(a, hashes, n)),
        &row));
    *known = row_bool(&row, "known");
    return OK;
}

struct err
import_chat(struct db *db, struct arena *a, const struct import_new_chat *chat)
{
    struct id id = id_new();
    const char *preview = "";

    for (size_t i = 0; i < chat->count; i++)
        if (!chat->rows[i].hidden)
            preview = chat->rows[i].content;
    TRY(db_later(db, Q_IMPORT_CHAT,
                 ARGS(arg_id(id), arg_str(chat->title), arg_bool(chat->pinned),
                      arg_bool(chat->archived), arg_str(plain_start(a, preview, CHAT_PREVIEW_MAX)),
                      arg_int(chat->rows[0].at_us), arg_int(chat->rows[chat->count - 1].at_us),
                      arg_bytes(chat->hash, sizeof(chat->hash)))));
    TRY(add_messages(db, a, id, chat->rows, chat->count));
    return db_later(db, Q_IMPORT_FOUND, ARGS(arg_id(id)));
}

struct err
import_mark(struct db *db, struct id id, const struct import_state *state)
{
    return db_later(
        db, Q_IMPORT_MARK,
        ARGS(arg_id(id), arg_int(state->done), arg_int(state->skipped), arg_int(state->known)));
}

struct err
import_end(struct db *db, struct id id)
{
    return db_later(db, Q_IMPORT_END, ARGS(arg_id(id)));
}
