#include "db/chunk.h"

#include "db/chunk_private.h"
#include "db/db.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/postings.h"

#include <assert.h>
#include <string.h>

#define TERM 4 /* bytes */

static void
add_terms(struct buf *out, const struct source_chunk *chunk)
{
    for (size_t i = 0; i < chunk->term_count; i++) {
        uint32_t t = chunk->terms[i];
        const uint8_t bytes[TERM] = { (uint8_t)t, (uint8_t)(t >> 8), (uint8_t)(t >> 16),
                                      (uint8_t)(t >> 24) };

        buf_add(out, bytes, sizeof(bytes));
    }
}

struct err
chunk_add(struct db *db, struct arena *a, const struct chunk_owner *owner,
          const struct source_chunk *chunks, size_t n)
{
    enum { POSITION, START, LEN, NUMBERS };
    enum { HEADING, ANCHOR, CONTENT, TEXTS };
    struct id *ids = arena_array(a, n, sizeof(*ids)), *pages = arena_array(a, n, sizeof(*pages));
    int64_t *numbers[NUMBERS];
    const char **texts[TEXTS];
    struct buf terms;

    buf_init(&terms, a, SIZE_MAX);
    for (int t = 0; t < NUMBERS; t++)
        numbers[t] = arena_array(a, n, sizeof(**numbers));
    for (int t = 0; t < TEXTS; t++)
        texts[t] = arena_array(a, n, sizeof(**texts));
    for (size_t i = 0; i < n; i++) {
        ids[i] = chunks[i].id;
        pages[i] = chunks[i].page_id;
        numbers[POSITION][i] = chunks[i].position;
        texts[HEADING][i] = chunks[i].heading;
        texts[ANCHOR][i] = chunks[i].anchor;
        texts[CONTENT][i] = chunks[i].content;
        numbers[START][i] = (int64_t)terms.len;
        add_terms(&terms, &chunks[i]);
        numbers[LEN][i] = (int64_t)terms.len - numbers[START][i];
    }
    return db_later(db, Q_CHUNK_ADD,
                    ARGS(arg_id(owner->user_id), arg_id(owner->agent_id), arg_id(owner->source_id),
                         arg_ids(a, ids, n), arg_ids(a, pages, n),
                         arg_ints(a, numbers[POSITION], n), arg_texts(a, texts[HEADING], n),
                         arg_texts(a, texts[ANCHOR], n), arg_ints(a, numbers[START], n),
                         arg_ints(a, numbers[LEN], n), arg_bytes(terms.data, terms.len),
                         arg_texts(a, texts[CONTENT], n)));
}

struct err
chunk_segment_add(struct db *db, struct arena *a, const struct chunk_segment *s)
{
    size_t n = s->packed.count;
    int64_t *numbers = arena_array(a, n, sizeof(*numbers));
    int64_t *starts = arena_array(a, n, sizeof(*starts));
    int64_t *lens = arena_array(a, n, sizeof(*lens));
    struct buf all;

    buf_init(&all, a, SIZE_MAX);
    for (size_t i = 0; i < n; i++) {
        const struct bucket *b = &s->packed.buckets[i];

        numbers[i] = (int64_t)b->number;
        starts[i] = (int64_t)all.len;
        lens[i] = (int64_t)b->len;
        buf_add(&all, b->p, b->len);
    }
    return db_later(db, Q_CHUNK_SEGMENT_ADD,
                    ARGS(arg_id(s->user_id), arg_id(s->agent_id), arg_int((int64_t)s->docs),
                         arg_int((int64_t)s->words), arg_int((int64_t)s->packed.bits),
                         arg_int((int64_t)s->languages), arg_bytes(s->chunks, s->docs * CHUNK_ID),
                         arg_ints(a, numbers, n), arg_ints(a, starts, n), arg_ints(a, lens, n),
                         arg_bytes(all.data, all.len)));
}

struct err
chunk_index(struct db *db, struct arena *a, struct id user_id, struct id agent_id,
            const struct chunk_index *index)
{
    uint8_t *bytes = arena_array(a, index->count, CHUNK_ID);
    struct chunk_segment segment = { .user_id = user_id,
                                     .agent_id = agent_id,
                                     .docs = index->count,
                                     .words = index->words,
                                     .languages = index->languages,
                                     .chunks = bytes };

    assert(index->count > 0 && index->count <= POSTINGS_DOCS);
    for (size_t i = 0; i < index->count; i++)
        id_bytes(index->ids[i], bytes + i * CHUNK_ID);
    segment.packed = postings_pack(a, index->postings, index->posting_count, index->count);
    return chunk_segment_add(db, a, &segment);
}

struct err
chunk_forget(struct db *db, struct id page_id)
{
    return db_later(db, Q_CHUNK_FORGET, ARGS(arg_id(page_id)));
}
