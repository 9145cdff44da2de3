#include "lib/postings.h"

#include "lib/arena.h"
#include "lib/buf.h"

#include <math.h>
#include <string.h>

#define EXACT       ((size_t)128) /* words up to which a length is exact */
#define STEP        ((size_t)8)   /* words, above that */
#define ENTRY       ((size_t)8)   /* bytes of a term in a bucket */
#define POSTING     ((size_t)4)
#define BUCKET_DOCS 2 /* documents a bucket, about */

/* BM25's k1 and b. */
#define SATURATION 1.5
#define LENGTHS    0.75

/* ---- bytes -------------------------------------------------------------------- */

static uint32_t
get32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void
put32(uint8_t *p, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(n >> 8 * i);
}

static unsigned
get_doc(const uint8_t *posting)
{
    return (unsigned)posting[0] | (unsigned)posting[1] << 8;
}

uint8_t
posting_length(size_t words)
{
    size_t code = words < EXACT ? words : EXACT + (words - EXACT) / STEP;

    return code > UINT8_MAX ? UINT8_MAX : (uint8_t)code;
}

static double
length_of(unsigned code)
{
    return code < EXACT ? (double)code : (double)(EXACT + (code - EXACT) * STEP + STEP / 2);
}

unsigned
postings_bits(size_t docs)
{
    unsigned bits = 0;

    while (((size_t)BUCKET_DOCS << bits) < docs)
        bits++;
    return docs < 16 ? 0 : bits;
}

size_t
postings_bucket(uint32_t term, unsigned bits)
{
    return bits ? term >> (32 - bits) : 0;
}

/* ---- writing ---------------------------------------------------------------------- */

/* The bucket being written, and those before it. */
struct packer {
    struct arena *arena;
    struct segment out;
    size_t cap, number;
    struct buf terms, postings;
};

static void
packer_init(struct packer *p, struct arena *a, size_t docs)
{
    *p = (struct packer){ .arena = a, .out.bits = postings_bits(docs) };
    p->cap = (size_t)1 << p->out.bits;
    p->out.buckets = arena_array(a, p->cap, sizeof(*p->out.buckets));
    buf_init(&p->terms, a, SIZE_MAX);
    buf_init(&p->postings, a, SIZE_MAX);
}

/* Terms that fall, in a part whose bytes make no sense, would come back to a bucket. */
static bool
packer_goes_back(const struct packer *p)
{
    return p->out.count > 0 && p->number <= p->out.buckets[p->out.count - 1].number;
}

static void
packer_flush(struct packer *p)
{
    size_t n = p->terms.len / ENTRY, len = 4 + p->terms.len + p->postings.len;
    uint8_t *bytes;

    if (n > 0 && !packer_goes_back(p)) {
        bytes = arena_alloc(p->arena, len);
        put32(bytes, (uint32_t)n);
        memcpy(bytes + 4, p->terms.data, p->terms.len);
        memcpy(bytes + 4 + p->terms.len, p->postings.data, p->postings.len);
        p->out.buckets[p->out.count++] = (struct bucket){ p->number, bytes, len };
    }
    buf_truncate(&p->terms, 0);
    buf_truncate(&p->postings, 0);
}

static void
packer_posting(struct packer *p, unsigned doc, uint8_t count, uint8_t length)
{
    const uint8_t bytes[POSTING] = { (uint8_t)doc, (uint8_t)(doc >> 8), count, length };

    buf_add(&p->postings, bytes, sizeof(bytes));
}

/* Before a term's postings. */
static void
packer_begin(struct packer *p, uint32_t term)
{
    size_t number = postings_bucket(term, p->out.bits);

    if (number != p->number)
        packer_flush(p);
    p->number = number;
}

/* After them; a term of which nothing is left is not kept. */
static void
packer_end(struct packer *p, uint32_t term, size_t from)
{
    uint8_t entry[ENTRY];

    if (p->postings.len == from)
        return;
    put32(entry, term);
    put32(entry + 4, (uint32_t)(p->postings.len / POSTING));
    buf_add(&p->terms, entry, sizeof(entry));
}

/* By one byte of a key, keeping the order of equals; `from` and `to` change places. */
static void
sort_by_byte(struct posting **from, struct posting **to, size_t n, bool by_doc, unsigned shift)
{
    size_t at[256] = { 0 }, next = 0;
    struct posting *list = *from;

    for (size_t i = 0; i < n; i++)
        at[(by_doc ? list[i].doc : list[i].term) >> shift & 0xff]++;
    for (size_t i = 0; i < 256; i++) {
        size_t here = at[i];

        at[i] = next;
        next += here;
    }
    for (size_t i = 0; i < n; i++)
        (*to)[at[(by_doc ? list[i].doc : list[i].term) >> shift & 0xff]++] = list[i];
    *from = *to;
    *to = list;
}

static bool
is_by_doc(const struct posting *list, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (list[i].doc < list[i - 1].doc)
            return false;
    return true;
}

/* By term, then by document, which is the order that they mostly come in. */
static struct posting *
sort(struct arena *a, struct posting *list, size_t n)
{
    struct posting *other = arena_array(a, n, sizeof(*other));

    if (!is_by_doc(list, n)) {
        sort_by_byte(&list, &other, n, true, 0);
        sort_by_byte(&list, &other, n, true, 8);
    }
    for (unsigned shift = 0; shift < 32; shift += 8)
        sort_by_byte(&list, &other, n, false, shift);
    return list;
}

struct segment
postings_pack(struct arena *a, struct posting *list, size_t n, size_t docs)
{
    struct packer p;

    list = sort(a, list, n);
    packer_init(&p, a, docs);
    for (size_t i = 0; i < n;) {
        uint32_t term = list[i].term;
        size_t from;

        packer_begin(&p, term);
        from = p.postings.len;
        for (; i < n && list[i].term == term; i++)
            packer_posting(&p, list[i].doc, list[i].count, list[i].length);
        packer_end(&p, term, from);
    }
    packer_flush(&p);
    return p.out;
}

/* ---- reading ------------------------------------------------------------------------ */

/* How many terms a bucket has; 0 unless its bytes make sense. */
static size_t
bucket_terms(const uint8_t *p, size_t len)
{
    size_t n = len >= 4 ? get32(p) : 0;

    return n > 0 && (len - 4) / ENTRY >= n &&
                   (len - 4 - n * ENTRY) / POSTING >= get32(p + 4 + (n - 1) * ENTRY + 4)
               ? n
               : 0;
}

/* The postings of the bucket's term number i. */
static size_t
slice(const uint8_t *p, size_t n, size_t i, const uint8_t **out)
{
    const uint8_t *entry = p + 4 + i * ENTRY;
    uint32_t from = i ? get32(entry - 4) : 0, end = get32(entry + 4);
    uint32_t all = get32(p + 4 + (n - 1) * ENTRY + 4);

    *out = p + 4 + n * ENTRY + (size_t)from * POSTING;
    return from <= end && end <= all ? end - from : 0;
}

size_t
postings_find(const uint8_t *bucket, size_t len, uint32_t term, const uint8_t **out)
{
    size_t n = bucket_terms(bucket, len), low = 0, high = n;

    *out = bucket;
    while (low < high) {
        size_t middle = (low + high) / 2;

        if (get32(bucket + 4 + middle * ENTRY) < term)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == n || get32(bucket + 4 + low * ENTRY) != term)
        return 0;
    return slice(bucket, n, low, out);
}

/* ---- merging ---------------------------------------------------------------------------- */

/* Where one part is being read. */
struct cursor {
    const struct segment_part *part;
    size_t bucket, term, terms; /* terms: of this bucket */
    uint32_t next;              /* the term there */
    bool done;
};

static void
cursor_settle(struct cursor *c)
{
    const struct segment *s = &c->part->segment;

    while (c->term == c->terms) {
        if (c->bucket + 1 == s->count) {
            c->done = true;
            return;
        }
        c->bucket++;
        c->term = 0;
        c->terms = bucket_terms(s->buckets[c->bucket].p, s->buckets[c->bucket].len);
    }
    c->next = get32(s->buckets[c->bucket].p + 4 + c->term * ENTRY);
}

static void
cursor_init(struct cursor *c, const struct segment_part *part)
{
    *c = (struct cursor){ .part = part, .done = part->segment.count == 0 };
    if (c->done)
        return;
    c->terms = bucket_terms(part->segment.buckets[0].p, part->segment.buckets[0].len);
    cursor_settle(c);
}

static void
cursor_take(struct cursor *c, struct packer *out)
{
    const struct segment_part *part = c->part;
    const uint8_t *p;
    size_t n = slice(part->segment.buckets[c->bucket].p, c->terms, c->term, &p);

    for (; n > 0; n--, p += POSTING) {
        unsigned doc = get_doc(p);

        if (doc < part->doc_count && part->docs[doc] != POSTINGS_GONE)
            packer_posting(out, part->docs[doc], p[2], p[3]);
    }
    c->term++;
    cursor_settle(c);
}

struct segment
postings_merge(struct arena *a, const struct segment_part *parts, size_t n, size_t docs)
{
    struct cursor *cursors = arena_array(a, n, sizeof(*cursors));
    struct packer p;

    for (size_t i = 0; i < n; i++)
        cursor_init(&cursors[i], &parts[i]);
    packer_init(&p, a, docs);
    for (;;) {
        const struct cursor *least = NULL;
        uint32_t term;
        size_t from;

        for (size_t i = 0; i < n; i++)
            if (!cursors[i].done && (!least || cursors[i].next < least->next))
                least = &cursors[i];
        if (!least)
            break;
        term = least->next;
        packer_begin(&p, term);
        from = p.postings.len;
        for (size_t i = 0; i < n; i++)
            if (!cursors[i].done && cursors[i].next == term)
                cursor_take(&cursors[i], &p);
        packer_end(&p, term, from);
    }
    packer_flush(&p);
    return p.out;
}

/* ---- BM25 ----------------------------------------------------------------------------------- */

void
bm25_init(struct bm25 *b, double docs, double mean_length)
{
    *b = (struct bm25){ .docs = docs, .mean_length = mean_length > 1 ? mean_length : 1 };
    for (unsigned code = 0; code < 256; code++)
        b->norm[code] =
            (float)(SATURATION * (1 - LENGTHS + LENGTHS * length_of(code) / b->mean_length));
}

double
bm25_idf(const struct bm25 *b, double df)
{
    return df < b->docs ? log(1 + (b->docs - df + 0.5) / (df + 0.5)) : log(1 + 0.5 / (df + 0.5));
}

double
bm25_part(const struct bm25 *b, double count, uint8_t length)
{
    return count * (SATURATION + 1) / (count + (double)b->norm[length]);
}

void
bm25_add(const struct bm25 *b, const uint8_t *postings, size_t n, double weight, float *scores,
         size_t doc_count)
{
    float scale = (float)(weight * (SATURATION + 1));

    for (const uint8_t *p = postings; n > 0; n--, p += POSTING) {
        unsigned doc = get_doc(p);
        float count = (float)p[2];

        if (doc < doc_count)
            scores[doc] += scale * count / (count + b->norm[p[3]]);
    }
}
