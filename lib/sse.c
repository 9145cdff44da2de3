#include "lib/sse.h"

#include "lib/str.h"

#include <stdint.h>

#define BOM STR("\xef\xbb\xbf")

void
sse_init(struct sse *s, struct arena *a, size_t max)
{
    *s = (struct sse){ .at_start = true, .max = max };
    /* The lines are counted as they are read, so these need no limits of their own. */
    buf_init(&s->in, a, SIZE_MAX / 2);
    buf_init(&s->data, a, SIZE_MAX / 2);
    buf_init(&s->event, a, SIZE_MAX / 2);
    buf_init(&s->id, a, SIZE_MAX / 2);
}

bool
sse_feed(struct sse *s, const char *bytes, size_t len)
{
    if (s->over)
        return false;
    if (s->pos > 0) {
        buf_consume(&s->in, s->pos);
        s->pos = 0;
    }
    buf_add(&s->in, bytes, len);
    return true;
}

static struct str
unread(const struct sse *s)
{
    return (struct str){ s->in.data + s->pos, s->in.len - s->pos };
}

/* Forget the event that was given out last. */
static void
clear(struct sse *s)
{
    buf_truncate(&s->data, 0);
    buf_truncate(&s->event, 0);
    s->has_data = false;
    s->given = false;
    s->held = 0;
}

/* Skip a byte order mark. False while it cannot be told whether there is one. */
static bool
pass_start(struct sse *s)
{
    struct str rest = unread(s);

    if (rest.len < BOM.len && str_starts(BOM, rest))
        return false;
    if (str_starts(rest, BOM))
        s->pos += BOM.len;
    s->at_start = false;
    return true;
}

/* Whether `line`, which may still grow, passes the limit; marks the stream then. */
static bool
passes_limit(struct sse *s, struct str line)
{
    bool is_comment = line.len > 0 && line.p[0] == ':';

    s->over = line.len > s->max - (is_comment ? 0 : s->held);
    return s->over;
}

/* The next line, without its end. False when it is not whole yet. */
static bool
next_line(struct sse *s, struct str *line)
{
    struct str rest;

    if (s->at_start && !pass_start(s))
        return false;
    rest = unread(s);
    if (s->after_cr && rest.len > 0) {
        s->after_cr = false;
        if (rest.p[0] == '\n') {
            s->pos++;
            rest = unread(s);
        }
    }
    while (s->seen < rest.len && rest.p[s->seen] != '\n' && rest.p[s->seen] != '\r')
        s->seen++;
    *line = (struct str){ rest.p, s->seen };
    if (passes_limit(s, *line) || s->seen == rest.len)
        return false;
    s->after_cr = rest.p[s->seen] == '\r';
    s->pos += s->seen + 1;
    s->seen = 0;
    return true;
}

static void
add_repaired(struct buf *out, struct str value)
{
    char carry[4];
    size_t carry_len = 0;

    str_utf8_repair(value, carry, &carry_len, out);
    str_utf8_repair_end(&carry_len, out);
}

static void
take_field(struct sse *s, struct str line)
{
    struct str value, name = str_cut(line, ':', &value);

    if (line.len > 0 && line.p[0] == ':')
        return;
    s->held += line.len;
    if (value.len > 0 && value.p[0] == ' ') {
        value.p++;
        value.len--;
    }
    if (str_eq(name, STR("data"))) {
        if (s->has_data)
            buf_add_char(&s->data, '\n');
        s->has_data = true;
        add_repaired(&s->data, value);
    } else if (str_eq(name, STR("event"))) {
        buf_truncate(&s->event, 0);
        add_repaired(&s->event, value);
    } else if (str_eq(name, STR("id")) && (value.len == 0 || !memchr(value.p, '\0', value.len))) {
        buf_truncate(&s->id, 0);
        add_repaired(&s->id, value);
    }
}

static bool
give(struct sse *s, const char **event, const char **data)
{
    s->given = true;
    *event = s->event.data;
    *data = s->data.data;
    return true;
}

bool
sse_next(struct sse *s, const char **event, const char **data)
{
    struct str line;

    if (s->given)
        clear(s);
    while (!s->over && next_line(s, &line)) {
        if (line.len > 0)
            take_field(s, line);
        else if (s->has_data)
            return give(s, event, data);
        else
            clear(s);
    }
    return false;
}

bool
sse_end(struct sse *s, const char **event, const char **data)
{
    if (sse_next(s, event, data))
        return true;
    if (s->over)
        return false;
    take_field(s, unread(s));
    s->pos = s->in.len;
    s->seen = 0;
    if (s->has_data)
        return give(s, event, data);
    clear(s);
    return false;
}
