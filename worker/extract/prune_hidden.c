/* What is not to be seen, as far as the page itself says so; style sheets are not read. */
#include "worker/extract/dom.h"
#include "worker/extract/measure.h"
#include "worker/extract/prune.h"

#define FAR_AWAY       ((int64_t)-500000) /* thousandths of any unit: out of every window */
#define TINY           ((int64_t)1000)    /* of a pixel: nobody reads that */
#define NO_COLOUR      UINT32_MAX
#define BACKGROUNDS_UP 16 /* elements above in which a background is looked for */

/* What a style attribute says of being seen. */
struct style {
    bool hidden;                 /* whatever is in it */
    bool tiny;                   /* text that has no size of its own is too small to be read */
    uint32_t colour, background; /* 0xrrggbb */
};

/* ---- values --------------------------------------------------------------------------- */

/* A number in thousandths, and what follows it; false when it is none. */
static bool
number(struct str s, int64_t *thousandths, struct str *unit)
{
    bool minus = s.len > 0 && s.p[0] == '-', point = false;
    size_t i = minus ? 1 : 0, from = i;
    int64_t value = 0, scale = 1000;

    for (; i < s.len && i - from < 12; i++) {
        if (s.p[i] == '.' && !point) {
            point = true;
            continue;
        }
        if (s.p[i] < '0' || s.p[i] > '9')
            break;
        scale /= point ? 10 : 1;
        value += point ? (s.p[i] - '0') * scale : 0;
        value = point ? value : value * 10 + (int64_t)(s.p[i] - '0') * 1000;
    }
    *thousandths = minus ? -value : value;
    *unit = (struct str){ s.p + i, s.len - i };
    return i > from;
}

static uint32_t
hex(struct str digits)
{
    uint32_t value = 0;

    for (size_t i = 0; i < digits.len; i++) {
        int digit = str_hex(digits.p[i]);

        if (digit < 0)
            return NO_COLOUR;
        value =
            value << (digits.len == 3 ? 8 : 4) | (uint32_t)(digits.len == 3 ? digit * 17 : digit);
    }
    return value;
}

/* "255, 255, 255)" */
static uint32_t
decimal(struct str list)
{
    uint32_t value = 0;

    for (int i = 0; i < 3; i++) {
        struct str one = str_trim(str_cut(list, i < 2 ? ',' : ')', &list));
        int64_t part;

        if (!str_int(one, 0, 255, &part))
            return NO_COLOUR;
        value = value << 8 | (uint32_t)part;
    }
    return value;
}

static uint32_t
colour(struct str s)
{
    struct str rest;

    if (s.len >= 4 && s.p[0] == '#') {
        s = str_cut(s, ' ', &rest);
        return s.len == 4 || s.len == 7 ? hex((struct str){ s.p + 1, s.len - 1 }) : NO_COLOUR;
    }
    if (s.len > 4 && str_eq_nocase((struct str){ s.p, 4 }, STR("rgb(")))
        return decimal((struct str){ s.p + 4, s.len - 4 });
    s = str_cut(s, ' ', &rest);
    return str_eq_nocase(s, STR("white"))   ? 0xffffff
           : str_eq_nocase(s, STR("black")) ? 0
                                            : NO_COLOUR;
}

/* ---- declarations ----------------------------------------------------------------------- */

static bool
is_any(struct str name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(name, str_from(list[i])))
            return true;
    return false;
}

/*
 * Moved out of every window, as text for search engines is. Not by text-indent: that names what
 * a picture shows in its place.
 */
static bool
is_far_away(struct str name, struct str value)
{
    static const char *const moves[] = { "left",   "top",         "right",
                                         "bottom", "margin-left", "margin-top" };
    struct str unit;
    int64_t n;

    return is_any(name, moves, sizeof(moves) / sizeof(moves[0])) && number(value, &n, &unit) &&
           n <= FAR_AWAY;
}

static bool
is_tiny(struct str name, struct str value)
{
    struct str unit;
    int64_t n;

    return str_eq_nocase(name, STR("font-size")) && number(value, &n, &unit) &&
           (n == 0 || (n <= TINY && str_eq_nocase(unit, STR("px"))));
}

static void
read_declaration(struct str name, struct str value, struct style *out)
{
    struct str rest, word = str_cut(value, '!', &rest);

    value = str_trim(word);
    if ((str_eq_nocase(name, STR("display")) && str_eq_nocase(value, STR("none"))) ||
        (str_eq_nocase(name, STR("visibility")) && !str_eq_nocase(value, STR("visible")) &&
         !str_eq_nocase(value, STR("inherit"))) ||
        is_far_away(name, value))
        out->hidden = true;
    else if (is_tiny(name, value))
        out->tiny = true;
    else if (str_eq_nocase(name, STR("color")))
        out->colour = colour(value);
    else if (str_eq_nocase(name, STR("background")) || str_eq_nocase(name, STR("background-color")))
        out->background = colour(value);
}

static struct style
style_of(const struct dom_node *n)
{
    struct style out = { .colour = NO_COLOUR, .background = NO_COLOUR };
    struct str left = dom_attr(n, DOM_STYLE);

    while (left.len > 0) {
        struct str rest, value, name = str_cut(left, ';', &rest);

        name = str_trim(str_cut(name, ':', &value));
        read_declaration(name, str_trim(value), &out);
        left = rest;
    }
    return out;
}

/* ---- elements ----------------------------------------------------------------------------- */

/* The nearest background that an element above has by its own style. */
static uint32_t
background_of(const struct dom_node *n)
{
    for (int i = 0; n && i < BACKGROUNDS_UP; i++, n = n->parent) {
        uint32_t background = n->attrs ? style_of(n).background : NO_COLOUR;

        if (background != NO_COLOUR)
            return background;
    }
    return NO_COLOUR;
}

/* Whether nothing in it may have a size or colour of its own. */
static bool
rules_all_below(const struct dom_node *n)
{
    for (const struct dom_node *i = dom_next(n, n); i; i = dom_next(i, n))
        if (dom_attr(i, DOM_STYLE).p || dom_attr(i, DOM_CLASS).p)
            return false;
    return true;
}

static bool
is_hidden(const struct dom_node *n)
{
    struct str hidden = dom_attr(n, DOM_HIDDEN);
    struct style style;

    if (dom_has_role(n, STR("tabpanel"))) /* a click away: its tab is seen */
        return false;
    if (hidden.p && !str_eq_nocase(hidden, STR("until-found")))
        return true;
    if (str_eq_nocase(dom_attr(n, DOM_ARIA_HIDDEN), STR("true")))
        return true;
    style = style_of(n);
    if (style.hidden)
        return true;
    return (style.tiny || (style.colour != NO_COLOUR && style.colour == background_of(n))) &&
           rules_all_below(n);
}

/* A page that is shown by its script when all is loaded is not hidden. */
static bool
is_all(const struct dom_node *n, const struct dom_node *body)
{
    return n->m.chars >= 1000 && n->m.chars / 9 * 10 > body->m.chars;
}

void
prune_hidden(struct dom_node *body)
{
    struct dom_node *n = body->first;
    bool any = false;

    measure(body);
    while (n) {
        n->gone = n->gone || (n->attrs && is_hidden(n) && !is_all(n, body));
        any |= n->gone;
        n = n->gone ? dom_after(n, body) : dom_next(n, body);
    }
    if (any)
        measure(body);
}
