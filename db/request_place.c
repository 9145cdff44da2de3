/* Where a new request goes, and whether its caller may make it: see request_create(). */
#include "db/db.h"
#include "db/request_private.h"
#include "lib/arena.h"

#include <string.h>

/* Transactions that may run at once: so many requests may be made unseen by a count. */
#define UNSEEN_MAX 500

/* ---- quotas ------------------------------------------------------------------ */

static bool
has_tokens(const struct request_new *in)
{
    return in->user_limits.tokens_per_day > 0 || in->key_limits.tokens_per_day > 0;
}

/* The user's unfinished responses are looked at in any case. */
static bool
is_limited(const struct request_new *in)
{
    return in->user_limits.requests_per_minute > 0 || in->key_limits.requests_per_minute > 0 ||
           in->key_limits.unfinished_max > 0 || has_tokens(in);
}

/* How long the new messages are, of which the model counts tokens. */
static int64_t
bytes_of(const struct request_new *in)
{
    size_t bytes = 0;

    for (size_t i = 0; i < in->message_count; i++)
        bytes += strlen(in->messages[i].content);
    return (int64_t)bytes;
}

/* What was set aside by the look-up: see quota_take() in the migrations. */
static struct err
read_quota(struct arena *a, const struct row *r, const struct request_new *in,
           struct request_place *out)
{
    out->use = (struct quota_use){
        .user = { in->user_limits, row_opt_int(r, "user_requests", 0),
                  row_opt_int(r, "user_reset_s", 0), row_opt_int(r, "user_tokens", 0) },
        .key = { in->key_limits, row_opt_int(r, "key_requests", 0),
                 row_opt_int(r, "key_reset_s", 0), row_opt_int(r, "key_tokens", 0) },
        .retry_after_s = row_opt_int(r, "retry_s", 0),
    };
    out->reserved_tokens = row_opt_int(r, "reserve", -1);
    return row_opt_str(r, "refused") ? err_fmt(a, ERR_RATE_LIMITED, "%s", row_str(r, "refused"))
                                     : OK;
}

/* Near the limit the count is repeated where those who make requests at the same time see it. */
static struct err
check_unfinished(struct db *db, struct arena *a, int64_t unfinished, int64_t most)
{
    struct row row;

    if (unfinished + UNSEEN_MAX <= most)
        return OK;
    if (unfinished >= most)
        return err_fmt(a, ERR_RATE_LIMITED, "%lld responses are unfinished: wait for some to end",
                       (long long)most);
    TRY(db_one(db, a, Q_REQUEST_UNFINISHED_EXACT, ARGS(arg_int(most)), &row));
    if (row_opt_str(&row, "refused"))
        return err_fmt(a, ERR_RATE_LIMITED, "%s", row_str(&row, "refused"));
    return OK;
}

/* ---- the look-up --------------------------------------------------------------- */

static struct err
look_up(struct db *db, struct arena *a, const struct request_new *in, struct row *row)
{
    const struct quota_limits *user = &in->user_limits, *key = &in->key_limits;
    struct arg most = arg_int(user->unfinished_max);

    if (is_limited(in))
        return db_one(db, a, Q_REQUEST_PLACE_LIMITED,
                      ARGS(arg_id(in->agent_id), arg_id(in->chat_id), arg_str(in->session_id), most,
                           arg_bool(has_tokens(in)), arg_int(in->reserve_tokens),
                           arg_int(bytes_of(in)), arg_int(user->requests_per_minute),
                           arg_int(user->tokens_per_day), arg_id(in->key_id),
                           arg_int(key->requests_per_minute), arg_int(key->unfinished_max),
                           arg_int(key->tokens_per_day)),
                      row);
    if (!id_is_set(in->chat_id) && !in->session_id)
        return db_one(db, a, Q_REQUEST_PLACE_NEW, ARGS(arg_id(in->agent_id), most), row);
    return db_one(db, a, Q_REQUEST_PLACE,
                  ARGS(arg_id(in->agent_id), arg_id(in->chat_id), arg_str(in->session_id), most),
                  row);
}

static struct err
check_there(const struct request_new *in, const struct request_place *at, const struct row *row)
{
    if (id_is_set(in->chat_id) && !id_is_set(at->chat_id))
        return ERR(ERR_NOT_FOUND, "chat not found");
    if (!id_is_set(in->agent_id) && !id_is_set(at->agent_id))
        return id_is_set(row_opt_id(row, "chat_agent_id")) || id_is_set(at->chat_id)
                   ? ERR(ERR_CONFLICT, "the chat's agent is gone: name another in agent_id")
                   : ERR(ERR_INVALID, "agent_id is needed to start a chat");
    return id_is_set(at->agent_id) ? OK : ERR(ERR_NOT_FOUND, "agent not found");
}

struct err
request_find_place(struct db *db, struct arena *a, const struct request_new *in,
                   struct request_place *out)
{
    struct row row;

    *out = (struct request_place){ .reserved_tokens = -1 };
    TRY(look_up(db, a, in, &row));
    out->chat_id = row_opt_id(&row, "chat_id");
    out->agent_id = row_opt_id(&row, "agent_id");
    TRY(check_there(in, out, &row));
    if (is_limited(in))
        TRY(read_quota(a, &row, in, out));
    TRY(check_unfinished(db, a, row_int(&row, "unfinished"), in->user_limits.unfinished_max));
    if (row_bool(&row, "busy") && in->if_busy == BUSY_REJECT)
        return ERR(ERR_CONFLICT, "the chat has an active request");
    if (row_bool(&row, "busy") && in->if_busy == BUSY_REPLACE)
        return request_cancel_chat(db, a, out->chat_id);
    return OK;
}
