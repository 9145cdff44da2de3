#include "app/once.h"

#include "app/request.h"
#include "app/routes.h"
#include "db/idempotency.h"
#include "lib/arena.h"
#include "lib/config.h"
#include "lib/secret.h"
#include "lib/str.h"

#include <string.h>

/*
 * The header is a quoted string (RFC 8941); the bare word that many send is taken as well. An
 * empty one is none: *key stays NULL.
 */
static bool
read_key(struct request *rq, const char **key)
{
    struct str s = str_trim(str_from(rq->wire.idempotency_key));

    if (s.len >= 2 && s.p[0] == '"' && s.p[s.len - 1] == '"')
        s = (struct str){ s.p + 1, s.len - 2 };
    if (s.len > IDEMPOTENCY_KEY_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    *key = s.len ? str_dup(rq->arena, s) : NULL;
    return true;
}

static const char *
body_hash(struct request *rq)
{
    uint8_t hash[SECRET_HASH_BYTES];
    struct buf hex;

    secret_hash(rq->body.data, rq->body.len, hash);
    buf_init(&hex, rq->arena, 2 * sizeof(hash));
    for (size_t i = 0; i < sizeof(hash); i++)
        buf_printf(&hex, "%02x", hash[i]);
    return hex.data;
}

/*
 * Only the holder of the credential that made the secret can see it again; and
 * not without our key, for what a proxy states is no secret.
 */
static const char *
sealing_key(struct request *rq, const char *token, const char *key)
{
    char *hex = arena_alloc(rq->arena, 65);

    secret_hash_hex(arena_printf(rq->arena, "%s %s %s", config_str(SET_SECRET_KEY), token, key),
                    hex);
    return hex;
}

static struct err
replay(struct request *rq, struct reply *rp, const struct once *once,
       const struct idempotency_reply *first)
{
    const char *body = first->body;

    if (once->secret &&
        secret_open(rq->arena, once->secret, once->key, first->body, &body).code != ERR_NONE)
        return ERR(ERR_CONFLICT, "this was done before, under other credentials; its secret is "
                                 "shown to nobody else");
    (void)reply_json(rp, first->status);
    buf_add_str(&rp->body, body);
    rp->location = first->location;
    reply_header(rp, "Idempotent-Replayed", "true");
    return OK;
}

struct err
once_begin(struct request *rq, struct reply *rp, const char *token, struct once *once,
           bool *replayed)
{
    struct idempotency_reply first;
    struct idempotency use = {
        .route = arena_printf(rq->arena, "%s %s", method_names[rq->route->method], rq->path),
    };

    *replayed = false;
    *once = (struct once){ NULL, NULL };
    if (!rq->wire.idempotency_key || !(rq->route->flags & ROUTE_CREATES))
        return OK;
    if (!read_key(rq, &use.key))
        return ERR(ERR_MALFORMED, "Idempotency-Key must be at most 255 visible ASCII characters");
    if (!use.key)
        return OK;
    use.body_hash = body_hash(rq);
    once->key = use.key;
    if (rq->route->flags & ROUTE_SHOWS_SECRET)
        once->secret = sealing_key(rq, token, use.key);
    TRY(idempotency_begin(rq->db, rq->arena, &use, replayed, &first));
    return *replayed ? replay(rq, rp, once, &first) : OK;
}

struct err
once_end(struct request *rq, const struct reply *rp, const struct once *once)
{
    struct idempotency_reply reply = { rp->status, rp->location, rp->body.data };

    if (!once->key)
        return OK;
    if (once->secret)
        TRY(secret_seal(rq->arena, once->secret, once->key, rp->body.data, &reply.body));
    return idempotency_end(rq->db, once->key, &reply);
}
