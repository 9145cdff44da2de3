/* Job "respond": have an agent answer a request. */
#include "worker/respond/respond.h"

#include "lib/arena.h"
#include "lib/log.h"
#include "worker/flusher.h"
#include "worker/kind.h"
#include "worker/model/upstream.h"

#include <string.h>

#define SPEAK_MS    30 /* between the words of an answer that needed no model */
#define SPEAK_WORDS 2

/* ---- speaking without a model ---------------------------------------------------------- */

/* The next words of the answer, with the white space behind them. */
static struct str
next_words(const char *text)
{
    size_t i = 0;

    for (int words = 0; text[i] && words < SPEAK_WORDS; words++) {
        i += strcspn(text + i, " \n");
        i += strspn(text + i, " \n");
    }
    return (struct str){ text, i };
}

static void
speak(struct attempt *at)
{
    struct respond *r = at->state;
    struct str words = next_words(r->answer.text + r->spoken);
    struct dialect_heard heard = { .type = HEARD_TEXT, .text = words };

    respond_trace_speak(r);
    if (words.len == 0) {
        respond_end(r, RESPOND_COMPLETED, "stop");
        return;
    }
    r->spoken += words.len;
    if (respond_say(r, &heard, 1, OK))
        attempt_wait(at, SPEAK_MS, speak);
}

/* ---- the beginning ------------------------------------------------------------------------ */

/* The stream and transcript of this attempt, with what an earlier one left open closed. */
static void
open_stream(struct respond *r)
{
    struct event_item *earlier = r->transcript.earlier;
    size_t count = r->transcript.earlier_count;
    struct event events[REQUEST_CLOSE_EVENTS];

    stream_open(&r->stream, flusher_collector(r->at->services->flusher), r->task.id,
                r->task.user_id, r->at->job.attempt, r->task.last_seq + 1);
    transcript_begin(&r->transcript, r->at->arena, &r->stream, r->task.id, r->task.next_item);
    r->transcript.earlier = earlier;
    r->transcript.earlier_count = count;
    for (size_t i = 0; i < count; i++) {
        struct event like = { .item = earlier[i].item, .data = earlier[i].data };
        size_t n = earlier[i].done ? 0 : request_close_item(&like, earlier[i].added, events);

        for (size_t k = 0; k < n; k++)
            stream_event(&r->stream, events[k].type, events[k].item, events[k].data);
        earlier[i].done = true;
    }
    r->phase = RESPOND_SPEAKING;
}

static void begin(struct attempt *at);
static void end_loaded(struct attempt *at, struct err err);

/*
 * True when nothing was loaded, and this has been dealt with. The database may be
 * away for however long: neither shall that use up an attempt nor leave the
 * request open. What it cannot load is at least ended.
 */
static bool
is_not_loaded(struct attempt *at, struct err err)
{
    struct respond *r = at->state;

    if (!err.code)
        return false;
    if (err.code == ERR_UNAVAILABLE || err.code == ERR_TIMEOUT) {
        attempt_wait(at, RESPOND_AGAIN_MS, begin);
    } else if (r->fault.code) {
        attempt_fail(at, err);
    } else {
        log_error("request_not_loaded", LOG_S("response_id", at->job.subject_id.s),
                  LOG_S("msg", err.msg));
        r->fault = ERR(ERR_INTERNAL, "The conversation could not be loaded.");
        r->fault_name = "server_error";
        attempt_work(at, respond_load_end, end_loaded);
    }
    return true;
}

static void
open_answer(struct attempt *at)
{
    struct respond *r = at->state;

    open_stream(r);
    stream_event(&r->stream, EVENT_IN_PROGRESS, 0, r->members);
    flusher_wake(at->services->flusher);
    if (attempt_is_cancelled(at))
        respond_end(r, RESPOND_CANCELLED, "cancelled");
    else if (attempt_is_returning(at))
        respond_end(r, RESPOND_RETURN, NULL);
    else if (r->unasked.code)
        respond_fail(r, r->unasked, upstream_error_name(r->unasked), -1);
    else if (r->dialect->answer)
        speak(at);
    else if (respond_has_tools(r))
        respond_tools_open(r);
    else if (r->task.databricks_oauth)
        respond_sign_in(r);
    else
        respond_call(r);
}

static void
found(struct attempt *at, struct err err)
{
    if (!is_not_loaded(at, err))
        open_answer(at);
}

/* Without a vector, whatever the reason, the question's words alone are looked for. */
static void
embedded(void *arg, struct err err)
{
    struct respond *r = arg;

    (void)err;
    attempt_work(r->at, respond_find, found);
}

static void
embed_question(struct respond *r)
{
    struct dialect_question *q = &r->question;
    const char **text = ARENA_NEW(r->at->arena, const char *);

    *text = q->messages[q->message_count - 1].content;
    r->embedding.services = r->at->services;
    r->embedding.arena = r->at->arena;
    r->embedding.agent_id = r->task.agent_id;
    r->embedding.texts = text;
    r->embedding.count = 1;
    r->embedding.total_ms = EMBED_QUESTION_MS;
    r->embedding.arg = r;
    r->embedding.done = embedded;
    embed_call_start(&r->embedding);
}

static void
loaded(struct attempt *at, struct err err)
{
    struct respond *r = at->state;

    if (is_not_loaded(at, err))
        return;
    if (r->gone)
        attempt_end(at, JOB_END_CANCELLED, "the request had ended");
    else if (r->embedding.agent.url)
        embed_question(r);
    else
        open_answer(at);
}

/* It is to end, which it does once it is open. */
static void
wait_for_no_vector(struct respond *r)
{
    if (embed_call_cancel(&r->embedding))
        embedded(r, OK);
}

static void
cancel(struct attempt *at)
{
    struct respond *r = at->state;

    if (r->phase == RESPOND_SPEAKING)
        respond_end(r, RESPOND_CANCELLED, "cancelled");
    else
        wait_for_no_vector(r);
}

static void
hand_back(struct attempt *at)
{
    struct respond *r = at->state;

    if (r->phase == RESPOND_SPEAKING)
        respond_end(r, RESPOND_RETURN, NULL);
    else
        wait_for_no_vector(r);
}

static void
stop(struct attempt *at)
{
    struct respond *r = at->state;

    if (!r)
        return;
    respond_let_go(r);
    stream_drop(&r->stream);
}

/* ---- jobs that are not to be run -------------------------------------------------------- */

static void
set_refusal(struct respond *r)
{
    if (r->fault.code)
        return;
    if (r->at->job.expired) {
        r->fault = ERR(ERR_INTERNAL, "The request waited past its deadline.");
        r->fault_name = "expired";
    } else {
        r->fault = ERR(ERR_INTERNAL, "The answer could not be made: the worker that was making it "
                                     "stopped unexpectedly, several times.");
        r->fault_name = "worker_lost";
    }
}

static void
end_loaded(struct attempt *at, struct err err)
{
    struct respond *r = at->state;

    if (is_not_loaded(at, err))
        return;
    if (r->gone) {
        attempt_end(at, at->job.cancel ? JOB_END_CANCELLED : JOB_END_DISCARDED,
                    attempt_refusal(at));
        return;
    }
    open_stream(r);
    if (at->job.cancel) {
        respond_end(r, RESPOND_CANCELLED, "cancelled");
        return;
    }
    set_refusal(r);
    respond_end(r, RESPOND_FAILED, "error");
}

static void
begin(struct attempt *at)
{
    struct respond *r = at->state;

    *r = (struct respond){ .at = at, .traced = r->traced };
    respond_trace_load(r);
    if (attempt_refusal(at))
        attempt_work(at, respond_load_end, end_loaded);
    else
        attempt_work(at, respond_load, loaded);
}

static void
start(struct attempt *at)
{
    struct respond *r = at->state = ARENA_NEW(at->arena, struct respond);

    r->at = at;
    respond_trace_start(r);
    begin(at);
}

const struct kind kind_respond = {
    .name = REQUEST_KIND,
    .queue = REQUEST_QUEUE,
    .summary = "Have an agent answer a request",
    .max_attempts = REQUEST_ATTEMPTS,
    .timeout_s = 0, /* the transfer has its own limits, see worker/model/model.c */
    .backoff_ms = 500,
    .backoff_max_ms = 30000,
    .start = start,
    .cancel = cancel,
    .hand_back = hand_back,
    .stop = stop,
    .give_up = start,
};
