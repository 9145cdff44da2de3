#include "worker/extract/tag.h"

#define TAG_NAME_MAX 16

struct row {
    const char *name; /* in upper case */
    size_t len;
    unsigned traits;
};

static const struct row rows[TAG_COUNT] = {
#define BLOCK             TAG_BLOCK
#define VOID              TAG_VOID
#define SKIP              TAG_SKIP
#define OPEN              TAG_OPEN
#define INLINE            TAG_INLINE
#define RAW               TAG_RAW
#define TAG(name, traits) [TAG_##name] = { #name, sizeof(#name) - 1, traits },
#include "worker/extract/tags.def"
#undef TAG
};

enum tag
tag_find(struct str name)
{
    size_t low = TAG_STRING + 1, high = TAG_COUNT;
    char upper[TAG_NAME_MAX];

    if (name.len == 0 || name.len > sizeof(upper))
        return TAG_OTHER;
    for (size_t i = 0; i < name.len; i++)
        upper[i] = (char)(name.p[i] >= 'a' && name.p[i] <= 'z' ? name.p[i] - 'a' + 'A' : name.p[i]);
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct row *r = &rows[middle];
        int order = memcmp(upper, r->name, name.len < r->len ? name.len : r->len);

        if (order == 0)
            order = name.len < r->len ? -1 : name.len > r->len;
        if (order == 0)
            return (enum tag)middle;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return TAG_OTHER;
}

unsigned
tag_traits(enum tag tag)
{
    return rows[tag].traits;
}
