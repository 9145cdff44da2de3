/*
 * Passage: a chunk of an agent's pages that fits a question.
 */
#ifndef DB_PASSAGE_H
#define DB_PASSAGE_H

#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct message_text; /* db/request.h */

struct passage {
    struct id chunk_id, source_id, page_id;
    const char *title;   /* of the page */
    const char *url;     /* NULL for a text or file */
    const char *heading; /* path of headings above it, "" for none */
    const char *anchor;  /* of the section in the page, "" for none */
    const char *content;
    double score;    /* comparable within one search only */
    double coverage; /* share of the question's weight whose words stand in it: 0 to 1 */
    double
        similarity; /* of its vector to the question's; 0 without one, or when others are nearer */
};

struct passage_question {
    struct id agent_id;
    const char *text;
    const struct message_text *earlier; /* of the conversation, oldest first */
    size_t earlier_count;
    const int8_t *vector; /* of the question, see lib/vector.h; NULL: words alone */
    size_t vector_count;
    size_t most; /* passages */
};

/*
 * The best passages for a question, best first. Few of one page while others fit
 * as well, none twice. None when the caller of the transaction may not use the
 * agent.
 */
struct err passage_search(struct db *db, struct arena *a, const struct passage_question *q,
                          struct passage **out, size_t *count) CHECKED;

#endif
