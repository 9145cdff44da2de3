#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/weburl.h"

#include <idn2.h>
#include <string.h>

#define PIECES 8

/* What may not stand in a domain, beside controls. */
#define FORBIDDEN " #/:<>?@[\\]^|%\x7f"

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* ---- IPv6 ---------------------------------------------------------------------- */

/* "1.2.3.4" at the end of an address, as two pieces. */
static bool
read_v4_tail(struct str s, unsigned *high, unsigned *low)
{
    unsigned parts[4];

    for (int i = 0; i < 4; i++) {
        struct str rest, part = str_cut(s, '.', &rest);
        int64_t n;

        if ((i < 3) == (part.len == s.len) || !str_int(part, 0, 255, &n))
            return false;
        parts[i] = (unsigned)n;
        s = rest;
    }
    *high = parts[0] << 8 | parts[1];
    *low = parts[2] << 8 | parts[3];
    return true;
}

/* One piece of up to four hexadecimal digits; the number of them, 0 for none. */
static size_t
read_piece(struct str s, unsigned *out)
{
    size_t n = 0;

    *out = 0;
    while (n < s.len && n < 4 && str_hex(s.p[n]) >= 0)
        *out = *out << 4 | (unsigned)str_hex(s.p[n++]);
    return n;
}

static void
skip(struct str *s, size_t n)
{
    s->p += n;
    s->len -= n;
}

/* Pieces up to the end; *gap is where "::" stood, -1 for nowhere. */
static bool
read_pieces(struct str s, unsigned pieces[PIECES], int *count, int *gap)
{
    while (s.len > 0) {
        size_t n;

        if (*count == PIECES)
            return false;
        if (s.p[0] == ':') {
            if (*gap >= 0)
                return false;
            *gap = *count;
            skip(&s, 1);
            continue;
        }
        n = read_piece(s, &pieces[*count]);
        if (n < s.len && s.p[n] == '.') {
            if (n == 0 || *count > PIECES - 2 ||
                !read_v4_tail(s, &pieces[*count], &pieces[*count + 1]))
                return false;
            *count += 2;
            return true;
        }
        if (n == 0 || (n < s.len && s.p[n] != ':'))
            return false;
        ++*count;
        skip(&s, n);
        if (s.len == 1)
            return false; /* a ':' with nothing behind it */
        if (s.len > 0)
            skip(&s, 1);
    }
    return true;
}

static bool
read_v6(struct str s, unsigned pieces[PIECES])
{
    int count = 0, gap = -1;

    memset(pieces, 0, PIECES * sizeof(*pieces));
    if (s.len > 0 && s.p[0] == ':') {
        if (s.len < 2 || s.p[1] != ':')
            return false;
        skip(&s, 2);
        gap = 0;
    }
    if (!read_pieces(s, pieces, &count, &gap))
        return false;
    if (gap < 0)
        return count == PIECES;
    if (count == PIECES)
        return false;
    memmove(pieces + gap + (PIECES - count), pieces + gap, (size_t)(count - gap) * sizeof(*pieces));
    memset(pieces + gap, 0, (size_t)(PIECES - count) * sizeof(*pieces));
    return true;
}

/* The first longest run of zeros, of two at least, is written as "::". */
static void
find_zeros(const unsigned pieces[PIECES], int *start, int *len)
{
    *start = -1;
    *len = 1;
    for (int i = 0; i < PIECES; i++) {
        int n = 0;

        while (i + n < PIECES && pieces[i + n] == 0)
            n++;
        if (n > *len) {
            *start = i;
            *len = n;
        }
    }
}

static struct err
v6_host(struct arena *a, struct str text, const char **out)
{
    unsigned pieces[PIECES];
    struct buf host;
    int start, len;

    if (text.p[text.len - 1] != ']' || !read_v6((struct str){ text.p + 1, text.len - 2 }, pieces))
        return ERR(ERR_INVALID, "the host is not an IPv6 address");
    find_zeros(pieces, &start, &len);
    buf_init(&host, a, 64);
    buf_add_char(&host, '[');
    for (int i = 0; i < PIECES; i++) {
        if (i == start) {
            buf_add_str(&host, i == 0 ? "::" : ":");
            i += len - 1;
            continue;
        }
        buf_printf(&host, "%x%s", pieces[i], i < PIECES - 1 ? ":" : "");
    }
    buf_add_char(&host, ']');
    *out = host.data;
    return OK;
}

/* ---- IPv4 ------------------------------------------------------------------------ */

/* Decimal, octal with "0", hexadecimal with "0x"; larger than any address is ULONG_MAX. */
static bool
read_number(struct str s, uint64_t *out)
{
    uint64_t base = 10, n = 0;

    if (s.len == 0)
        return false;
    if (s.len >= 2 && s.p[0] == '0' && str_lower(s.p[1]) == 'x') {
        base = 16;
        skip(&s, 2);
    } else if (s.len >= 2 && s.p[0] == '0') {
        base = 8;
        skip(&s, 1);
    }
    for (size_t i = 0; i < s.len; i++) {
        int digit = str_hex(s.p[i]);

        if (digit < 0 || (uint64_t)digit >= base)
            return false;
        if (n <= UINT32_MAX)
            n = n * base + (uint64_t)digit;
    }
    *out = n;
    return true;
}

static struct str
last_label(struct str host)
{
    size_t start = host.len;

    while (start > 0 && host.p[start - 1] != '.')
        start--;
    return (struct str){ host.p + start, host.len - start };
}

static bool
ends_in_number(struct str host)
{
    struct str label;
    uint64_t n;

    if (host.len > 1 && host.p[host.len - 1] == '.')
        host.len--;
    label = last_label(host);
    if (label.len == 0)
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_digit(label.p[i]))
            return read_number(label, &n);
    return true;
}

static struct err
v4_host(struct arena *a, struct str text, const char **out)
{
    uint64_t address = 0;
    int count = 0;

    if (text.p[text.len - 1] == '.')
        text.len--;
    for (bool more = true; more; count++) {
        struct str rest, part = str_cut(text, '.', &rest);
        uint64_t n, room;

        more = part.len < text.len;
        if (count == 4 || !read_number(part, &n))
            return ERR(ERR_INVALID, "the host ends in a number but is no IPv4 address");
        /* The last number fills all the bytes that are left. */
        room = more ? 256 : (uint64_t)1 << (8 * (4 - count));
        if (n >= room)
            return ERR(ERR_INVALID, "a number of the host's address is too large");
        address |= more ? n << (8 * (3 - count)) : n;
        text = rest;
    }
    *out = arena_printf(a, "%u.%u.%u.%u", (unsigned)(address >> 24 & 255),
                        (unsigned)(address >> 16 & 255), (unsigned)(address >> 8 & 255),
                        (unsigned)(address & 255));
    return OK;
}

/* ---- names ------------------------------------------------------------------------- */

static struct str
percent_decoded(struct arena *a, struct str text)
{
    char *bytes = arena_alloc(a, text.len + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] == '%' && i + 2 < text.len && str_hex(text.p[i + 1]) >= 0 &&
            str_hex(text.p[i + 2]) >= 0) {
            bytes[n++] = (char)(str_hex(text.p[i + 1]) << 4 | str_hex(text.p[i + 2]));
            i += 2;
        } else {
            bytes[n++] = text.p[i];
        }
    }
    return (struct str){ bytes, n };
}

static bool
needs_idna(struct str name)
{
    for (struct str rest = name; rest.len > 0;) {
        struct str label = str_cut(rest, '.', &rest);

        if (label.len >= 4 && str_eq_nocase((struct str){ label.p, 4 }, STR("xn--")))
            return true;
    }
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.p[i] >= 0x80)
            return true;
    return false;
}

static struct err
to_ascii(struct arena *a, struct str name, const char **out)
{
    char *ascii = NULL, *unicode = NULL;

    if (str_utf8_valid(name) < name.len)
        return ERR(ERR_INVALID, "the host is not UTF-8");
    if (idn2_to_ascii_8z(name.p, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK)
        return ERR(ERR_INVALID, "the host is not a name by IDNA");
    *out = arena_strdup(a, ascii);
    idn2_free(ascii);
    /* What claims to be encoded has to be. */
    if (idn2_to_unicode_8z8z(*out, &unicode, 0) != IDN2_OK)
        return ERR(ERR_INVALID, "the host is not a name by IDNA");
    idn2_free(unicode);
    return OK;
}

struct err
weburl_host(struct arena *a, struct str text, const char **out)
{
    struct str name;
    char *lower;

    if (text.len == 0)
        return ERR(ERR_INVALID, "the URL has no host");
    if (text.p[0] == '[')
        return v6_host(a, text, out);
    name = percent_decoded(a, text);
    if (memchr(name.p, '\0', name.len))
        return ERR(ERR_INVALID, "the host has a character that none may have");
    if (needs_idna(name)) {
        const char *ascii;

        TRY(to_ascii(a, name, &ascii));
        name = str_from(ascii);
    }
    lower = str_dup(a, name);
    for (size_t i = 0; i < name.len; i++) {
        lower[i] = str_lower(lower[i]);
        if ((unsigned char)lower[i] <= ' ' || strchr(FORBIDDEN, lower[i]))
            return ERR(ERR_INVALID, "the host has a character that none may have");
    }
    if (name.len == 0)
        return ERR(ERR_INVALID, "the URL has no host");
    if (ends_in_number((struct str){ lower, name.len }))
        return v4_host(a, (struct str){ lower, name.len }, out);
    *out = lower;
    return OK;
}
