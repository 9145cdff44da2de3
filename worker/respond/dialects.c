/* The table of dialects. */
#include "worker/respond/dialect.h"

#include <string.h>

const struct dialect *const dialects[] = { &dialect_chat_completions, &dialect_responses,
                                           &dialect_extractive, NULL };

const struct dialect *
dialect_find(const char *kind)
{
    for (size_t i = 0; dialects[i]; i++)
        if (strcmp(dialects[i]->kind, kind) == 0)
            return dialects[i];
    return NULL;
}
