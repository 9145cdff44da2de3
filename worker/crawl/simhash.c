#include "worker/crawl/simhash.h"

#include <sodium.h>
#include <string.h>

#define BITS 64

/* FNV-1a, and the finish of MurmurHash3, which spreads it over all the bits. */
#define FNV_START 0xcbf29ce484222325u
#define FNV_PRIME 0x100000001b3u

static uint64_t
spread(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

/* Bytes beyond ASCII count as letters. */
static bool
is_word(char c)
{
    c = str_lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

/* The hash of the next word, and the text behind it; false at the end. */
static bool
next_word(struct str *text, uint64_t *out)
{
    size_t i = 0;
    uint64_t h = FNV_START;

    while (i < text->len && !is_word(text->p[i]))
        i++;
    if (i == text->len)
        return false;
    for (; i < text->len && is_word(text->p[i]); i++)
        h = (h ^ (unsigned char)str_lower(text->p[i])) * FNV_PRIME;
    text->p += i;
    text->len -= i;
    *out = h;
    return true;
}

/* How many shingles have each bit: eight counters of a byte in a word, emptied before they are
 * full. */
struct votes {
    uint64_t bytes[BITS / 8];
    uint32_t counts[BITS];
    uint32_t pending, all;
};

/* Bit i of a byte as byte i of a word. */
static uint64_t
lanes(uint64_t byte)
{
    uint64_t bits = (byte * UINT64_C(0x0101010101010101)) & UINT64_C(0x8040201008040201);

    return (bits + UINT64_C(0x7f7f7f7f7f7f7f7f)) >> 7 & UINT64_C(0x0101010101010101);
}

static void
gather(struct votes *v)
{
    for (size_t i = 0; i < BITS; i++)
        v->counts[i] += (uint32_t)(v->bytes[i / 8] >> i % 8 * 8 & 0xff);
    memset(v->bytes, 0, sizeof(v->bytes));
    v->pending = 0;
}

static void
vote(struct votes *v, uint64_t shingle)
{
    for (size_t i = 0; i < BITS / 8; i++)
        v->bytes[i] += lanes(shingle >> i * 8 & 0xff);
    v->all++;
    if (++v->pending == UINT8_MAX)
        gather(v);
}

uint64_t
simhash(struct str text)
{
    uint64_t last[SIMHASH_WORDS] = { 0 }, word, out = 0;
    struct votes votes = { .all = 0 };
    size_t n = 0;

    while (next_word(&text, &word)) {
        uint64_t shingle = 0;

        last[n++ % SIMHASH_WORDS] = word;
        if (n < SIMHASH_WORDS)
            continue;
        for (size_t i = 0; i < SIMHASH_WORDS; i++)
            shingle = spread(shingle * FNV_PRIME + last[(n + i) % SIMHASH_WORDS]);
        vote(&votes, shingle);
    }
    if (n < SIMHASH_LEAST)
        return 0;
    gather(&votes);
    for (int i = 0; i < BITS; i++)
        out |= votes.counts[i] > votes.all / 2 ? (uint64_t)1 << i : 0;
    return out ? out : 1;
}

struct id
content_hash(struct str text)
{
    uint8_t digest[16];
    crypto_generichash_state state;
    uint64_t word;

    (void)crypto_generichash_init(&state, NULL, 0, sizeof(digest));
    while (next_word(&text, &word))
        (void)crypto_generichash_update(&state, (const unsigned char *)&word, sizeof(word));
    (void)crypto_generichash_final(&state, digest, sizeof(digest));
    digest[6] = (uint8_t)(0x80 | (digest[6] & 0x0f));
    digest[8] = (uint8_t)(0x80 | (digest[8] & 0x3f));
    return id_from_bytes(digest);
}
