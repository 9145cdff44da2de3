#include "lib/words.h"

#include "lib/arena.h"

#include <libstemmer.h>
#include <string.h>
#include <utf8proc.h>

#define WORD_MAX   ((size_t)64) /* bytes; the rest of a longer word is not looked at */
#define FOLDED_MAX ((size_t)512)
#define COMMON_SIZE                                                                                \
    512 /* slots of the table of common words; a power of two over twice their number */
#define MET_SIZE   8192         /* words that were met; a power of two */
#define JOINED_MAX ((size_t)40) /* bytes of two words that a hyphen joins */

/* A word that was met, and its stem's term: most words of a text come again. */
struct met {
    uint64_t word;
    uint32_t term;
};

struct words {
    struct sb_stemmer *stemmer; /* NULL: words stay as they are */
    uint32_t common[COMMON_SIZE];
    struct met met[MET_SIZE];
};

struct reader {
    struct words *words;
    struct arena *arena;
    struct str text;
    struct word *list;
    size_t count, cap;
};

/* A part of the text that is read as one: where it is, and what it is made of. */
struct run {
    size_t start, end;
    bool ascii, dense; /* dense: of a script without spaces */
};

static uint64_t
long_hash(const char *p, size_t len)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < len; i++)
        h = (h ^ (unsigned char)p[i]) * UINT64_C(1099511628211);
    h ^= h >> 29;
    return h * UINT64_C(0xbf58476d1ce4e5b9);
}

static uint32_t
term_of(uint64_t hash)
{
    uint32_t term = (uint32_t)(hash >> 32);

    return term ? term : 1;
}

static uint32_t
hash(const char *p, size_t len)
{
    return term_of(long_hash(p, len));
}

/* ---- common words ---------------------------------------------------------- */

static uint32_t *
common_slot(struct words *w, uint32_t h)
{
    uint32_t i = h & (COMMON_SIZE - 1);

    while (w->common[i] && w->common[i] != h)
        i = (i + 1) & (COMMON_SIZE - 1);
    return &w->common[i];
}

static void
delete_stemmer(void *stemmer)
{
    sb_stemmer_delete(stemmer);
}

struct words *
words_new(struct arena *a, enum language language)
{
    struct words *w = ARENA_NEW(a, struct words);
    const char *const *common = language_common(language);

    if (language_stemmer(language))
        w->stemmer = sb_stemmer_new(language_stemmer(language), NULL);
    if (w->stemmer)
        arena_defer(a, delete_stemmer, w->stemmer);
    for (; *common; common++) {
        uint32_t h = hash(*common, strlen(*common));

        *common_slot(w, h) = h;
    }
    return w;
}

/* ---- one word --------------------------------------------------------------- */

static bool
is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool
is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* As UTF-8, at most `max` bytes; returns how many. */
static size_t
encode(const utf8proc_int32_t *points, utf8proc_ssize_t n, char *out, size_t max)
{
    size_t len = 0;

    for (utf8proc_ssize_t i = 0; i < n && len + 4 <= max; i++)
        len += (size_t)utf8proc_encode_char(points[i], (utf8proc_uint8_t *)out + len);
    return len;
}

/* Folds s[0..len) into out[FOLDED_MAX]; `options` of utf8proc. */
static size_t
fold(const char *s, size_t len, utf8proc_option_t options, char *out)
{
    utf8proc_int32_t points[FOLDED_MAX];
    utf8proc_ssize_t n = utf8proc_decompose((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len,
                                            points, (utf8proc_ssize_t)FOLDED_MAX, options);

    if (n < 0 || n > (utf8proc_ssize_t)FOLDED_MAX)
        n = 0;
    if (options & UTF8PROC_COMPOSE)
        n = utf8proc_normalize_utf32(points, n, options);
    return encode(points, n, out, FOLDED_MAX);
}

static size_t
lower_ascii(const char *s, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++)
        out[i] = str_lower(s[i]);
    return len;
}

static void
add(struct reader *r, uint32_t term, enum word_kind kind, size_t start, size_t len)
{
    r->list = arena_grow(r->arena, r->list, r->count, &r->cap, sizeof(*r->list));
    r->list[r->count++] = (struct word){ term, kind, start, len };
}

static size_t
stem(struct words *w, const char *s, size_t len, char *out)
{
    const sb_symbol *stemmed;

    if (!w->stemmer || len > WORD_MAX) {
        memcpy(out, s, len);
        return len;
    }
    stemmed = sb_stemmer_stem(w->stemmer, (const sb_symbol *)s, (int)len);
    len = (size_t)sb_stemmer_length(w->stemmer);
    memcpy(out, stemmed, len);
    return len;
}

/* The term of a folded word's stem. */
static uint32_t
stem_term(struct words *w, const char *s, size_t len, uint64_t word)
{
    struct met *met = &w->met[word & (MET_SIZE - 1)];
    char stemmed[FOLDED_MAX];

    if (met->word != word || !met->term)
        *met = (struct met){ word, hash(stemmed, stem(w, s, len, stemmed)) };
    return met->term;
}

static bool
is_shouted(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_upper(s[i]))
            return false;
    return len > 1;
}

/* A word of other letters than ASCII's: also as whoever types no accents would write it. */
static void
add_accented(struct reader *r, const char *folded, size_t n, enum word_kind kind, size_t start,
             size_t len)
{
    char stemmed[FOLDED_MAX], bare[FOLDED_MAX];
    size_t m = stem(r->words, folded, n, stemmed);
    uint32_t with = hash(bare, fold(stemmed, m, UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK, bare));
    uint32_t without;

    n = fold(folded, n, UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK, bare);
    without = hash(stemmed, stem(r->words, bare, n, stemmed));
    add(r, with, kind, start, len);
    if (without != with)
        add(r, without, WORD_EXTRA, start, len);
}

static void
add_word(struct reader *r, size_t start, size_t len, bool ascii, enum word_kind kind)
{
    struct str s = str_utf8_prefix((struct str){ r->text.p + start, len }, WORD_MAX);
    char folded[FOLDED_MAX];
    uint64_t word;
    uint32_t h;
    size_t n;

    if (ascii)
        n = lower_ascii(s.p, s.len, folded);
    else
        n = fold(s.p, s.len,
                 UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE, folded);
    if (n == 0)
        return;
    word = long_hash(folded, n);
    h = term_of(word);
    if (*common_slot(r->words, h) && !is_shouted(s.p, s.len))
        add(r, h, WORD_COMMON, start, len);
    else if (ascii)
        add(r, stem_term(r->words, folded, n, word), kind, start, len);
    else
        add_accented(r, folded, n, kind, start, len);
}

/* ---- identifiers --------------------------------------------------------------- */

/* Does a new part of an identifier begin at s[i]? userId, HTTPServer. */
static bool
is_border(const char *s, size_t i, size_t len)
{
    if (!is_upper(s[i]))
        return false;
    return is_lower(s[i - 1]) || is_digit(s[i - 1]) ||
           (is_upper(s[i - 1]) && i + 1 < len && is_lower(s[i + 1]));
}

/* Letters and digits of s[0..len), without what lies between them, as a word of its own. */
static void
add_joined(struct reader *r, size_t start, size_t len)
{
    char joined[JOINED_MAX], stemmed[FOLDED_MAX];
    size_t n = 0;

    if (len > JOINED_MAX)
        return;
    for (size_t i = start; i < start + len; i++)
        if (r->text.p[i] != '_' && r->text.p[i] != '-')
            joined[n++] = str_lower(r->text.p[i]);
    add(r, hash(stemmed, stem(r->words, joined, n, stemmed)), WORD_EXTRA, start, len);
}

/* Suffixes that make another word of a short one: C++, C#, F#. */
static size_t
sign_behind(struct str text, const struct run *run)
{
    const char *p = text.p + run->end;
    size_t left = text.len - run->end;

    if (run->end - run->start > 2)
        return 0;
    if (left >= 2 && p[0] == '+' && p[1] == '+')
        return 2;
    return left >= 1 && p[0] == '#' && is_upper(text.p[run->start]) ? 1 : 0;
}

static void
add_identifier(struct reader *r, const struct run *run)
{
    const char *s = r->text.p + run->start;
    size_t len = run->end - run->start, from = 0, parts = 0;

    for (size_t i = 1; i <= len; i++) {
        bool under = i < len && s[i] == '_';

        if (i < len && !under && !is_border(s, i, len))
            continue;
        if (i > from) {
            parts++;
            add_word(r, run->start + from, i - from, run->ascii, WORD_PLAIN);
        }
        from = under ? i + 1 : i;
    }
    if (parts > 1 && run->ascii)
        add_joined(r, run->start, len);
}

/* ---- runs ------------------------------------------------------------------------ */

/* Scripts whose words have no spaces between them. */
static bool
is_dense(utf8proc_int32_t c)
{
    return (c >= 0x0e00 && c <= 0x0eff) || (c >= 0x1000 && c <= 0x109f) ||
           (c >= 0x1780 && c <= 0x17ff) || (c >= 0x2e80 && c <= 0xd7af) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0x20000 && c <= 0x3ffff);
}

/* Letters, marks, numbers, and what is not seen within words, as soft hyphens. */
static bool
is_word_point(utf8proc_int32_t c)
{
    utf8proc_category_t is = utf8proc_category(c);

    return (is >= UTF8PROC_CATEGORY_LU && is <= UTF8PROC_CATEGORY_NO) || is == UTF8PROC_CATEGORY_CF;
}

/* The length of the character at text[i] when it belongs to a word; 0 otherwise. */
static size_t
word_char(struct str text, size_t i, bool *ascii, bool *dense)
{
    unsigned char c = (unsigned char)text.p[i];
    utf8proc_int32_t point;
    utf8proc_ssize_t len;

    *dense = false;
    if (c < 0x80)
        return is_lower((char)c) || is_upper((char)c) || is_digit((char)c);
    len = utf8proc_iterate((const utf8proc_uint8_t *)text.p + i, (utf8proc_ssize_t)(text.len - i),
                           &point);
    if (len < 0 || !is_word_point(point))
        return 0;
    *ascii = false;
    *dense = is_dense(point);
    return (size_t)len;
}

/* The run that begins at text[start]; its end is start when there is none. */
static struct run
read_run(struct str text, size_t start)
{
    struct run run = { start, start, true, false };

    while (run.end < text.len) {
        bool dense, ascii = run.ascii;
        size_t len = word_char(text, run.end, &ascii, &dense);

        if (len == 0 && text.p[run.end] == '_' && run.end > start)
            len = 1;
        if (len == 0 || (run.end > start && dense != run.dense))
            break;
        run.ascii = ascii;
        run.dense = dense;
        run.end += len;
    }
    while (run.end > start && text.p[run.end - 1] == '_')
        run.end--;
    return run;
}

/* Pairs of characters; one that stands alone by itself. */
static void
add_dense(struct reader *r, const struct run *run)
{
    size_t i = run->start;
    size_t len = str_utf8_first((struct str){ r->text.p + i, run->end - i });

    if (i + len == run->end) {
        add(r, hash(r->text.p + i, len), WORD_PLAIN, i, len);
        return;
    }
    while (i + len < run->end) {
        size_t next = str_utf8_first((struct str){ r->text.p + i + len, run->end - i - len });

        add(r, hash(r->text.p + i, len + next), WORD_PLAIN, i, len + next);
        i += len;
        len = next;
    }
}

/* What follows an apostrophe in "it's", "don't", "we're". */
static size_t
ending_behind(struct str text, size_t at)
{
    static const char *const endings[] = { "s", "t", "d", "m", "ll", "re", "ve" };
    size_t mark = 0;
    struct run run;

    if (at < text.len && text.p[at] == '\'')
        mark = 1;
    else if (text.len - at >= 3 && memcmp(text.p + at, "\xe2\x80\x99", 3) == 0)
        mark = 3;
    if (mark == 0)
        return 0;
    run = read_run(text, at + mark);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
        if (str_eq((struct str){ text.p + run.start, run.end - run.start }, str_from(endings[i])))
            return run.end - at;
    return 0;
}

/* ".NET": a name that begins with a full stop. */
static bool
is_dotted_name(struct str text, const struct run *run)
{
    return run->end - run->start == 3 && run->start > 0 && text.p[run->start - 1] == '.' &&
           (run->start == 1 || strchr(" \n\t(", text.p[run->start - 2])) &&
           str_eq_nocase((struct str){ text.p + run->start, 3 }, STR("net"));
}

/* The sign that belongs to a short word is hashed with it; the word alone is found too. */
static size_t
add_run(struct reader *r, const struct run *run)
{
    size_t sign = sign_behind(r->text, run), len = run->end - run->start;
    char whole[8];

    if (run->dense) {
        add_dense(r, run);
        return run->end;
    }
    add_identifier(r, run);
    if (sign > 0 && run->ascii) {
        lower_ascii(r->text.p + run->start, len + sign, whole);
        add(r, hash(whole, len + sign), WORD_EXTRA, run->start, len + sign);
    }
    if (is_dotted_name(r->text, run))
        add(r, hash(".net", 4), WORD_EXTRA, run->start - 1, len + 1);
    return run->end + sign + ending_behind(r->text, run->end + sign);
}

size_t
words_read(struct words *w, struct arena *a, struct str text, struct word **out)
{
    struct reader r = { .words = w, .arena = a, .text = text };
    struct run before = { 0, 0, false, false };
    size_t i = 0;

    while (i < text.len) {
        struct run run = read_run(text, i);

        if (run.end == i) {
            i += (unsigned char)text.p[i] < 0x80
                     ? 1
                     : str_utf8_first((struct str){ text.p + i, text.len - i });
            continue;
        }
        i = add_run(&r, &run);
        if (run.ascii && before.ascii && run.start == before.end + 1 && text.p[before.end] == '-')
            add_joined(&r, before.start, run.end - before.start);
        before = run;
    }
    *out = r.list;
    return r.count;
}
