#include "worker/crawl/robots.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/str.h"

#include <string.h>

struct rule {
    struct str pattern; /* in the normal form of paths; '*' is its own */
    bool allow;
    bool ends; /* it closed with '$' */
};

struct rules {
    struct rule *list;
    size_t count, cap;
    int64_t delay_ms;
};

struct robots {
    struct arena *arena;
    struct rules ours, everybody;
    bool named; /* some group names us */
    struct str *sitemaps;
    size_t sitemap_count;
};

/* Which of the two lists the lines of the group belong to. */
struct group {
    bool ours, everybody;
    bool open; /* only names so far: another one joins them */
};

/* ---- one form for paths and patterns ------------------------------------------- */

static bool
is_unreserved(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* Escapes in capitals, none where none is needed, all where one is (RFC 9309, 2.2.2). */
static struct str
normal(struct arena *a, struct str s)
{
    struct buf out;

    buf_init(&out, a, s.len * 3 + 1);
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool is_escape =
            c == '%' && i + 2 < s.len && str_hex(s.p[i + 1]) >= 0 && str_hex(s.p[i + 2]) >= 0;
        int value = is_escape ? str_hex(s.p[i + 1]) << 4 | str_hex(s.p[i + 2]) : c;

        if (is_escape ? is_unreserved(value) : c > ' ' && c <= '~')
            buf_add_char(&out, (char)value);
        else
            buf_printf(&out, "%%%02X", (unsigned)value);
        i += is_escape ? 2 : 0;
    }
    return (struct str){ out.data, out.len };
}

static void
skip(struct str *s, size_t n)
{
    s->p += n;
    s->len -= n;
}

/*
 * The first place of each piece between two '*' is as good as any later one, so
 * that one pass is enough; with '$' the last piece has to stand at the end.
 */
static bool
matches(const struct rule *rule, struct str path)
{
    struct str rest, left = rule->pattern, piece = str_cut(left, '*', &rest);
    bool more = piece.len < left.len;

    if (!str_starts(path, piece))
        return false;
    skip(&path, piece.len);
    if (!more)
        return !rule->ends || path.len == 0;
    while (more) {
        const char *found;

        left = rest;
        piece = str_cut(left, '*', &rest);
        more = piece.len < left.len;
        if (!more && rule->ends)
            return path.len >= piece.len &&
                   memcmp(path.p + path.len - piece.len, piece.p, piece.len) == 0;
        if (piece.len == 0)
            continue;
        found = memmem(path.p, path.len, piece.p, piece.len);
        if (!found)
            return false;
        skip(&path, (size_t)(found - path.p) + piece.len);
    }
    return true;
}

/* ---- reading ----------------------------------------------------------------------- */

static void
add_rule(struct robots *r, struct rules *rules, struct str value, bool allow)
{
    if (value.len == 0 || value.len > ROBOTS_RULE_MAX || rules->count == ROBOTS_RULES_MAX)
        return;
    rules->list =
        arena_grow(r->arena, rules->list, rules->count, &rules->cap, sizeof(*rules->list));
    rules->list[rules->count].ends = value.p[value.len - 1] == '$';
    if (rules->list[rules->count].ends)
        value.len--;
    rules->list[rules->count].pattern = normal(r->arena, value);
    rules->list[rules->count++].allow = allow;
}

/* Seconds, perhaps with a fraction. */
static void
add_delay(struct rules *rules, struct str value)
{
    struct str fraction, whole = str_cut(value, '.', &fraction);
    int64_t ms, unit = 100;

    if (!str_int(whole, 0, INT64_MAX / 10000, &ms))
        return;
    ms *= 1000;
    for (size_t i = 0; i < fraction.len && unit > 0; i++, unit /= 10) {
        if (fraction.p[i] < '0' || fraction.p[i] > '9')
            break;
        ms += (fraction.p[i] - '0') * unit;
    }
    rules->delay_ms = ms > ROBOTS_DELAY_MAX ? ROBOTS_DELAY_MAX : ms;
}

/* The product token that a user-agent line names: "ExampleBot" of "ExampleBot/1.2". */
static struct str
product_of(struct str value)
{
    size_t n = 0;

    if (value.len > 0 && value.p[0] == '*')
        return (struct str){ value.p, 1 };
    while (n < value.len && is_unreserved(value.p[n]) && value.p[n] != '.' && value.p[n] != '~')
        n++;
    return (struct str){ value.p, n };
}

static void
name_group(struct robots *r, struct group *g, struct str value, struct str product)
{
    struct str name = product_of(value);

    if (!g->open)
        *g = (struct group){ .open = true };
    if (str_eq(name, STR("*")))
        g->everybody = true;
    else if (str_eq_nocase(name, product))
        g->ours = r->named = true;
}

static void
read_line(struct robots *r, struct group *g, struct str line, struct str product)
{
    struct str rest, value, key = str_trim(str_cut(str_cut(line, '#', &rest), ':', &value));
    bool allow = str_eq_nocase(key, STR("allow"));

    value = str_trim(value);
    if (str_eq_nocase(key, STR("user-agent"))) {
        name_group(r, g, value, product);
    } else if (allow || str_eq_nocase(key, STR("disallow"))) {
        g->open = false;
        if (g->ours)
            add_rule(r, &r->ours, value, allow);
        if (g->everybody)
            add_rule(r, &r->everybody, value, allow);
    } else if (str_eq_nocase(key, STR("crawl-delay"))) {
        g->open = false;
        if (g->ours)
            add_delay(&r->ours, value);
        if (g->everybody)
            add_delay(&r->everybody, value);
    } else if (str_eq_nocase(key, STR("sitemap")) && value.len > 0 &&
               r->sitemap_count < ROBOTS_SITEMAP_MAX) {
        r->sitemaps[r->sitemap_count++] = (struct str){ str_dup(r->arena, value), value.len };
    }
}

struct robots *
robots_parse(struct arena *a, struct str text, const char *product)
{
    struct robots *r = ARENA_NEW(a, struct robots);
    struct group group = { .open = false };

    r->arena = a;
    r->ours.delay_ms = r->everybody.delay_ms = -1;
    r->sitemaps = arena_array(a, ROBOTS_SITEMAP_MAX, sizeof(*r->sitemaps));
    if (text.len > ROBOTS_MAX)
        text.len = ROBOTS_MAX;
    if (str_starts(text, STR("\xef\xbb\xbf")))
        skip(&text, 3);
    while (text.len > 0) {
        size_t n = 0;

        while (n < text.len && text.p[n] != '\n' && text.p[n] != '\r')
            n++;
        read_line(r, &group, (struct str){ text.p, n }, str_from(product));
        skip(&text, n + (n < text.len));
    }
    return r;
}

/* ---- answers ------------------------------------------------------------------------- */

static const struct rules *
rules_of(const struct robots *r)
{
    return r->named ? &r->ours : &r->everybody;
}

/* Longer, or as long and allowing what the other one forbids. */
static bool
outranks(const struct rule *rule, const struct rule *best)
{
    size_t len = rule->pattern.len + rule->ends, best_len;

    if (!best)
        return true;
    best_len = best->pattern.len + best->ends;
    return len > best_len || (len == best_len && rule->allow && !best->allow);
}

bool
robots_allows(const struct robots *r, struct str path)
{
    const struct rules *rules = rules_of(r);
    const struct rule *best = NULL;
    struct arena *scratch;

    if (rules->count == 0 || str_eq(path, STR("/robots.txt")))
        return true;
    scratch = arena_new();
    path = normal(scratch, path);
    for (size_t i = 0; i < rules->count; i++)
        if (outranks(&rules->list[i], best) && matches(&rules->list[i], path))
            best = &rules->list[i];
    arena_free(scratch);
    return !best || best->allow;
}

int64_t
robots_delay_ms(const struct robots *r)
{
    return rules_of(r)->delay_ms;
}

size_t
robots_sitemaps(const struct robots *r, const struct str **out)
{
    *out = r->sitemaps;
    return r->sitemap_count;
}
