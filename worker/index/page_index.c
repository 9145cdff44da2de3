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

struct term_count {
    uint32_t term;
    uint32_t count;
};

struct page_indexer {
    struct arena *arena, *scratch; /* scratch: for one chunk */
    struct id user_id, agent_id;
    struct words *words[LANGUAGE_COUNT]; /* made when one is met */
    struct posting *postings;
    size_t posting_cap;
    struct id *ids; /* room for POSTINGS_DOCS; NULL until there is one */
    struct chunk_index index;
};

/* One chunk: every term that stands in it, in order, and its words in their sequence. */
struct chunk_terms {
    struct term_count *list;
    size_t count;
    uint32_t *sequence;
    size_t sequence_count, words;
};

/* Words that count `weight` each; a 0 in the sequence keeps what is no neighbour apart. */
static void
add_words(struct chunk_terms *c, const struct word *list, size_t n, uint32_t weight)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].kind == WORD_COMMON)
            continue;
        c->list[c->count++] = (struct term_count){ list[i].term, weight };
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
    size_t counts[3], all = 0;

    for (int i = 0; i < 3; i++) {
        counts[i] = words_read(reader, x->scratch, str_from(texts[i]), &words[i]);
        all += counts[i] + 1;
    }
    *out = (struct chunk_terms){ .list = arena_array(x->scratch, all, sizeof(*out->list)),
                                 .sequence = arena_array(x->arena, all, sizeof(*out->sequence)) };
    for (int i = 0; i < 3; i++)
        add_words(out, words[i], counts[i], i < 2 ? TITLE_COUNT : 1);
}

static int
by_term(const void *a, const void *b)
{
    const struct term_count *x = a, *y = b;

    return (x->term > y->term) - (x->term < y->term);
}

static void
add_posting(struct page_indexer *x, struct posting p)
{
    if (x->index.posting_count == x->posting_cap) {
        struct posting *larger;

        x->posting_cap = x->posting_cap ? x->posting_cap * 2 : 1024;
        larger = arena_array(x->arena, x->posting_cap, sizeof(*larger));
        if (x->index.posting_count > 0)
            memcpy(larger, x->postings, x->index.posting_count * sizeof(*larger));
        x->postings = larger;
    }
    x->postings[x->index.posting_count++] = p;
}

static void
index_chunk(struct page_indexer *x, struct words *reader, const char *title,
            struct source_chunk *chunk)
{
    struct chunk_terms c;

    read_chunk(x, reader, title, chunk, &c);
    qsort(c.list, c.count, sizeof(*c.list), by_term);
    for (size_t i = 0; i < c.count;) {
        uint32_t term = c.list[i].term, count = 0;

        for (; i < c.count && c.list[i].term == term; i++)
            count += c.list[i].count;
        add_posting(x, (struct posting){ .term = term,
                                         .doc = (uint16_t)x->index.count,
                                         .count = (uint8_t)(count < COUNT_MAX ? count : COUNT_MAX),
                                         .length = posting_length(c.words) });
    }
    arena_reset(x->scratch);
    chunk->terms = c.sequence;
    chunk->term_count = c.sequence_count;
    x->index.words += c.words;
    x->ids[x->index.count++] = id_new();
}

/* ---- pages ------------------------------------------------------------------------ */

static void
free_arena(void *arg)
{
    arena_free(arg);
}

struct page_indexer *
page_index_begin(struct arena *a, struct id user_id, struct id agent_id)
{
    struct page_indexer *x = ARENA_NEW(a, struct page_indexer);

    *x = (struct page_indexer){
        .arena = a, .scratch = arena_new(), .user_id = user_id, .agent_id = agent_id
    };
    arena_defer(a, free_arena, x->scratch);
    return x;
}

/* What has gathered becomes a segment. */
static struct err
flush(struct page_indexer *x, struct db *db)
{
    struct chunk_index index = x->index;

    index.ids = x->ids;
    index.postings = x->postings;
    x->index = (struct chunk_index){ .count = 0 };
    x->ids = NULL;
    return index.count > 0 ? chunk_index(db, x->arena, x->user_id, x->agent_id, &index) : OK;
}

struct err
page_index_add(struct page_indexer *x, struct db *db, const struct page_text *page, size_t *count)
{
    struct chunk_page of = { page->page_id, page->source_id, x->agent_id, x->user_id };
    enum language language = language_of(page->language, str_from(page->text));
    struct source_chunk *chunks;
    size_t n = chunker_split(x->arena, page->text, &chunks), first;

    /* A text of 10 MiB has no more; what one had more would not be found. */
    if (n > POSTINGS_DOCS)
        n = POSTINGS_DOCS;
    if (x->index.count + n > POSTINGS_DOCS)
        TRY(flush(x, db));
    if (!x->ids)
        x->ids = arena_array(x->arena, POSTINGS_DOCS, sizeof(*x->ids));
    if (!x->words[language])
        x->words[language] = words_new(x->arena, language);
    first = x->index.count;
    for (size_t i = 0; i < n; i++)
        index_chunk(x, x->words[language], page->title, &chunks[i]);
    x->index.languages |= 1u << language;
    *count = n;
    if (!page->is_new)
        TRY(chunk_forget(db, page->page_id));
    return n > 0 ? chunk_add(db, x->arena, &of, chunks, n, x->ids + first) : OK;
}

struct err
page_index_end(struct page_indexer *x, struct db *db)
{
    TRY(flush(x, db));
    return chunk_merge(db, x->user_id, x->agent_id);
}

struct err
page_unindex(struct db *db, struct id page_id)
{
    return chunk_forget(db, page_id);
}
