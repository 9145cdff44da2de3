#include "lib/sentence.h"

#include <string.h>

static bool
is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool
is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool
is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

/* Where the line that holds p[i] ends: at its LF, or at the end of the text. */
static size_t
line_end(struct str s, size_t i)
{
    const char *lf = memchr(s.p + i, '\n', s.len - i);

    return lf ? (size_t)(lf - s.p) : s.len;
}

static size_t
skip_blanks(struct str s, size_t i)
{
    while (i < s.len && (s.p[i] == ' ' || s.p[i] == '\t' || s.p[i] == '\r'))
        i++;
    return i;
}

static bool
is_fence(struct str s, size_t i)
{
    return s.len - i >= 3 && (memcmp(s.p + i, "```", 3) == 0 || memcmp(s.p + i, "~~~", 3) == 0);
}

/* Does the line at `i` begin something of its own, or is it blank? */
static bool
begins_block(struct str s, size_t i)
{
    size_t digits;

    i = skip_blanks(s, i);
    if (i == s.len || strchr("\n#|>", s.p[i]))
        return true;
    if (is_fence(s, i))
        return true;
    if (strchr("-*+", s.p[i]))
        return i + 1 == s.len || is_space(s.p[i + 1]);
    for (digits = i; digits < s.len && s.p[digits] >= '0' && s.p[digits] <= '9';)
        digits++;
    return digits > i && digits + 1 < s.len && strchr(".)", s.p[digits]) &&
           is_space(s.p[digits + 1]);
}

/* The length of a mark at `i` that ends a sentence; 0 for none. */
static size_t
stop_mark(struct str s, size_t i, bool *wide)
{
    static const char *const marks[] = { "\xe3\x80\x82", "\xef\xbc\x81",
                                         "\xef\xbc\x9f" }; /* 。！？ */

    *wide = false;
    if (s.p[i] == '.' || s.p[i] == '!' || s.p[i] == '?')
        return 1;
    for (size_t m = 0; m < sizeof(marks) / sizeof(marks[0]); m++) {
        if (s.len - i >= 3 && memcmp(s.p + i, marks[m], 3) == 0) {
            *wide = true;
            return 3;
        }
    }
    return 0;
}

/* A full stop behind a single letter, as in "i.e." and "J. S. Bach". */
static bool
is_abbreviation(struct str s, size_t i)
{
    return s.p[i] == '.' && i > 0 && is_letter(s.p[i - 1]) &&
           (i == 1 || is_space(s.p[i - 2]) || strchr(".(", s.p[i - 2]));
}

/*
 * The end of the sentence whose mark is at `i`, or 0 when it goes on: a narrow
 * mark ends one only before white space that no small letter follows, which
 * keeps "etc. and" and "3.14" whole.
 */
static size_t
end_at(struct str s, size_t i)
{
    size_t after, next;
    bool wide;
    size_t mark = stop_mark(s, i, &wide);

    if (!mark)
        return 0;
    after = i + mark;
    while (after < s.len && strchr("\"')]*_`", s.p[after]))
        after++;
    if (wide || after == s.len)
        return after;
    if (!is_space(s.p[after]) || is_abbreviation(s, i))
        return 0;
    for (next = after; next < s.len && is_space(s.p[next]);)
        next++;
    return next < s.len && is_lower(s.p[next]) ? 0 : after;
}

static size_t
sentence_end(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        size_t end = end_at(s, i);

        if (end)
            return end;
        if (s.p[i] == '\n' && begins_block(s, i + 1))
            return i;
    }
    return s.len;
}

/* A heading or a table's row is a line of its own, whatever follows. */
static bool
is_own_line(struct str s)
{
    return s.p[0] == '#' || s.p[0] == '|';
}

bool
sentence_next(struct str *rest, struct str *out)
{
    size_t end;

    *rest = str_trim(*rest);
    if (rest->len == 0)
        return false;
    end = is_own_line(*rest) ? line_end(*rest, 0) : sentence_end(*rest);
    *out = str_trim((struct str){ rest->p, end });
    *rest = (struct str){ rest->p + end, rest->len - end };
    return true;
}

bool
sentence_code(struct str *rest, struct str *out)
{
    struct str s = str_trim(*rest);
    size_t at, end;

    if (s.len == 0 || !is_fence(s, 0))
        return false;
    for (size_t i = line_end(s, 0); i < s.len; i = line_end(s, i + 1)) {
        at = skip_blanks(s, i + 1);
        if (at >= s.len || !is_fence(s, at) || s.p[at] != s.p[0])
            continue;
        end = line_end(s, at);
        *out = str_trim((struct str){ s.p, end });
        *rest = (struct str){ s.p + end, s.len - end };
        return true;
    }
    return false;
}

/* "| --- | :-: |" */
static bool
is_rule(struct str line)
{
    bool dash = false;

    for (size_t i = 0; i < line.len; i++) {
        if (!strchr("|-: \t\r", line.p[i]))
            return false;
        dash = dash || line.p[i] == '-';
    }
    return dash && memchr(line.p, '|', line.len);
}

bool
sentence_table_head(struct str *rest, struct str *out)
{
    struct str s = str_trim(*rest), rule;
    size_t end, row = s.len > 0 && s.p[0] == '|' ? line_end(s, 0) : s.len;

    if (row == s.len)
        return false;
    end = line_end(s, row + 1);
    rule = (struct str){ s.p + row + 1, end - row - 1 };
    if (!is_rule(rule))
        return false;
    *out = str_trim((struct str){ s.p, end });
    *rest = (struct str){ s.p + end, s.len - end };
    return true;
}
