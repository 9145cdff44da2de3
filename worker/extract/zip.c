#include "worker/extract/zip.h"

#include "lib/arena.h"
#include "lib/buf.h"

#include <zlib.h>

#define END_SIZE     22 /* bytes of the record at the end, its comment aside */
#define COMMENT_MAX  65535
#define CENTRAL_SIZE 46
#define LOCAL_SIZE   30

static const struct err no_zip = { ERR_MALFORMED, "the document is damaged" };

struct file {
    size_t method, packed, unpacked, offset;
    bool encrypted;
};

static size_t
get16(const char *p)
{
    return (size_t)(unsigned char)p[0] | (size_t)(unsigned char)p[1] << 8;
}

static size_t
get32(const char *p)
{
    return get16(p) | get16(p + 2) << 16;
}

/* Whether `len` bytes at `offset` are in the archive. */
static bool
holds(struct str archive, size_t offset, size_t len)
{
    return offset <= archive.len && len <= archive.len - offset;
}

static const char *
find_end(struct str archive)
{
    size_t back = END_SIZE;

    for (; back <= archive.len && back <= END_SIZE + COMMENT_MAX; back++) {
        const char *p = archive.p + archive.len - back;

        if (memcmp(p, "PK\5\6", 4) == 0)
            return p;
    }
    return NULL;
}

static struct err
find(struct str archive, struct str name, struct file *out)
{
    const char *end = archive.len >= END_SIZE ? find_end(archive) : NULL;
    size_t at, count;

    if (!end)
        return no_zip;
    count = get16(end + 10);
    at = get32(end + 16);
    for (size_t i = 0; i < count && i < ZIP_FILES_MAX; i++) {
        const char *p = archive.p + at;
        size_t len;

        if (!holds(archive, at, CENTRAL_SIZE) || memcmp(p, "PK\1\2", 4) != 0)
            return no_zip;
        len = get16(p + 28);
        if (!holds(archive, at + CENTRAL_SIZE, len))
            return no_zip;
        if (str_eq((struct str){ p + CENTRAL_SIZE, len }, name)) {
            *out = (struct file){ .encrypted = (get16(p + 8) & 1) != 0,
                                  .method = get16(p + 10),
                                  .packed = get32(p + 20),
                                  .unpacked = get32(p + 24),
                                  .offset = get32(p + 42) };
            return OK;
        }
        at += CENTRAL_SIZE + len + get16(p + 30) + get16(p + 32);
    }
    return ERR(ERR_NOT_FOUND, "the archive has no such file");
}

static void
end_inflate(void *stream)
{
    inflateEnd(stream);
}

static struct err
unpack(struct arena *a, struct str packed, size_t max, struct str *out)
{
    z_stream *z = ARENA_NEW(a, z_stream);
    unsigned char piece[16384];
    struct buf bytes;
    int state = Z_OK;

    if (inflateInit2(z, -MAX_WBITS) != Z_OK)
        return ERR(ERR_UNAVAILABLE, "could not unpack a document");
    arena_defer(a, end_inflate, z);
    z->next_in = (unsigned char *)(uintptr_t)packed.p;
    z->avail_in = (uInt)packed.len;
    buf_init(&bytes, a, max);
    while (state == Z_OK && buf_ok(&bytes)) {
        z->next_out = piece;
        z->avail_out = sizeof(piece);
        state = inflate(z, Z_NO_FLUSH);
        buf_add(&bytes, piece, sizeof(piece) - z->avail_out);
    }
    if (!buf_ok(&bytes))
        return ERR(ERR_TOO_LARGE, "the document is too large");
    if (state != Z_STREAM_END)
        return no_zip;
    *out = (struct str){ bytes.data, bytes.len };
    return OK;
}

struct err
zip_read(struct arena *a, struct str archive, const char *name, size_t max, struct str *out)
{
    struct file f;
    size_t begin;

    TRY(find(archive, str_from(name), &f));
    if (!holds(archive, f.offset, LOCAL_SIZE) || memcmp(archive.p + f.offset, "PK\3\4", 4) != 0 ||
        f.encrypted)
        return no_zip;
    begin =
        f.offset + LOCAL_SIZE + get16(archive.p + f.offset + 26) + get16(archive.p + f.offset + 28);
    if (!holds(archive, begin, f.packed))
        return no_zip;
    if (f.unpacked > max)
        return ERR(ERR_TOO_LARGE, "the document is too large");
    if (f.method == 8)
        return unpack(a, (struct str){ archive.p + begin, f.packed }, max, out);
    if (f.method != 0)
        return no_zip;
    *out = (struct str){ archive.p + begin, f.packed };
    return OK;
}
