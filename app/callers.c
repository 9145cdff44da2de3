#include "app/callers.h"

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/secret.h"

#include <string.h>

#define PLACES 2048 /* a power of two; a caller whose place is taken takes it over */

struct place {
    uint8_t hash[SECRET_HASH_BYTES]; /* of the token, which is kept nowhere */
    enum credential kind;
    int64_t until_ms; /* 0: empty */
    struct auth_caller caller;
};

struct callers {
    struct place places[PLACES];
};

struct callers *
callers_new(struct arena *a)
{
    return ARENA_NEW(a, struct callers);
}

static struct place *
place_of(struct callers *c, const char *token, uint8_t hash[SECRET_HASH_BYTES])
{
    secret_hash(token, strlen(token), hash);
    return &c->places[(hash[0] | hash[1] << 8) % PLACES];
}

static bool
is_at(const struct place *p, enum credential kind, const uint8_t hash[SECRET_HASH_BYTES])
{
    return p->until_ms > clock_mono_ms() && p->kind == kind &&
           memcmp(p->hash, hash, SECRET_HASH_BYTES) == 0;
}

bool
callers_find(struct callers *c, enum credential kind, const char *token, struct auth_caller *out)
{
    uint8_t hash[SECRET_HASH_BYTES];
    const struct place *p = place_of(c, token, hash);

    if (!is_at(p, kind, hash))
        return false;
    *out = p->caller;
    return true;
}

void
callers_add(struct callers *c, enum credential kind, const char *token,
            const struct auth_caller *caller)
{
    uint8_t hash[SECRET_HASH_BYTES];
    struct place *p = place_of(c, token, hash);

    p->kind = kind;
    p->caller = *caller;
    p->caller.is_stale = false;
    p->until_ms = clock_mono_ms() + CALLERS_KEEP_MS;
    memcpy(p->hash, hash, sizeof(hash));
}

void
callers_forget(struct callers *c, enum credential kind, const char *token)
{
    uint8_t hash[SECRET_HASH_BYTES];
    struct place *p = place_of(c, token, hash);

    if (is_at(p, kind, hash))
        p->until_ms = 0;
}
