/*
 * Str: slices of text, for use inside parsers, and the one place where numbers
 * are read from text and UTF-8 is checked. Slices point into memory that
 * somebody else owns and are not NUL-terminated.
 */
#ifndef LIB_STR_H
#define LIB_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

struct str {
    const char *p;
    size_t len;
};

#define STR(literal) ((struct str){ "" literal "", sizeof(literal) - 1 })

struct str str_from(const char *s); /* NULL gives the empty slice */
bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */

/* Likewise. Inline: it is asked for every character of every page. */
static inline char
str_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The value of a hexadecimal digit; -1 for anything else. */
static inline int
str_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = str_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool str_starts(struct str s, struct str prefix);
struct str str_trim(struct str s); /* spaces, tabs, CR and LF at both ends */

/* Cut `s` at the first `sep`; *rest is what follows it, or empty without one. */
struct str str_cut(struct str s, char sep, struct str *rest);

/* A terminated copy in the arena. */
char *str_dup(struct arena *a, struct str s);

/*
 * A decimal integer that fills the whole slice (optional '-', no '+', no
 * spaces, no leading zeros but "0" itself) and lies within min..max.
 */
bool str_int(struct str s, int64_t min, int64_t max, int64_t *out);

/*
 * The length in bytes of the longest prefix that is valid UTF-8 (RFC 3629: no
 * overlong forms, no surrogates, nothing above U+10FFFF); s.len when all is.
 */
size_t str_utf8_valid(struct str s);

/* How many bytes at the start of `s` are ASCII. */
size_t str_ascii(struct str s);

/* The length in bytes of the code point that `s` begins with; 0 when it begins with none. */
size_t str_utf8_first(struct str s);

/* Code points in valid UTF-8. */
size_t str_utf8_count(struct str s);

/* The longest prefix of `s`, valid UTF-8, of at most `max` bytes and whole code points. */
struct str str_utf8_prefix(struct str s, size_t max);

/*
 * Append the decoded text of a stream to `out` with each invalid sequence
 * replaced by U+FFFD as the WHATWG Encoding Standard says. A code point cut at
 * the end of `s` is kept in carry[0..*carry_len) (at most 3 bytes) and
 * finished by the next call. NUL becomes U+FFFD too: PostgreSQL's text has none.
 */
struct buf;
void str_utf8_repair(struct str s, char carry[4], size_t *carry_len, struct buf *out);

/* At the end of the stream: a code point that was never finished becomes U+FFFD. */
void str_utf8_repair_end(size_t *carry_len, struct buf *out);

#endif
