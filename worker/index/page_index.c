#include "worker/index/page_index.h"

#include "db/chunk.h"
#include "lib/arena.h"
#include "lib/postings.h"
#include "lib/words.h"
#include "worker/index/chunker.h"

#include <stdlib.h>
#include <string.h>

#define TITLE_COUNT 2 /* a word of the title or a heading counts as so many in the text */
#define COUNT_MAX   UINT8_MAX
#define CHUNK_BYTES ((size_t)2 * 1024 * 1024) /* of text that one statement stores, about */

struct term_count {
    uint32_t term;
    uint32_t count;
};

/* What becomes a segment of the index. */
struct part {
    struct part *next;
    struct source_chunk *chunks;
    size_t chunk_cap, posting_cap;
    struct chunk_index index;
};

struct page_indexer {
    struct arena *arena, *scratch; /* scratch: for one chunk */
    struct chunk_owner owner;
    uint64_t key;                        /* odd, and known to nobody who makes pages */
    struct words *words[LANGUAGE_COUNT]; /* made when one is met */
    struct part *first, *last;
    struct id *replaced; /* pages that have passages */
    size_t replaced_count, replaced_cap;
};

/* One chunk: how often each term counts, and its words in their sequence. */
struct chunk_terms {
    struct term_count *slots; /* a term's stands where the key leads, or behind; 0: no term */
    size_t mask;
    uint64_t key;
    uint32_t *sequence;
    size_t sequence_count, words;
};

static void
count_term(struct chunk_terms *c, uint32_t term, uint32_t weight)
{
    size_t i = (term * c->key >> 32) & c->mask;

    while (c->slots[i].count && c->slots[i].term != term)
        i = (i + 1) & c->mask;
    c->slots[i].term = term;
    c->slots[i].count += weight;
}

/* Words that count `weight` each; a 0 in the sequence keeps what is no neighbour apart. */
static void
add_words(struct chunk_terms *c, const struct word *list, size_t n, uint32_t weight)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].kind == WORD_COMMON)
            continue;
        count_term(c, list[i].term, weight);
        if (list[i].kind != WORD_PLAIN)
            continue;
        c->sequence[c->sequence_count++] = list[i].term;
        c->words++;
    }
    c->sequence[c->sequence_count++] = 0;
}

static void
read_chunk(struct page_indexer *x, struct words *reader, const char *title,
           const struct source_chunk *chunk, struct chunk_terms *out)
{
    const char *texts[] = { title, chunk->heading, chunk->content };
    struct word *words[3];
    size_t counts[3], all = 0, slots = 64;

    for (int i = 0; i < 3; i++) {
        counts[i] = words_read(reader, x->scratch, str_from(texts[i]), &words[i]);
        all += counts[i] + 1;
    }
    while (slots < 2 * all)
        slots *= 2;
    *out = (struct chunk_terms){ .slots = arena_array(x->scratch, slots, sizeof(*out->slots)),
                                 .mask = slots - 1,
                                 .key = x->key,
                                 .sequence = arena_array(x->arena, all, sizeof(*out->sequence)) };
    for (int i = 0; i < 3; i++)
        add_words(out, words[i], counts[i], i < 2 ? TITLE_COUNT : 1);
}

static void
add_posting(struct page_indexer *x, struct posting p)
{
    struct part *part = x->last;
    struct chunk_index *index = &part->index;

    index->postings = arena_grow(x->arena, index->postings, index->posting_count,
                                 &part->posting_cap, sizeof(*index->postings));
    index->postings[index->posting_count++] = p;
}

static void
index_chunk(struct page_indexer *x, struct words *reader, const char *title,
            struct source_chunk *chunk)
{
    struct chunk_index *index = &x->last->index;
    struct chunk_terms c;

    read_chunk(x, reader, title, chunk, &c);
    for (size_t i = 0; i <= c.mask; i++) {
        uint32_t count = c.slots[i].count;

        if (count == 0)
            continue;
        add_posting(x, (struct posting){ .term = c.slots[i].term,
                                         .doc = (uint16_t)index->count,
                                         .count = (uint8_t)(count < COUNT_MAX ? count : COUNT_MAX),
                                         .length = posting_length(c.words) });
    }
    arena_reset(x->scratch);
    chunk->terms = c.sequence;
    chunk->term_count = c.sequence_count;
    index->words += c.words;
    index->count++;
}

/* ---- pages ------------------------------------------------------------------------ */

static void
free_arena(void *arg)
{
    arena_free(arg);
}

struct page_indexer *
page_index_begin(struct arena *a, struct id user_id, struct id agent_id, struct id source_id)
{
    struct page_indexer *x = ARENA_NEW(a, struct page_indexer);

    *x = (struct page_indexer){ .arena = a,
                                .scratch = arena_new(),
                                .key = (uint64_t)arc4random() << 32 | arc4random() | 1,
                                .owner = { source_id, agent_id, user_id } };
    arena_defer(a, free_arena, x->scratch);
    return x;
}

/* The part that has room for so many chunks more. */
static struct part *
part_for(struct page_indexer *x, size_t chunks)
{
    struct part *part = x->last;

    if (part && part->index.count + chunks <= POSTINGS_DOCS)
        return part;
    part = ARENA_NEW(x->arena, struct part);
    if (x->last)
        x->last->next = part;
    else
        x->first = part;
    x->last = part;
    return part;
}

static void
add_chunk(struct page_indexer *x, const struct source_chunk *chunk)
{
    struct part *part = x->last;

    part->chunks = arena_grow(x->arena, part->chunks, part->index.count, &part->chunk_cap,
                              sizeof(*part->chunks));
    part->chunks[part->index.count] = *chunk;
}

static void
note_replaced(struct page_indexer *x, struct id page_id)
{
    x->replaced = arena_grow(x->arena, x->replaced, x->replaced_count, &x->replaced_cap,
                             sizeof(*x->replaced));
    x->replaced[x->replaced_count++] = page_id;
}

size_t
page_index_add(struct page_indexer *x, const struct page_text *page)
{
    enum language language = language_of(page->language, str_from(page->text));
    struct source_chunk *chunks;
    size_t n = chunker_split(x->arena, page->text, &chunks);

    /* A text of 10 MiB has no more; what one had more would not be found. */
    if (n > POSTINGS_DOCS)
        n = POSTINGS_DOCS;
    if (!page->is_new)
        note_replaced(x, page->page_id);
    if (n == 0)
        return 0;
    if (!x->words[language])
        x->words[language] = words_new(x->arena, language);
    part_for(x, n)->index.languages |= 1u << language;
    for (size_t i = 0; i < n; i++) {
        chunks[i].id = id_new();
        chunks[i].page_id = page->page_id;
        chunks[i].position = (int64_t)i + 1;
        add_chunk(x, &chunks[i]);
        index_chunk(x, x->words[language], page->title, &x->last->chunks[x->last->index.count]);
    }
    return n;
}

static struct err
store_chunks(struct page_indexer *x, struct db *db, const struct part *part)
{
    for (size_t from = 0; from < part->index.count;) {
        size_t to = from, bytes = 0;

        while (to < part->index.count && bytes < CHUNK_BYTES)
            bytes += strlen(part->chunks[to++].content);
        TRY(chunk_add(db, x->arena, &x->owner, part->chunks + from, to - from));
        from = to;
    }
    return OK;
}

struct err
page_index_store(struct page_indexer *x, struct db *db)
{
    for (size_t i = 0; i < x->replaced_count; i++)
        TRY(chunk_forget(db, x->replaced[i]));
    for (struct part *part = x->first; part; part = part->next) {
        part->index.ids = arena_array(x->arena, part->index.count, sizeof(struct id));
        for (size_t i = 0; i < part->index.count; i++)
            part->index.ids[i] = part->chunks[i].id;
        TRY(store_chunks(x, db, part));
        TRY(chunk_index(db, x->arena, x->owner.user_id, x->owner.agent_id, &part->index));
    }
    return chunk_merge(db, x->owner.user_id, x->owner.agent_id);
}

struct err
page_unindex(struct db *db, struct id page_id)
{
    return chunk_forget(db, page_id);
}
