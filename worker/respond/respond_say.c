/* What an attempt says, and how it ends. */
#include "worker/respond/respond.h"

#include "lib/arena.h"
#include "lib/http.h"
#include "lib/log.h"
#include "worker/flusher.h"
#include "worker/model/upstream.h"
#include "worker/respond/citation.h"

#include <string.h>

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

/* Better a final state without the answer than none for ever. */
static void
store_plainly(struct respond *r, struct err why)
{
    log_error("response_not_stored", LOG_S("response_id", r->task.id.s), LOG_S("msg", why.msg));
    r->plain = true;
    r->end = RESPOND_FAILED;
    r->finish_reason = "error";
    r->fault = ERR(ERR_INTERNAL, "The answer could not be stored.");
    r->fault_name = "server_error";
    r->events[r->event_count - 1].type = EVENT_FAILED;
    store(r->at);
}

static void
stored(struct attempt *at, struct err err)
{
    struct respond *r = at->state;
    struct job_end end = respond_job_end(r);

    if (err.code == ERR_UNAVAILABLE || err.code == ERR_TIMEOUT)
        attempt_wait(at, RESPOND_AGAIN_MS, store);
    else if (err.code == ERR_CONFLICT)
        /* Ended already: by a cancel of its chat, or by this very write, whose answer got lost. */
        attempt_end(at, JOB_END_CANCELLED, "the request had ended");
    else if (err.code && r->end <= RESPOND_CANCELLED && !r->plain)
        store_plainly(r, err);
    else if (err.code)
        attempt_fail(at, err);
    else
        attempt_ended(at, &end);
}

void
respond_hang_up(struct respond *r)
{
    attempt_wait_no_more(r->at);
    if (r->transfer)
        http_cancel(r->transfer);
    r->transfer = NULL;
    (void)embed_call_cancel(&r->embedding);
    oauth_cancel(&r->signing);
}

void
respond_let_go(struct respond *r)
{
    respond_hang_up(r);
    if (r->toolbox)
        toolbox_close(r->toolbox);
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

void
respond_end(struct respond *r, enum respond_end how, const char *finish_reason)
{
    struct attempt *at = r->at;
    bool final = how != RESPOND_RETRY && how != RESPOND_RETURN;
    enum event_type terminal;

    respond_let_go(r);
    r->phase = RESPOND_ENDING;
    r->end = how;
    r->finish_reason = finish_reason;
    respond_trace_end(r);
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

void
respond_fail(struct respond *r, struct err why, const char *name, int64_t retry_after_ms)
{
    r->fault = why;
    r->fault_name = name;
    if (attempt_may_retry(r->at, why)) {
        r->delay_ms = attempt_delay_ms(r->at, retry_after_ms);
        respond_end(r, RESPOND_RETRY, NULL);
    } else {
        respond_end(r, RESPOND_FAILED, "error");
    }
}

/* ---- what is said --------------------------------------------------------------------- */

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
        else if (h->type == HEARD_ARGUMENTS)
            TRY(transcript_arguments(t, h->call, h->text));
        else if (h->type == HEARD_OUTPUT)
            TRY(transcript_output_of(t, h->call_id, h->text));
        else
            transcript_message_end(t);
        respond_trace_heard(r, h);
    }
    return OK;
}

bool
respond_say(struct respond *r, const struct dialect_heard *list, size_t n, struct err heard)
{
    struct err e = take(r, list, n);

    arena_reset(r->at->services->scratch);
    flusher_wake(r->at->services->flusher);
    if (e.code == ERR_TOO_LARGE) {
        respond_end(r, RESPOND_COMPLETED, "length");
        return false;
    }
    if (heard.code)
        e = heard;
    if (e.code)
        respond_fail(r, e, upstream_error_name(e), -1);
    return !e.code;
}
