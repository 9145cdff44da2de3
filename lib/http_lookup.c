#include "lib/http_lookup.h"

#include <assert.h>

bool
http_lookup_begin(struct http_lookups *l, const char *name)
{
    size_t same = 0;

    for (size_t i = 0; i < l->count && same < LOOKUP_SAME_MAX; i++)
        same += strcmp(l->names[i], name) == 0;
    if (l->count == LOOKUP_MAX || same == LOOKUP_SAME_MAX)
        return false;
    l->names[l->count++] = name;
    return true;
}

void
http_lookup_end(struct http_lookups *l, const char *name)
{
    size_t i = 0;

    while (i < l->count && l->names[i] != name)
        i++;
    assert(i < l->count);
    l->names[i] = l->names[--l->count];
}
