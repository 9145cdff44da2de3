#include "worker/crawl/sitemap.h"

#include "lib/arena.h"
#include "lib/buf.h"

#include <stdint.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

#define ADDRESS_MAX ((size_t)4096) /* bytes of one address, escapes and all */
#define ENTITY_MAX  ((size_t)12)   /* bytes up to the ';' */
#define CHUNK       ((size_t)65536)

struct scan {
    struct arena *arena;
    struct sitemap *out;
    size_t cap;
    struct str parent; /* "url" or "sitemap" with its prefix, while inside of one */
    struct buf text;   /* of the <loc> that is open */
    bool in_loc;
};

static void
skip(struct str *s, size_t n)
{
    s->p += n;
    s->len -= n;
}

static void
add(struct scan *s, struct str address)
{
    struct sitemap *out = s->out;

    address = str_trim(address);
    if (address.len == 0)
        return;
    if (out->count == SITEMAP_ENTRIES_MAX) {
        out->cut = true;
        return;
    }
    out->addresses =
        arena_grow(s->arena, out->addresses, out->count, &s->cap, sizeof(*out->addresses));
    out->addresses[out->count++] = (struct str){ str_dup(s->arena, address), address.len };
}

/* ---- text ------------------------------------------------------------------------ */

static void
add_code_point(struct buf *out, uint32_t c)
{
    int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const unsigned char first[] = { 0x00, 0xc0, 0xe0, 0xf0 };

    buf_add_char(out, (char)(first[more] | c >> (6 * more)));
    while (more-- > 0)
        buf_add_char(out, (char)(0x80 | (c >> (6 * more) & 63)));
}

/* The number of "#65" or "#x41"; 0 for what is none. */
static uint32_t
reference(struct str name)
{
    uint32_t base = 10, n = 0;

    if (name.len < 2 || name.p[0] != '#')
        return 0;
    skip(&name, 1);
    if (str_lower(name.p[0]) == 'x') {
        base = 16;
        skip(&name, 1);
    }
    for (size_t i = 0; i < name.len; i++) {
        int digit = str_hex(name.p[i]);

        if (digit < 0 || (uint32_t)digit >= base || n > 0x10ffff)
            return 0;
        n = n * base + (uint32_t)digit;
    }
    return n > 0x10ffff || (n >= 0xd800 && n < 0xe000) ? 0 : n;
}

/* What "amp" or "#38" stands for; 0 for what nothing does. */
static uint32_t
entity(struct str name)
{
    static const struct {
        const char *name;
        char c;
    } entities[] = {
        { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' },
    };

    for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
        if (str_eq(name, str_from(entities[i].name)))
            return (unsigned char)entities[i].c;
    return reference(name);
}

static void
add_text(struct buf *out, struct str text)
{
    while (text.len > 0) {
        size_t most = text.len < ENTITY_MAX ? text.len : ENTITY_MAX;
        const char *end = text.p[0] == '&' ? memchr(text.p, ';', most) : NULL;
        size_t len = end ? (size_t)(end - text.p) : 0;
        uint32_t c = end ? entity((struct str){ text.p + 1, len - 1 }) : 0;

        if (c > 0)
            add_code_point(out, c);
        else
            buf_add_char(out, text.p[0]);
        skip(&text, c > 0 ? len + 1 : 1);
    }
}

/* ---- tags -------------------------------------------------------------------------- */

/* "image:loc" is the "loc" of "image". */
static struct str
local(struct str name, struct str *prefix)
{
    struct str rest, before = str_cut(name, ':', &rest);

    *prefix = (struct str){ "", 0 };
    if (before.len == name.len)
        return name;
    *prefix = before;
    return rest;
}

static bool
is_named(struct str name, struct str want)
{
    struct str prefix;

    return str_eq(local(name, &prefix), want);
}

static void
open_tag(struct scan *s, struct str name)
{
    struct str prefix, parent_prefix;

    if (is_named(name, STR("sitemapindex")))
        s->out->is_index = true;
    if (is_named(name, STR("url")) || is_named(name, STR("sitemap")))
        s->parent = name;
    if (s->parent.len == 0 || !str_eq(local(name, &prefix), STR("loc")))
        return;
    (void)local(s->parent, &parent_prefix);
    s->in_loc = str_eq(prefix, parent_prefix);
    buf_truncate(&s->text, 0);
}

static void
close_tag(struct scan *s, struct str name)
{
    if (s->in_loc && is_named(name, STR("loc"))) {
        if (buf_ok(&s->text))
            add(s, (struct str){ s->text.data, s->text.len });
        s->in_loc = false;
    } else if (str_eq(name, s->parent)) {
        s->parent.len = 0;
    }
}

static struct str
tag_name(struct str tag)
{
    size_t n = 0;

    while (n < tag.len && tag.p[n] != '/' && (unsigned char)tag.p[n] > ' ')
        n++;
    return (struct str){ tag.p, n };
}

/* The length of what begins at '<', up to and with its end; all the rest when it has none. */
static size_t
markup_len(struct str s, struct str end)
{
    const char *found = memmem(s.p, s.len, end.p, end.len);

    return found ? (size_t)(found - s.p) + end.len : s.len;
}

static size_t
read_markup(struct scan *s, struct str rest)
{
    size_t len;

    if (str_starts(rest, STR("<!--")))
        return markup_len(rest, STR("-->"));
    if (str_starts(rest, STR("<![CDATA["))) {
        len = markup_len(rest, STR("]]>"));
        if (s->in_loc && len >= 12)
            buf_add(&s->text, rest.p + 9, len - 12);
        return len;
    }
    len = markup_len(rest, STR(">"));
    if (len < 3 || rest.p[1] == '!' || rest.p[1] == '?')
        return len;
    if (rest.p[1] == '/')
        close_tag(s, tag_name((struct str){ rest.p + 2, len - 3 }));
    else
        open_tag(s, tag_name((struct str){ rest.p + 1, len - 2 }));
    return len;
}

static void
read_lines(struct scan *s, struct str text)
{
    while (text.len > 0) {
        struct str line = str_trim(str_cut(text, '\n', &text));

        if (line.len <= ADDRESS_MAX &&
            (str_starts(line, STR("http://")) || str_starts(line, STR("https://"))))
            add(s, line);
    }
}

void
sitemap_parse(struct arena *a, struct str text, struct sitemap *out)
{
    struct scan s = { .arena = a, .out = out };

    *out = (struct sitemap){ .is_index = false };
    buf_init(&s.text, a, ADDRESS_MAX);
    if (str_starts(text, STR("\xef\xbb\xbf")))
        skip(&text, 3);
    if (str_trim(text).len > 0 && str_trim(text).p[0] != '<') {
        read_lines(&s, text);
        return;
    }
    while (text.len > 0 && !out->cut) {
        const char *tag = memchr(text.p, '<', text.len);
        size_t n = tag ? (size_t)(tag - text.p) : text.len;

        if (s.in_loc)
            add_text(&s.text, (struct str){ text.p, n });
        skip(&text, n);
        if (text.len > 0)
            skip(&text, read_markup(&s, text));
    }
}

/* ---- gzip ---------------------------------------------------------------------------- */

bool
sitemap_is_gzip(struct str bytes)
{
    return str_starts(bytes, STR("\x1f\x8b"));
}

static void
close_stream(void *stream)
{
    (void)inflateEnd(stream);
}

struct err
sitemap_unpack(struct arena *a, struct str bytes, struct str *out)
{
    z_stream *z = ARENA_NEW(a, z_stream);
    char *chunk = arena_alloc(a, CHUNK);
    struct buf text;
    int status = Z_OK;

    if (inflateInit2(z, 16 + MAX_WBITS) != Z_OK)
        return ERR(ERR_INTERNAL, "zlib cannot start");
    arena_defer(a, close_stream, z);
    buf_init(&text, a, SITEMAP_BYTES_MAX);
    z->next_in = (const unsigned char *)bytes.p;
    z->avail_in = (unsigned)bytes.len;
    while (status == Z_OK) {
        z->next_out = (unsigned char *)chunk;
        z->avail_out = (unsigned)CHUNK;
        status = inflate(z, Z_NO_FLUSH);
        buf_add(&text, chunk, CHUNK - z->avail_out);
        if (!buf_ok(&text))
            return ERR(ERR_TOO_LARGE, "the sitemap is over 50 MB unpacked");
    }
    if (text.len == 0)
        return ERR(ERR_MALFORMED, "the sitemap cannot be unpacked");
    *out = (struct str){ text.data, text.len };
    return OK;
}
