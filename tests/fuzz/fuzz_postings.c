/*
 * Postings that are packed are all found again, alone and merged; and bytes that claim to be a
 * bucket are read within their bounds, whatever they say.
 */
#include "lib/arena.h"
#include "lib/postings.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define DOCS ((size_t)64)

static size_t
find(const struct segment *s, uint32_t term, const uint8_t **out)
{
    size_t number = s->bits ? term >> (32 - s->bits) : 0;

    for (size_t i = 0; i < s->count; i++)
        if (s->buckets[i].number == number)
            return postings_find(s->buckets[i].p, s->buckets[i].len, term, out);
    return 0;
}

/* Each six bytes are a posting. */
static void
pack(struct arena *a, const uint8_t *data, size_t size)
{
    size_t n = size / 6;
    struct posting *list = arena_array(a, n + 1, sizeof(*list));
    uint16_t docs[2][DOCS];
    struct segment one, both;
    struct segment_part parts[2];

    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = data + i * 6;

        list[i] = (struct posting){ (uint32_t)p[0] << 24 | p[1], p[2] % DOCS, p[3], p[4] };
    }
    for (uint16_t i = 0; i < DOCS; i++) {
        docs[0][i] = i;
        docs[1][i] = (uint16_t)(DOCS + i);
    }
    one = postings_pack(a, list, n, DOCS);
    parts[0] = (struct segment_part){ one, docs[0], DOCS };
    parts[1] = (struct segment_part){ one, docs[1], DOCS };
    both = postings_merge(a, parts, 2, 2 * DOCS);
    for (size_t i = 0; i < n; i++) {
        size_t wanted = 0;
        const uint8_t *p;

        for (size_t k = 0; k < n; k++)
            wanted += list[k].term == list[i].term;
        MUST(find(&one, list[i].term, &p) == wanted);
        MUST(find(&both, list[i].term, &p) == 2 * wanted);
    }
}

static void
read_bucket(struct arena *a, const uint8_t *data, size_t size)
{
    uint32_t term = size > 8 ? (uint32_t)data[4] | (uint32_t)data[5] << 8 |
                                   (uint32_t)data[6] << 16 | (uint32_t)data[7] << 24
                             : 0;
    struct bucket buckets[2] = { { 0, data, size }, { 1, data, size } };
    uint16_t docs[DOCS] = { 0 };
    struct segment_part part = { { 1, buckets, 2 }, docs, DOCS };
    float scores[DOCS] = { 0 };
    const uint8_t *p;
    size_t n = postings_find(data, size, term, &p);
    struct bm25 b;

    MUST(n == 0 || (p >= data && p + n * 4 <= data + size));
    bm25_init(&b, 100, 50);
    bm25_add(&b, p, n, 1, scores, DOCS);
    (void)postings_merge(a, &part, 1, DOCS);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();

    if (size > 0 && data[0] % 2 == 0)
        pack(a, data + 1, size - 1);
    else if (size > 0)
        read_bucket(a, data + 1, size - 1);
    arena_free(a);
    return 0;
}
