/*
 * Import_file: reading a list of exported chats, each as our own export has it
 * or as the conversations.json of a ChatGPT export does. Pure functions.
 *
 * A file is read one conversation at a time, each a slice of the text. What it
 * says need not be sound: messages that follow each other in a circle are
 * refused, times are put in an order that fits who follows whom, and one path is
 * shown. Texts live in the arena or the file.
 */
#ifndef WORKER_IMPORT_FILE_H
#define WORKER_IMPORT_FILE_H

#include "lib/err.h"
#include "lib/id.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define IMPORT_TITLE_MAX   200  /* characters; more are cut */
#define IMPORT_COMMENT_MAX 2000 /* likewise */

struct import_message {
    struct id id;              /* what the file calls it; unset when that is no UUID */
    int parent;                /* index of the message that it follows; -1: none */
    const char *role, *status; /* as messages.role and .status */
    const char *content;
    const char *sources;          /* JSON array; NULL for none */
    const char *rating, *comment; /* up, down; both may be NULL */
    int64_t at_us;                /* rises from each message to the next */
    bool shown;
};

struct import_chat {
    const char *title;
    bool pinned, archived;
    struct import_message *messages; /* in the order of time, parents before what follows them */
    size_t count;
};

struct import_file {
    struct str rest; /* conversations that were not read */
    size_t count;    /* of all */
};

/* Check the text and find its chats, at most IMPORT_MEMBERS_MAX messages each. ERR_MALFORMED. */
struct err import_open(struct arena *a, const char *text, size_t len,
                       struct import_file *out) CHECKED;

/* False behind the last. */
bool import_next(struct import_file *f, struct str *conversation);

/*
 * One conversation. Times end at `now_us`. ERR_INVALID, with a sentence, when it
 * is of no known form.
 */
struct err import_read(struct arena *a, struct str conversation, int64_t now_us,
                       struct import_chat *out) CHECKED;

#endif
