/* Job "respond": have an agent answer a request. */
#include "worker/respond.h"

#include "lib/arena.h"
#include "lib/http.h"
#include "lib/log.h"
#include "lib/url.h"
#include "worker/citation.h"
#include "worker/flusher.h"
#include "worker/kind.h"
#include "worker/model.h"
#include "worker/upstream.h"

#include <string.h>

#define BODY_MAX          (INT64_C(1) << 30) /* bytes of a reply; the answer's own limit is far below */
#define LINGER_MS         250 /* for a server to close after it said that it was done */
#define SPEAK_MS          30  /* between the words of an answer that needed no model */
#define SPEAK_WORDS       2
#define DATABASE_AGAIN_MS 200 /* before what the database could not do is tried again */

/* ---- the end ---------------------------------------------------------------------- */

static void stored(struct attempt *at, struct err err);

static void
store(struct attempt *at)
{
    attempt_work(at, respond_store, stored);
}

static void
store_landed(void *arg)
{
    store(((struct respond *)arg)->at);
}

static void
stored(struct attempt *at, struct err err)
{
    struct job_end end = respond_job_end(at->state);

    if (err.code == ERR_UNAVAILABLE || err.code == ERR_TIMEOUT) {
        attempt_wait(at, DATABASE_AGAIN_MS, store);
    } else if (err.code == ERR_CONFLICT) {
        /* Ended already: by a cancel of its chat, or by this very write, whose answer got lost. */
        attempt_end(at, JOB_END_CANCELLED, "the request had ended");
    } else if (err.code) {
        log_error("response_not_stored", LOG_S("response_id", at->job.subject_id.s),
                  LOG_S("msg", err.msg));
        attempt_fail(at, err);
    } else {
        attempt_ended(at, &end);
    }
}

static void
let_go(struct respond *r)
{
    attempt_wait_no_more(r->at);
    if (r->transfer)
        http_cancel(r->transfer);
    r->transfer = NULL;
}

static enum event_type
terminal_event(const struct respond *r)
{
    if (r->end == RESPOND_FAILED)
        return EVENT_FAILED;
    if (r->end == RESPOND_CANCELLED || strcmp(r->finish_reason, "length") == 0 ||
        strcmp(r->finish_reason, "content_filter") == 0)
        return EVENT_INCOMPLETE;
    return EVENT_COMPLETED;
}

static void
annotate(struct respond *r)
{
    struct arena *a = r->at->arena;
    struct citation *list;
    size_t n = citation_find(a, transcript_content(&r->transcript, true), r->passages,
                             r->passage_count, &list);

    for (size_t i = 0; i < n; i++)
        transcript_annotate(&r->transcript, citation_annotation(a, &list[i]));
}

/* r->end and what belongs to it are set: write it, after what is in flight. */
static void
end(struct respond *r, enum respond_end how, const char *finish_reason)
{
    struct attempt *at = r->at;
    bool final = how != RESPOND_RETRY && how != RESPOND_RETURN;
    enum event_type terminal;

    let_go(r);
    r->phase = RESPOND_ENDING;
    r->end = how;
    r->finish_reason = finish_reason;
    if (how == RESPOND_COMPLETED && r->passage_count > 0)
        annotate(r);
    terminal = final ? terminal_event(r) : EVENT_INCOMPLETE;
    transcript_end(&r->transcript, terminal == EVENT_COMPLETED);
    if (final)
        stream_event(&r->stream, terminal, 0, NULL);
    r->last_seq = r->stream.next_seq - 1;
    if (stream_close(&r->stream, at->arena, &r->events, &r->event_count, store_landed, r))
        store(at);
}

static void
end_failed(struct respond *r, struct err why, const char *name, int64_t retry_after_ms)
{
    r->fault = why;
    r->fault_name = name;
    if (attempt_may_retry(r->at, why)) {
        r->delay_ms = attempt_delay_ms(r->at, retry_after_ms);
        end(r, RESPOND_RETRY, NULL);
    } else {
        end(r, RESPOND_FAILED, "error");
    }
}

/* ---- listening to a model ------------------------------------------------------------ */

static struct err
take(struct respond *r, const struct dialect_heard *list, size_t n)
{
    struct transcript *t = &r->transcript;

    for (size_t i = 0; i < n; i++) {
        const struct dialect_heard *h = &list[i];

        if (h->type == HEARD_TEXT)
            TRY(transcript_text(t, h->text));
        else if (h->type == HEARD_REASONING)
            TRY(transcript_reasoning(t, h->text));
        else if (h->type == HEARD_CALL)
            TRY(transcript_call(t, h->call, h->call_id, h->name));
        else
            TRY(transcript_arguments(t, h->call, h->text));
    }
    return OK;
}

/* What was heard is said, also when something went wrong behind it. True while the answer goes on.
 */
static bool
say(struct respond *r, const struct dialect_heard *list, size_t n, struct err heard)
{
    struct err e = take(r, list, n);

    arena_reset(r->at->services->scratch);
    flusher_wake(r->at->services->flusher);
    if (e.code == ERR_TOO_LARGE) {
        end(r, RESPOND_COMPLETED, "length");
        return false;
    }
    if (heard.code)
        e = heard;
    if (e.code)
        end_failed(r, e, upstream_error_name(e), -1);
    return !e.code;
}

static void
complete(struct respond *r)
{
    const char *reason = r->dialect->reply(r->listener)->finish_reason;

    end(r, RESPOND_COMPLETED, reason ? reason : "stop");
}

static void
linger_over(struct attempt *at)
{
    complete(at->state);
}

static void
on_reply(void *arg, const struct http_reply *reply)
{
    struct respond *r = arg;

    r->status = reply->status;
    if (r->status / 100 == 2)
        r->listener = r->dialect->listen(r->at->arena, reply->content_type);
    else
        buf_init(&r->refusal, r->at->arena, UPSTREAM_BODY_MAX);
}

static bool
on_data(void *arg, const char *bytes, size_t len)
{
    struct respond *r = arg;
    struct dialect_heard *list;
    size_t n, room;
    struct err e;

    if (!r->listener) {
        room = UPSTREAM_BODY_MAX - r->refusal.len;
        buf_add(&r->refusal, bytes, len < room ? len : room);
        return true;
    }
    e = r->dialect->hear(r->listener, r->at->services->scratch, bytes, len, &list, &n);
    if (say(r, list, n, e) && r->dialect->reply(r->listener)->over && !r->lingers) {
        r->lingers = true;
        attempt_wait(r->at, LINGER_MS, linger_over);
    }
    return true;
}

static void
log_call(const struct respond *r, const struct http_reply *reply)
{
    struct url url;
    struct err e = url_parse(r->at->arena, r->request.url, &url);

    log_info("model_called", LOG_S("response_id", r->task.id.s),
             LOG_S("agent_id", r->task.agent_id.s), LOG_S("host", e.code ? "" : url.host),
             LOG_I("status", reply->status), LOG_I("bytes", reply->body_bytes),
             LOG_I("ms", reply->total_ms), LOG_S("msg", reply->err.msg));
}

static void call_model(struct respond *r);

static void
refused(struct respond *r, const struct http_reply *reply)
{
    struct err e;

    if (r->dialect->concede(r->status, r->refusal.data, &r->question.concessions)) {
        e = respond_ask(r);
        if (!e.code) {
            call_model(r);
            return;
        }
    } else {
        e = upstream_refused(r->at->arena, r->status, r->refusal.data, r->refusal.len);
    }
    end_failed(r, e, upstream_error_name(e), reply->retry_after_ms);
}

static void
on_end(void *arg, const struct http_reply *reply)
{
    struct respond *r = arg;
    struct dialect_heard *list;
    struct err e;
    size_t n;

    r->transfer = NULL;
    attempt_wait_no_more(r->at);
    log_call(r, reply);
    if (r->status && !r->listener) {
        refused(r, reply);
        return;
    }
    if (reply->err.code && !(r->listener && r->dialect->reply(r->listener)->complete)) {
        e = upstream_broken(r->at->arena, reply);
        end_failed(r, e, upstream_error_name(e), -1);
        return;
    }
    e = r->dialect->heard_end(r->listener, r->at->services->scratch, &list, &n);
    if (say(r, list, n, e))
        complete(r);
}

static void
call_model(struct respond *r)
{
    const struct http_request how = {
        .body_max = BODY_MAX,
        .arg = r,
        .on_reply = on_reply,
        .on_data = on_data,
        .on_end = on_end,
    };

    r->status = 0;
    r->transfer = model_send(r->at->services->http, &r->request, &how);
}

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

    if (words.len == 0) {
        end(r, RESPOND_COMPLETED, "stop");
        return;
    }
    r->spoken += words.len;
    if (say(r, &heard, 1, OK))
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

/* True when nothing was loaded, and this has been dealt with. */
static bool
is_not_loaded(struct attempt *at, struct err err)
{
    /* However often: an attempt must not be used up, nor a request be left open, by a lost answer.
     */
    if (err.code == ERR_UNAVAILABLE || err.code == ERR_TIMEOUT)
        attempt_wait(at, DATABASE_AGAIN_MS, begin);
    else if (err.code)
        attempt_fail(at, err);
    return err.code;
}

static void
loaded(struct attempt *at, struct err err)
{
    struct respond *r = at->state;

    if (is_not_loaded(at, err))
        return;
    if (r->gone) {
        attempt_end(at, JOB_END_CANCELLED, "the request had ended");
        return;
    }
    open_stream(r);
    stream_event(&r->stream, EVENT_IN_PROGRESS, 0, r->members);
    flusher_wake(at->services->flusher);
    if (attempt_is_cancelled(at))
        end(r, RESPOND_CANCELLED, "cancelled");
    else if (attempt_is_returning(at))
        end(r, RESPOND_RETURN, NULL);
    else if (r->unasked.code)
        end_failed(r, r->unasked, upstream_error_name(r->unasked), -1);
    else if (r->dialect->answer)
        speak(at);
    else
        call_model(r);
}

static void
cancel(struct attempt *at)
{
    struct respond *r = at->state;

    if (r->phase == RESPOND_SPEAKING)
        end(r, RESPOND_CANCELLED, "cancelled");
}

static void
hand_back(struct attempt *at)
{
    struct respond *r = at->state;

    if (r->phase == RESPOND_SPEAKING)
        end(r, RESPOND_RETURN, NULL);
}

static void
stop(struct attempt *at)
{
    struct respond *r = at->state;

    if (!r)
        return;
    let_go(r);
    stream_drop(&r->stream);
}

/* ---- jobs that are not to be run, and the start
 * --------------------------------------------------------------
 */

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
        end(r, RESPOND_CANCELLED, "cancelled");
        return;
    }
    r->fault = at->job.expired
                   ? ERR(ERR_INTERNAL, "The request waited past its deadline.")
                   : ERR(ERR_INTERNAL, "The answer could not be made: the worker that was making "
                                       "it stopped unexpectedly, several times.");
    r->fault_name = at->job.expired ? "expired" : "worker_lost";
    end(r, RESPOND_FAILED, "error");
}

static void
begin(struct attempt *at)
{
    struct respond *r = at->state;

    *r = (struct respond){ .at = at };
    if (attempt_refusal(at))
        attempt_work(at, respond_load_end, end_loaded);
    else
        attempt_work(at, respond_load, loaded);
}

static void
start(struct attempt *at)
{
    at->state = ARENA_NEW(at->arena, struct respond);
    begin(at);
}

const struct kind kind_respond = {
    .name = REQUEST_KIND,
    .queue = REQUEST_QUEUE,
    .summary = "Have an agent answer a request",
    .max_attempts = REQUEST_ATTEMPTS,
    .timeout_s =
        0, /* connecting, silence and the whole have limits of their own: see call_model() */
    .backoff_ms = 500,
    .backoff_max_ms = 30000,
    .start = start,
    .cancel = cancel,
    .hand_back = hand_back,
    .stop = stop,
    .give_up = start,
};
