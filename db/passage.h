/*
 * Passage: a chunk of an agent's sources that fits a question.
 */
#ifndef DB_PASSAGE_H
#define DB_PASSAGE_H

#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>

struct arena;
struct db;

struct passage {
    struct id chunk_id, source_id;
    const char *title;   /* of the source */
    const char *heading; /* path of headings above it, "" for none */
    const char *content;
    double score; /* comparable within one search only */
};

/*
 * The best passages for a question, best first, at most `most`. None when the
 * caller of the transaction may not use the agent.
 */
struct err passage_search(struct db *db, struct arena *a, struct id agent_id, const char *question,
                          int most, struct passage **out, size_t *count) CHECKED;

#endif
