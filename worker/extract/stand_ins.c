#include "worker/extract/stand_ins.h"

#include "lib/arena.h"

#include <string.h>

#define BYTES 4                 /* of a stand-in in UTF-8 */
#define FIRST UINT32_C(0xf0000) /* planes 15 and 16 */
#define PLANE ((size_t)0xfffe)  /* characters of one; the last two are none */

/* The first character of these planes; NULL for none. */
static const char *
find(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c;

        i += str_ascii((struct str){ text.p + i, text.len - i });
        if (i == text.len)
            break;
        c = (unsigned char)text.p[i];
        if (c > 0xf3 || (c == 0xf3 && i + 1 < text.len && (unsigned char)text.p[i + 1] >= 0xb0))
            return text.p + i;
    }
    return NULL;
}

void
stand_ins_init(struct stand_ins *s, struct arena *a, struct str document)
{
    *s = (struct stand_ins){ .arena = a, .off = find(document) != NULL };
}

static size_t
add(struct stand_ins *s, struct str text)
{
    s->texts = arena_grow(s->arena, s->texts, s->count, &s->cap, sizeof(*s->texts));
    s->texts[s->count] = text;
    return s->count++;
}

/* What the parser would read as something else: references, line ends, what is no character. */
static bool
is_changed(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return p[0] == '&' || p[0] == 0x7f ||
               (p[0] < ' ' && p[0] != '\n' && p[0] != '\t' && p[0] != '\f');
    if (p[0] == 0xc2)
        return left < 2 || p[1] < 0xa0;
    if (p[0] == 0xef)
        return left < 3 || p[1] == 0xb7 || (p[1] == 0xbf && p[2] >= 0xbe);
    return p[0] >= 0xf0 && (left < 4 || (p[2] == 0xbf && p[3] >= 0xbe));
}

static bool
is_read_as_it_is(struct str text)
{
    const unsigned char *p = (const unsigned char *)text.p;

    for (size_t i = 0; i < text.len; i++)
        if (is_changed(p + i, text.len - i))
            return false;
    return true;
}

void
stand_ins_write(struct stand_ins *s, struct buf *out, struct str text)
{
    uint32_t c;
    size_t n;

    if (s->off || text.len < STAND_INS_LEAST || s->count == STAND_INS_MAX ||
        !is_read_as_it_is(text)) {
        buf_add(out, text.p, text.len);
        return;
    }
    n = add(s, text);
    c = FIRST + (uint32_t)(n / PLANE * 0x10000 + n % PLANE);
    buf_add_char(out, (char)(0xf0 | c >> 18));
    buf_add_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
    buf_add_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
    buf_add_char(out, (char)(0x80 | (c & 0x3f)));
    s->spared += text.len - BYTES;
}

static struct str
text_at(const struct stand_ins *s, const char *at)
{
    const unsigned char *u = (const unsigned char *)at;
    uint32_t c = (u[0] & 7u) << 18 | (u[1] & 0x3fu) << 12 | (u[2] & 0x3fu) << 6 | (u[3] & 0x3fu);
    size_t n = (c - FIRST) / 0x10000 * PLANE + (c - FIRST) % 0x10000;

    return n < s->count ? s->texts[n] : STR("");
}

struct str
stand_ins_read(const struct stand_ins *s, struct arena *a, struct str text)
{
    const char *at = s->count > 0 ? find(text) : NULL;
    struct buf out;

    if (!at)
        return text;
    if (text.len == BYTES)
        return text_at(s, at);
    buf_init(&out, a, SIZE_MAX);
    for (; at; at = find(text)) {
        size_t before = (size_t)(at - text.p);
        struct str back;

        buf_add(&out, text.p, before);
        if (text.len - before < BYTES)
            break;
        back = text_at(s, at);
        buf_add(&out, back.p, back.len);
        text = (struct str){ at + BYTES, text.len - before - BYTES };
    }
    buf_add(&out, text.p, at ? 0 : text.len);
    return (struct str){ out.data, out.len };
}
