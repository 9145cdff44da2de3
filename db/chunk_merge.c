/* Merging segments: see chunk_merge() in db/chunk.h. */
#include "db/chunk_private.h"
#include "db/db.h"
#include "lib/arena.h"

#include <stdbool.h>
#include <string.h>

#define FANOUT 8 /* segments of one size that become one */
#define LEVELS 6
/* Of the chunks in an agent's segments, when that share of them was deleted they are all merged. */
#define DELETED_SHARE 0.25
#define DELETED_LEAST 64

struct old_segment {
    int64_t id;
    size_t docs, words;
    unsigned bits, languages;
    const uint8_t *chunks;
    uint16_t *numbers; /* new ones of its documents */
    struct segment packed;
};

struct merge {
    struct db *db;
    struct arena *arena;
    struct id user_id, agent_id;
    struct old_segment *list; /* of the agent, then those to be merged come first */
    size_t count;
    size_t chosen;  /* the first of the list */
    size_t deleted; /* chunks of the agent that may still be in a segment */
    size_t docs;    /* alive, of the chosen */
};

/* Segments of one level have about one size: less than 8^(level + 1) documents. */
static int
level_of(size_t docs)
{
    int level = 0;

    for (size_t most = FANOUT; docs >= most && level < LEVELS - 1; most *= FANOUT)
        level++;
    return level;
}

static struct err
load_list(struct merge *m)
{
    struct rows rows;

    TRY(db_all(m->db, m->arena, Q_CHUNK_SEGMENTS, ARGS(arg_id(m->agent_id)), &rows));
    m->count = (size_t)rows.count;
    m->list = arena_array(m->arena, m->count, sizeof(*m->list));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);

        m->list[i] = (struct old_segment){ .id = row_int(&r, "id"),
                                           .docs = (size_t)row_int(&r, "docs"),
                                           .words = (size_t)row_int(&r, "words"),
                                           .bits = (unsigned)row_int(&r, "bits"),
                                           .languages = (unsigned)row_int(&r, "languages") };
    }
    return OK;
}

/* Of one level, oldest first, as many as fit into one; in a purge of any level. */
static bool
choose_level(struct merge *m, int level, bool purge)
{
    size_t docs = 0;

    m->chosen = 0;
    for (size_t i = 0; i < m->count; i++) {
        struct old_segment s = m->list[i];

        if ((!purge && level_of(s.docs) != level) || docs + s.docs > POSTINGS_DOCS)
            continue;
        docs += s.docs;
        m->list[i] = m->list[m->chosen];
        m->list[m->chosen++] = s;
    }
    return m->chosen >= (purge ? 1 : FANOUT);
}

static bool
choose(struct merge *m)
{
    for (int level = 0; level < LEVELS; level++)
        if (choose_level(m, level, false))
            return true;
    return false;
}

static struct arg
chosen_ids(const struct merge *m)
{
    int64_t *ids = arena_array(m->arena, m->chosen, sizeof(*ids));

    for (size_t i = 0; i < m->chosen; i++)
        ids[i] = m->list[i].id;
    return arg_ints(m->arena, ids, m->chosen);
}

static struct old_segment *
find(struct merge *m, int64_t id)
{
    for (size_t i = 0; i < m->chosen; i++)
        if (m->list[i].id == id)
            return &m->list[i];
    return NULL;
}

static struct err
load_chunks(struct merge *m)
{
    struct rows rows;

    TRY(db_all_binary(m->db, m->arena, Q_CHUNK_SEGMENT_CHUNKS, ARGS(chosen_ids(m)), &rows));
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);
        struct old_segment *s = find(m, row_binary_int(&r, "id"));
        size_t len;

        if (!s)
            continue;
        s->chunks = row_bytes(&r, "chunks", &len);
        if (s->docs > len / CHUNK_ID)
            s->docs = len / CHUNK_ID;
    }
    return OK;
}

static struct err
load_alive(struct merge *m, const struct old_segment *s, const char **out)
{
    struct id *ids = arena_array(m->arena, s->docs, sizeof(*ids));
    struct row row;

    for (size_t i = 0; i < s->docs; i++)
        ids[i] = id_from_bytes(s->chunks + i * CHUNK_ID);
    TRY(db_one(m->db, m->arena, Q_CHUNK_ALIVE, ARGS(arg_ids(m->arena, ids, s->docs)), &row));
    *out = row_str(&row, "alive");
    return OK;
}

/* New numbers for the documents of one segment whose chunks are still there. */
static struct err
number(struct merge *m, struct old_segment *s)
{
    const char *alive = NULL;

    if (m->deleted > 0)
        TRY(load_alive(m, s, &alive));
    s->numbers = arena_array(m->arena, s->docs, sizeof(*s->numbers));
    for (size_t i = 0; i < s->docs; i++)
        s->numbers[i] = !alive || alive[i] == 't' ? (uint16_t)m->docs++ : POSTINGS_GONE;
    return OK;
}

static struct err
load_postings(struct merge *m)
{
    struct rows rows;

    TRY(db_all_binary(m->db, m->arena, Q_CHUNK_SEGMENT_POSTINGS, ARGS(chosen_ids(m)), &rows));
    for (size_t i = 0; i < m->chosen; i++)
        m->list[i].packed =
            (struct segment){ .bits = m->list[i].bits,
                              .buckets = arena_array(m->arena, (size_t)1 << m->list[i].bits,
                                                     sizeof(struct bucket)) };
    for (int i = 0; i < rows.count; i++) {
        struct row r = row_at(&rows, i);
        struct old_segment *s = find(m, row_binary_int(&r, "segment_id"));
        struct bucket b = { .number = (size_t)row_binary_int(&r, "bucket") };

        if (!s || s->packed.count >> s->bits)
            continue;
        b.p = row_bytes(&r, "postings", &b.len);
        s->packed.buckets[s->packed.count++] = b;
    }
    return OK;
}

static struct err
write(struct merge *m)
{
    struct segment_part *parts = arena_array(m->arena, m->chosen, sizeof(*parts));
    uint8_t *chunks = arena_array(m->arena, m->docs, CHUNK_ID);
    struct chunk_segment out = {
        .user_id = m->user_id, .agent_id = m->agent_id, .docs = m->docs, .chunks = chunks
    };
    size_t before = 0;

    for (size_t i = 0; i < m->chosen; i++) {
        const struct old_segment *s = &m->list[i];

        parts[i] = (struct segment_part){ s->packed, s->numbers, s->docs };
        before += s->docs;
        out.words += s->words;
        out.languages |= s->languages;
        for (size_t d = 0; d < s->docs; d++)
            if (s->numbers[d] != POSTINGS_GONE)
                memcpy(chunks + s->numbers[d] * CHUNK_ID, s->chunks + d * CHUNK_ID, CHUNK_ID);
    }
    TRY(db_later(m->db, Q_CHUNK_SEGMENT_DROP, ARGS(chosen_ids(m))));
    TRY(db_later(m->db, Q_CHUNK_UNDELETE,
                 ARGS(arg_id(m->agent_id), arg_int((int64_t)(before - m->docs)))));
    if (m->docs == 0)
        return OK;
    /* The words of the deleted are not known: their share is. */
    out.words = (size_t)((double)out.words * (double)m->docs / (double)before);
    out.packed = postings_merge(m->arena, parts, m->chosen, m->docs);
    return chunk_segment_add(m->db, m->arena, &out);
}

static struct err
merge_chosen(struct merge *m)
{
    m->docs = 0;
    TRY(load_chunks(m));
    for (size_t i = 0; i < m->chosen; i++)
        TRY(number(m, &m->list[i]));
    TRY(load_postings(m));
    TRY(write(m));
    return db_flush(m->db);
}

/* Many chunks were deleted: make all segments anew, as many at a time as fit into one. */
static bool
is_stale(const struct merge *m)
{
    size_t docs = 0;

    for (size_t i = 0; i < m->count; i++)
        docs += m->list[i].docs;
    return m->deleted >= DELETED_LEAST && (double)m->deleted > DELETED_SHARE * (double)docs;
}

static struct err
purge(struct merge *m)
{
    while (m->count > 0 && choose_level(m, 0, true)) {
        TRY(merge_chosen(m));
        m->list += m->chosen;
        m->count -= m->chosen;
    }
    return OK;
}

static struct err
merge_all(struct merge *m)
{
    struct row row;

    TRY(db_one(m->db, m->arena, Q_CHUNK_MERGE_LOCK, ARGS(arg_id(m->agent_id)), &row));
    if (!row_bool(&row, "locked"))
        return OK;
    m->deleted = (size_t)row_int(&row, "deleted");
    TRY(load_list(m));
    if (is_stale(m))
        return purge(m);
    while (choose(m)) {
        TRY(merge_chosen(m));
        TRY(load_list(m));
    }
    return OK;
}

struct err
chunk_merge(struct db *db, struct id user_id, struct id agent_id)
{
    struct arena *a = arena_new();
    struct merge m = { .db = db, .arena = a, .user_id = user_id, .agent_id = agent_id };
    struct err e = merge_all(&m);

    /* An error's text may live here; what matters of it is its code. */
    if (e.code)
        e = (struct err){ e.code, "the index could not be merged" };
    arena_free(a);
    return e;
}
