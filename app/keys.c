/* /api/keys: API keys of the caller. */
#include "app/audit.h"
#include "app/handlers.h"
#include "app/request.h"
#include "db/api_key.h"
#include "lib/arena.h"
#include "lib/secret.h"

#define LIMIT_MAX  INT32_MAX
#define TOKENS_MAX INT64_C(1000000000000)

static void
write_limit(struct json_writer *w, const char *name, int64_t limit)
{
    if (limit > 0)
        jw_int(w, name, limit);
    else
        jw_null(w, name);
}

static void
write_members(struct json_writer *w, const struct api_key *k)
{
    jw_id(w, "id", k->id);
    jw_str(w, "name", k->name);
    jw_str(w, "scope", k->scope);
    jw_str(w, "hint", k->hint);
    jw_str(w, "created_at", k->created_at);
    jw_str(w, "expires_at", k->expires_at);
    jw_str(w, "last_used_at", k->last_used_at);
    write_limit(w, "requests_per_minute", k->limits.requests_per_minute);
    write_limit(w, "unfinished_max", k->limits.unfinished_max);
    write_limit(w, "tokens_per_day", k->limits.tokens_per_day);
}

struct err
keys_list(struct request *rq, struct reply *rp)
{
    struct page page = request_page(rq);
    struct json_writer *w;
    struct api_key *list;
    size_t count;

    TRY(api_key_list(rq->db, rq->arena, &page, &list, &count));
    w = reply_list(rp, &page);
    for (size_t i = 0; i < count && reply_row(rp, list[i].created_at, list[i].id); i++) {
        jw_object(w, NULL);
        write_members(w, &list[i]);
        jw_object_end(w);
    }
    reply_list_end(rp);
    return OK;
}

struct err
keys_create(struct request *rq, struct reply *rp)
{
    struct json_reader *in = request_json(rq);
    const char *name = jr_str(in, "name", 1, API_KEY_NAME_MAX);
    int scope = jr_opt_word(in, "scope", auth_scope_names);
    const char *expires_at = request_opt_time(in, "expires_at"), *text;
    struct quota_limits limits = {
        .requests_per_minute = jr_opt_int(in, "requests_per_minute", 1, LIMIT_MAX, 0),
        .unfinished_max = jr_opt_int(in, "unfinished_max", 1, LIMIT_MAX, 0),
        .tokens_per_day = jr_opt_int(in, "tokens_per_day", 1, TOKENS_MAX, 0),
    };
    char token[SECRET_TOKEN_TEXT + 1];
    struct json_writer *w;
    struct api_key key;

    TRY(jr_check(in));
    secret_token(token);
    text = arena_printf(rq->arena, "%s%s", API_KEY_PREFIX, token);
    TRY(api_key_insert(rq->db, rq->arena, text, name,
                       scope < 0 ? SCOPE_WRITE : (enum auth_scope)scope, expires_at, &limits,
                       &key));
    TRY(audit(rq, AUDIT_KEY_MADE, key.id, key.scope));

    w = reply_created(rp, "/api/keys/%s", key.id.s);
    jw_object(w, NULL);
    write_members(w, &key);
    jw_str(w, "key", text);
    jw_object_end(w);
    return OK;
}

struct err
keys_delete(struct request *rq, struct reply *rp)
{
    TRY(api_key_delete(rq->db, rq->arena, rq->id));
    TRY(audit(rq, AUDIT_KEY_REVOKED, rq->id, NULL));
    reply_empty(rp);
    return OK;
}
