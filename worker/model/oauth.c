#include "worker/model/oauth.h"

#include "db/agent.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/http.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/url.h"
#include "worker/attempt.h"
#include "worker/model/upstream.h"

#include <string.h>

#define KEPT          256 /* tokens; the oldest gives way */
#define EARLY_MS      300000
#define EXPIRES_MAX_S 86400
#define TOKEN_MAX     ((size_t)16 * 1024) /* bytes */
#define CALL_MS       30000

struct kept {
    char key[65];
    struct arena *arena; /* of the token */
    const char *token;
    int64_t until_ms;
};

struct oauth {
    struct kept list[KEPT];
    size_t next;
};

static void
drop(struct kept *one)
{
    arena_free(one->arena);
    *one = (struct kept){ 0 };
}

static void
drop_all(void *arg)
{
    struct oauth *t = arg;

    for (size_t i = 0; i < KEPT; i++)
        drop(&t->list[i]);
}

struct oauth *
oauth_new(struct arena *a)
{
    struct oauth *t = ARENA_NEW(a, struct oauth);

    arena_defer(a, drop_all, t);
    return t;
}

/* ---- what is kept -------------------------------------------------------------- */

static void
key_of(const struct oauth_call *c, char out[65])
{
    secret_hash_hex(arena_printf(c->arena, "%s\n%s\n%s\n%s", c->agent_id.s, c->endpoint_url,
                                 c->client_id, c->sealed),
                    out);
}

static struct kept *
find(const struct oauth_call *c)
{
    struct oauth *t = c->services->tokens;
    char key[65];

    key_of(c, key);
    for (size_t i = 0; i < KEPT; i++)
        if (t->list[i].token && strcmp(t->list[i].key, key) == 0)
            return &t->list[i];
    return NULL;
}

int64_t
oauth_kept_ms(int64_t expires_s)
{
    int64_t life_ms = expires_s * 1000;

    return life_ms - (life_ms / 2 < EARLY_MS ? life_ms / 2 : EARLY_MS);
}

static void
keep(const struct oauth_call *c, const char *token, int64_t expires_s)
{
    struct oauth *t = c->services->tokens;
    struct kept *one = find(c);

    if (!one)
        one = &t->list[t->next++ % KEPT];
    drop(one);
    one->arena = arena_new();
    one->token = arena_strdup(one->arena, token);
    one->until_ms = clock_mono_ms() + oauth_kept_ms(expires_s);
    key_of(c, one->key);
}

void
oauth_forget(const struct oauth_call *c)
{
    struct kept *one = find(c);

    if (one)
        drop(one);
}

/* ---- a new one ------------------------------------------------------------------ */

struct err
oauth_read(struct arena *a, const char *body, size_t len, const char **token, int64_t *expires_s)
{
    struct str root, text;
    int64_t s;

    if (len > OAUTH_BODY_MAX || json_check(a, body, len).code)
        return ERR(ERR_UPSTREAM, "The sign-in server sent something that is no token.");
    root = json_value((struct str){ body, len });
    text = json_text(a, json_member(root, "access_token"));
    if (text.len == 0 || text.len > TOKEN_MAX || strcspn(str_dup(a, text), " \t\r\n") < text.len)
        return ERR(ERR_UPSTREAM, "The sign-in server sent something that is no token.");
    s = json_int(json_member(root, "expires_in"));
    *token = str_dup(a, text);
    *expires_s = s < 0 ? 0 : s > EXPIRES_MAX_S ? EXPIRES_MAX_S : s;
    return OK;
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct oauth_call *c = arg;

    buf_add(&c->body, bytes, len);
    return buf_ok(&c->body);
}

static struct err
outcome(struct oauth_call *c, const struct http_reply *reply, const char **token)
{
    int64_t expires_s;

    if (reply->err.code)
        return upstream_broken(c->arena, reply);
    if (reply->status == 400 || reply->status == 401)
        return ERR(ERR_UNAUTHENTICATED,
                   "The sign-in server refused the agent's client_id and secret.");
    if (reply->status != 200)
        return upstream_refused(c->arena, reply->status, c->body.data, c->body.len);
    TRY(oauth_read(c->arena, c->body.data, c->body.len, token, &expires_s));
    keep(c, *token, expires_s);
    return OK;
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct oauth_call *c = arg;
    const char *token = NULL;
    struct err e;

    c->transfer = NULL;
    e = outcome(c, reply, &token);
    c->done(c->arg, e, token);
}

/* The token's server is the agent's own host. */
static struct err
token_url(struct arena *a, const char *endpoint, const char **out)
{
    struct url url;

    TRY(url_parse(a, endpoint, &url));
    *out = arena_printf(a, "%s://%s:%d/oidc/v1/token", url.https ? "https" : "http", url.host,
                        url.port);
    return OK;
}

static struct err
fetch(struct oauth_call *c)
{
    static const char body[] = "grant_type=client_credentials&scope=all-apis";
    struct http_header headers[2] = { { "Content-Type", "application/x-www-form-urlencoded" },
                                      { "Authorization", NULL } };
    struct http_request rq = { .headers = headers,
                               .header_count = 2,
                               .body = body,
                               .body_len = sizeof(body) - 1,
                               .gate = true,
                               .allow = config_str(SET_ALLOW_PRIVATE),
                               .connect_ms = config_int(SET_MODEL_CONNECT_S) * 1000,
                               .total_ms = CALL_MS,
                               .body_max = (int64_t)OAUTH_BODY_MAX,
                               .arg = c,
                               .on_data = on_data,
                               .on_end = on_end };
    const char *plain;

    if (!c->sealed || !c->endpoint_url || !c->client_id)
        return ERR(ERR_INVALID, "The agent has no secret to sign in with.");
    TRY(token_url(c->arena, c->endpoint_url, &rq.url));
    if (secret_open(c->arena, config_str(SET_SECRET_KEY),
                    agent_credential_context(c->arena, c->agent_id), c->sealed, &plain)
            .code)
        return ERR(ERR_INVALID, "The agent's secret cannot be read; store it again.");
    headers[1].value = secret_basic(c->arena, c->client_id, plain);
    buf_init(&c->body, c->arena, OAUTH_BODY_MAX);
    c->transfer = http_send(c->services->http, &rq);
    return OK;
}

void
oauth_get(struct oauth_call *c)
{
    struct kept *one = c->sealed && c->client_id && c->endpoint_url ? find(c) : NULL;
    struct err e;

    c->transfer = NULL;
    if (one && one->until_ms > clock_mono_ms()) {
        c->done(c->arg, OK, arena_strdup(c->arena, one->token));
        return;
    }
    e = fetch(c);
    if (e.code)
        c->done(c->arg, e, NULL);
}

void
oauth_cancel(struct oauth_call *c)
{
    if (c->transfer)
        http_cancel(c->transfer);
    c->transfer = NULL;
}
