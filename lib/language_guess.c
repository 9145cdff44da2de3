/* Which language a text is in: by its script where that settles it, else by its commonest words. */
#include "lib/language.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#define LOOKED_AT   ((size_t)6000) /* bytes: a thousand words are plenty */
#define WORDS_MIN   8              /* a shorter text says little */
#define WORDS_FEW   60             /* in so few a lead may be chance */
#define LEAD_MIN    2              /* of hits, then */
#define LETTERS_MIN 20             /* likewise, of a script */
#define COMMON_MAX  6              /* bytes: no word of the table is longer */
#define SLOT_BITS   10             /* a third of them is taken */
#define SLOTS       ((size_t)1 << SLOT_BITS)

/* Words that make up much of any text in a language, and little of one in its neighbours. */
static const struct {
    const char *code;
    const char *words;
} table[] = {
    { "en", " the and of to a in is that for it with as was on are be this by from or have you not "
            "at which can will has an " },
    { "de", " der die und das ist nicht ein eine von zu mit auf für den dem des sich auch im es "
            "sie wird als werden bei oder aus nach " },
    { "fr", " le la les des et est un une du que qui dans pour pas sur au avec ce il par plus sont "
            "vous nous ou cette aux " },
    { "es", " el la los las de que y en un una por con para del se es al como más su lo no esta "
            "este pero sus " },
    { "it", " il di che la e un una per con del della non sono è da le si i nel al gli dei più "
            "come questo alla " },
    { "pt", " o a os as de que e em um uma para com não do da dos das no na por mais se é ao como "
            "você são " },
    { "nl", " de het een en van is dat op te in voor met niet zijn aan er om ook als bij of deze "
            "wordt naar door " },
    { "pl", " w i na z do się nie że jest to o jak po od za przez dla ale oraz są być czy " },
    { "sv", " och att det som en på är av för med till den har inte om ett i var kan de från vi " },
    { "da", " og at det er en af på til for med den der ikke som et i har kan de fra vi eller " },
    { "no", " og det er en av på til for med den som ikke et i har kan de fra vi eller å være " },
    { "fi", " ja on ei että se oli hän mutta myös ovat kun niin tai joka ole sekä voi mukaan " },
    { "cs", " a se na v je že z s o to do i ve jako pro by jsou nebo které být při ale " },
    { "hu", " a az és hogy nem is egy ez meg van de csak már vagy mint azt ha el volt " },
    { "ro", " și de la în a cu pe nu un o care este din că pentru mai se sunt sau ca " },
    { "tr", " ve bir bu da de için ile olarak çok daha olan ne gibi var kadar sonra en veya " },
    { "id", " yang dan di untuk dengan ini dari pada adalah dalam tidak atau itu akan juga ke " },
};

#define LANGUAGES (sizeof(table) / sizeof(table[0]))
_Static_assert(LANGUAGES <= 32, "each language has a bit of struct common");

/* What a script alone says, by rising ranges of code points. */
static const struct {
    uint32_t from, to;
    const char *code;
} scripts[] = {
    { 0x0370, 0x03ff, "el" }, { 0x0400, 0x04ff, "ru" }, { 0x0590, 0x05ff, "he" },
    { 0x0600, 0x06ff, "ar" }, { 0x0900, 0x097f, "hi" }, { 0x0e00, 0x0e7f, "th" },
    { 0x3040, 0x30ff, "ja" }, { 0x4e00, 0x9fff, "zh" }, { 0xac00, 0xd7af, "ko" },
};

#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

static uint32_t
code_point(struct str s, size_t len)
{
    static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t c = (unsigned char)s.p[0] & masks[len];

    for (size_t i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
    return c;
}

/* Letters of each script, and of none of them. */
static void
count_scripts(struct str s, size_t counts[SCRIPTS], size_t *other)
{
    size_t len;

    for (; s.len > 0; s.p += len, s.len -= len) {
        uint32_t c;
        size_t i = 0;

        len = str_utf8_first(s);
        if (len == 0)
            return;
        c = code_point(s, len);
        if (c < scripts[0].from)
            i = SCRIPTS;
        while (i < SCRIPTS && (c < scripts[i].from || c > scripts[i].to))
            i++;
        if (i < SCRIPTS)
            counts[i]++;
        else if (c >= 0xc0 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            (*other)++;
    }
}

/* Japanese is written with Chinese characters as well. */
static const char *
by_script(struct str text)
{
    size_t counts[SCRIPTS] = { 0 }, other = 0, best = 0;

    count_scripts(text, counts, &other);
    for (size_t i = 0; i < SCRIPTS; i++) {
        other += counts[i];
        if (counts[i] > counts[best])
            best = i;
    }
    if (strcmp(scripts[best].code, "zh") == 0 && counts[6] * 10 > counts[best])
        best = 6;
    return counts[best] * 3 > other && counts[best] >= LETTERS_MIN ? scripts[best].code : "";
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* A common word, its bytes packed into a number, and a bit for each language that has it. */
struct common {
    uint64_t word; /* 0: the slot is free */
    uint32_t in;
};

static struct common *
slot(struct common *set, uint64_t word)
{
    size_t at = (size_t)((word * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - SLOT_BITS));

    while (set[at].word != 0 && set[at].word != word)
        at = (at + 1) % SLOTS;
    return &set[at];
}

/* The next word in lower case as far as ASCII goes, 0: it is too long; false at the end. */
static bool
next_word(struct str *s, uint64_t *word)
{
    size_t len = 0;

    while (s->len > 0 && !is_letter(s->p[0]))
        *s = (struct str){ s->p + 1, s->len - 1 };
    *word = 0;
    for (; s->len > 0 && is_letter(s->p[0]); *s = (struct str){ s->p + 1, s->len - 1 })
        if (len++ < COMMON_MAX)
            *word = *word << 8 | (unsigned char)str_lower(s->p[0]);
    if (len > COMMON_MAX)
        *word = 0;
    return len > 0;
}

static struct common common[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
learn(void)
{
    for (size_t i = 0; i < LANGUAGES; i++) {
        struct str list = str_from(table[i].words);
        uint64_t word;

        while (next_word(&list, &word)) {
            struct common *c = slot(common, word);

            assert(word != 0);
            c->word = word;
            c->in |= UINT32_C(1) << i;
        }
    }
}

static const char *
by_words(struct str text)
{
    size_t hits[LANGUAGES] = { 0 }, words = 0, best = 0, second = 0;
    uint64_t word;

    (void)pthread_once(&once, learn);
    while (next_word(&text, &word)) {
        uint32_t in = word ? slot(common, word)->in : 0;

        words++;
        for (size_t i = 0; in; i++, in >>= 1)
            hits[i] += in & 1;
    }
    for (size_t i = 1; i < LANGUAGES; i++)
        if (hits[i] > hits[best])
            best = i;
    for (size_t i = 0; i < LANGUAGES; i++)
        if (i != best && hits[i] > second)
            second = hits[i];
    if (words < WORDS_FEW)
        second += LEAD_MIN - 1;
    return words >= WORDS_MIN && hits[best] * 10 > words && hits[best] > second ? table[best].code
                                                                                : "";
}

const char *
language_guess(struct str text)
{
    struct str s = str_utf8_prefix(text, LOOKED_AT);
    const char *script = by_script(s);

    return script[0] ? script : by_words(s);
}
