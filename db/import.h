/*
 * Import: a file of chats that a user has sent, kept until its job has stored
 * them. The job stores some chats in a transaction together with how far it
 * is, so that another attempt goes on where one was cut.
 */
#ifndef DB_IMPORT_H
#define DB_IMPORT_H

#include "lib/err.h"
#include "lib/id.h"
#include "lib/secret.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

#define IMPORT_MEMBERS_MAX 5000 /* of one object of a file, and messages of one chat */

#define IMPORT_KIND "import_chats" /* job; its subject is the import */

/* The caller's file and its job. */
struct err import_new(struct db *db, struct arena *a, struct id user_id, const char *content,
                      const char *http_request_id, struct id *job_id) CHECKED;

/* ---- the worker's side: inside a transaction of the user ------------------------ */

struct import_state {
    const char *content;
    size_t len;
    int64_t done;           /* chats of the file, from its start */
    int64_t skipped, known; /* among them: could not be read, were there already */
};
struct err import_load(struct db *db, struct arena *a, struct id id,
                       struct import_state *out) CHECKED;

struct import_row {
    struct id id, parent_id; /* parent_id unset: none */
    struct id file_id;       /* by which the file knows it; may be unset */
    const char *role, *status, *content;
    const char *sources, *rating, *comment; /* may be NULL; sources: JSON */
    bool hidden;
    int64_t at_us;
};

struct import_new_chat {
    const char *title;
    bool pinned, archived;
    uint8_t hash[SECRET_HASH_BYTES]; /* of the text that it comes from */
    const struct import_row *rows;   /* oldest first */
    size_t count;                    /* at least 1 */
};

/* Whether the caller has the chat already, outside the bin: from the same text, or exported here.
 */
struct err import_known(struct db *db, struct arena *a, const struct import_new_chat *chat,
                        bool *known) CHECKED;

/* Queued. */
struct err import_chat(struct db *db, struct arena *a, const struct import_new_chat *chat) CHECKED;

/* How far it is. Queued. */
struct err import_mark(struct db *db, struct id id, const struct import_state *state) CHECKED;

/* The file is not needed any more. Queued. */
struct err import_end(struct db *db, struct id id) CHECKED;

#endif
