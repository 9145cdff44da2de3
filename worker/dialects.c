/* The table of dialects. */
#include "worker/dialect.h"

#include <string.h>

static const struct dialect *const dialects[] = { &dialect_chat_completions, &dialect_extractive };

const struct dialect *
dialect_find(const char *kind)
{
    for (size_t i = 0; i < sizeof(dialects) / sizeof(dialects[0]); i++)
        if (strcmp(dialects[i]->kind, kind) == 0)
            return dialects[i];
    return NULL;
}
