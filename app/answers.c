/* /api/agents/{id}/chat, /api/agents/{id}/conversations: questions whose answer is waited for. */
#include "app/app.h"
#include "app/handlers.h"
#include "app/request.h"
#include "db/chat.h"
#include "db/request.h"
#include "db/visitor.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/secret.h"

#include <poll.h>
#include <string.h>

#define WAIT_MS 20000 /* nginx gives the app 30 s */
#define LOOK_MS 40

struct question {
    const char *message;    /* NULL: wait for an answer that was asked for before */
    const char *session;    /* as the client says it; NULL for none */
    const char *session_id; /* as chats have it */
    struct id request_id;
    bool stream; /* do not wait: the client follows the answer */
};

static void
read_question(struct request *rq, struct question *q)
{
    struct json_reader *in = request_json(rq);

    q->message = jr_opt_str(in, "message", 1, REQUEST_TEXT_MAX);
    q->session = jr_opt_str(in, "session_id", 1, VISITOR_SESSION_MAX);
    q->request_id = jr_opt_id(in, "request_id");
    q->stream = jr_opt_bool(in, "stream", false);
    if (request_is_absent(in, "message") == request_is_absent(in, "request_id"))
        jr_problem(in, "message", "is required, or request_id in its place");
}

/* Whoever is not known speaks in the name of the agent's owner, in a session of their own. */
static struct err
admit(struct request *rq, struct question *q)
{
    char token[SECRET_TOKEN_TEXT + 1];

    q->session_id = q->session;
    if (rq->has_caller)
        return OK;
    if (!q->session && id_is_set(q->request_id)) {
        jr_problem(&rq->json, "session_id", "is required with request_id");
        return jr_check(&rq->json);
    }
    if (!q->session) {
        secret_token(token);
        q->session = arena_strdup(rq->arena, token);
    }
    q->session_id = visitor_session(rq->arena, q->session);
    /* To ask for an answer again is no question. */
    TRY(visitor_admit(rq->db, rq->arena, rq->id, q->session, rq->wire.address,
                      q->message ? config_int(SET_VISITOR_RATE) : 0, &rq->caller.user_id,
                      &rq->retry_after_s));
    rq->has_caller = true;
    return OK;
}

static struct err
ask(struct request *rq, const struct question *q, struct id *request_id)
{
    struct message_text message = { "user", q->message };
    struct request_new new = { .user_id = rq->caller.user_id,
                               .agent_id = rq->id,
                               .session_id = q->session_id,
                               .messages = &message,
                               .message_count = 1,
                               .if_busy = BUSY_QUEUE,
                               .http_request_id = rq->request_id,
                               .traceparent = request_traceparent(rq),
                               .user_limits = { config_int(SET_USER_REQUESTS),
                                                config_int(SET_USER_QUEUED),
                                                config_int(SET_USER_TOKENS) },
                               .key_id = rq->caller.is_key ? rq->caller.credential_id : ID_NONE,
                               .key_limits = rq->caller.limits,
                               .reserve_tokens = config_int(SET_RESERVE_TOKENS) };
    struct request_made made = { .request_id = ID_NONE };
    struct err e = request_create(rq->db, rq->arena, &new, &rq->quota, &made);

    rq->retry_after_s = rq->quota.retry_after_s;
    *request_id = made.request_id;
    return e;
}

/* An answer that was asked for before, by the same session. */
static struct err
find(struct request *rq, const struct question *q)
{
    struct request_info info;
    struct chat chat;
    bool same;

    TRY(request_get(rq->db, rq->arena, q->request_id, &info));
    TRY(chat_get(rq->db, rq->arena, info.chat_id, &chat));
    same = !q->session_id || (chat.session_id && strcmp(chat.session_id, q->session_id) == 0);
    if (!same || !id_eq(info.agent_id, rq->id))
        return ERR(ERR_NOT_FOUND, "request not found");
    return OK;
}

static bool
is_final(const struct request_info *info)
{
    return strcmp(info->status, "queued") != 0 && strcmp(info->status, "streaming") != 0;
}

/* Look until it has ended, as long as a process may be spared for that. */
static struct err
await(struct request *rq, struct id request_id, struct request_info *info)
{
    int64_t until = clock_mono_ms() + WAIT_MS;
    bool may_wait = slots_take(&rq->app->slots, SLOT_WAIT);
    struct err e;

    do {
        e = request_get(rq->db, rq->arena, request_id, info);
        if (e.code || is_final(info) || !may_wait)
            break;
        (void)poll(NULL, 0, LOOK_MS);
    } while (clock_mono_ms() < until);
    if (may_wait)
        slots_release(&rq->app->slots, SLOT_WAIT);
    return e;
}

/* Where the answer can be watched: by whoever was let in, or by a visitor of that session. */
static const char *
stream_url(struct request *rq, const struct question *q, const struct request_info *info)
{
    if (q->session_id == q->session)
        return arena_printf(rq->arena, "/api/requests/%s/stream", info->id.s);
    return arena_printf(rq->arena, "/api/requests/%s/visitor-stream?token=%s", info->id.s,
                        visitor_token(rq->arena, q->session_id, info->id));
}

static void
write_answer(struct request *rq, struct reply *rp, const struct question *q,
             const struct request_info *info)
{
    bool final = is_final(info);
    struct json_writer *w = reply_json(rp, final ? 200 : 202);

    jw_object(w, NULL);
    jw_str(w, "status", final ? info->status : "processing");
    jw_str(w, "response", info->final_response);
    jw_raw(w, "sources", info->sources ? info->sources : "[]");
    jw_raw(w, "error", info->error);
    jw_id(w, "conversation_id", info->chat_id);
    jw_str(w, "session_id", q->session);
    jw_id(w, "request_id", info->id);
    jw_str(w, "stream_url", final ? NULL : stream_url(rq, q, info));
    jw_object_end(w);
}

struct err
answers_create(struct request *rq, struct reply *rp)
{
    struct request_info info;
    struct question q;
    struct id id;

    read_question(rq, &q);
    TRY(jr_check(&rq->json));
    TRY(admit(rq, &q));
    id = q.request_id;
    TRY(q.message ? ask(rq, &q, &id) : find(rq, &q));
    TRY(request_next(rq, TX_READ));
    TRY(q.stream ? request_get(rq->db, rq->arena, id, &info) : await(rq, id, &info));
    write_answer(rq, rp, &q, &info);
    return OK;
}
