/* The table of dialects, and what they have in common. */
#include "worker/model/dialect.h"

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

bool
dialect_concede(const struct dialect *d, int status, const char *body, unsigned *concessions)
{
    if (status != 400 && status != 422)
        return false;
    for (const struct dialect_refusal *r = d->refusals; r->named; r++) {
        if (!strstr(body, r->named) || *concessions & r->bit)
            continue;
        *concessions |= r->bit;
        return true;
    }
    return false;
}
