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

struct indexer {
    struct arena *arena, *scratch; /* scratch: for one chunk */
    struct words *words;
    struct posting *postings;
    size_t count, cap;
    struct chunk_index *out;
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
read_chunk(struct indexer *x, const char *title, const struct source_chunk *chunk,
           struct chunk_terms *out)
{
    const char *texts[] = { title, chunk->heading, chunk->content };
    struct word *words[3];
    size_t counts[3], all = 0;

    for (int i = 0; i < 3; i++) {
        counts[i] = words_read(x->words, x->scratch, str_from(texts[i]), &words[i]);
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
add_posting(struct indexer *x, struct posting p)
{
    if (x->count == x->cap) {
        struct posting *larger;

        x->cap = x->cap ? x->cap * 2 : 1024;
        larger = arena_array(x->arena, x->cap, sizeof(*larger));
        if (x->count > 0)
            memcpy(larger, x->postings, x->count * sizeof(*larger));
        x->postings = larger;
    }
    x->postings[x->count++] = p;
}

static void
index_chunk(struct indexer *x, const char *title, struct source_chunk *chunk, size_t doc)
{
    struct chunk_terms c;

    read_chunk(x, title, chunk, &c);
    qsort(c.list, c.count, sizeof(*c.list), by_term);
    for (size_t i = 0; i < c.count;) {
        uint32_t term = c.list[i].term, count = 0;

        for (; i < c.count && c.list[i].term == term; i++)
            count += c.list[i].count;
        add_posting(x, (struct posting){ .term = term,
                                         .doc = (uint16_t)doc,
                                         .count = (uint8_t)(count < COUNT_MAX ? count : COUNT_MAX),
                                         .length = posting_length(c.words) });
    }
    arena_reset(x->scratch);
    chunk->terms = c.sequence;
    chunk->term_count = c.sequence_count;
    x->out->words += c.words;
}

struct err
page_index(struct db *db, struct arena *a, const struct page_text *page, size_t *count)
{
    struct chunk_page of = { .page_id = page->page_id,
                             .source_id = page->source_id,
                             .agent_id = page->agent_id,
                             .user_id = page->user_id };
    enum language language = language_of(page->language, str_from(page->text));
    struct chunk_index index = { .languages = 1u << language };
    struct indexer x = {
        .arena = a, .scratch = arena_new(), .words = words_new(a, language), .out = &index
    };
    struct source_chunk *chunks;
    size_t n = chunker_split(a, page->text, &chunks);

    /* A text of 10 MiB has no more; what one had more would not be found. */
    if (n > POSTINGS_DOCS)
        n = POSTINGS_DOCS;
    for (size_t i = 0; i < n; i++)
        index_chunk(&x, page->title, &chunks[i], i);
    arena_free(x.scratch);
    index.postings = x.postings;
    index.posting_count = x.count;
    TRY(chunk_replace(db, a, &of, chunks, n, &index));
    TRY(chunk_merge(db, page->user_id, page->agent_id));
    *count = n;
    return OK;
}

struct err
page_unindex(struct db *db, struct id page_id)
{
    return chunk_forget(db, page_id);
}
