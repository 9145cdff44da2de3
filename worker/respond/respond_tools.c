/*
 * The tools of an agent: offered to the model, and run for it, round after round,
 * until it answers in words. After TOOL_ROUNDS_MAX rounds it is asked without them.
 */
#include "worker/respond/respond.h"

#include "db/db.h"
#include "db/passage.h"
#include "lib/arena.h"
#include "lib/json_slice.h"
#include "lib/json_writer.h"
#include "worker/flusher.h"
#include "worker/model/upstream.h"

#include <string.h>

#define SEARCH_MOST  8 /* passages */
#define JSON_MAX     ((size_t)1024 * 1024)
#define SEARCH_FAILS "Error: the sources cannot be searched now."

/* ---- the beginning ------------------------------------------------------------ */

static void
opened(void *arg)
{
    struct respond *r = arg;
    struct toolbox *b = r->toolbox;
    struct err e;

    trace_close(&r->traced.trace, r->tools_span, b->trouble ? TRACE_ERROR : TRACE_OK, b->trouble);
    r->question.tools = b->offered;
    r->question.tool_count = b->count;
    if (r->task.databricks_oauth) {
        respond_sign_in(r);
        return;
    }
    e = respond_ask(r);
    if (e.code)
        respond_fail(r, e, upstream_error_name(e), -1);
    else
        respond_call(r);
}

bool
respond_has_tools(const struct respond *r)
{
    return !json_is_empty(str_from(r->task.tools));
}

void
respond_tools_open(struct respond *r)
{
    r->toolbox = ARENA_NEW(r->at->arena, struct toolbox);
    r->tools_span = trace_open(&r->traced.trace, "context", "tools", r->traced.attempt);
    toolbox_init(r->toolbox, r->at->services, r->at->arena, r->task.agent_id, r->task.tools);
    toolbox_open(r->toolbox, opened, r);
}

/* ---- a round ------------------------------------------------------------------ */

static void next_call(struct respond *r);

static void
end_round(struct respond *r)
{
    struct dialect_round *larger = arena_array(r->at->arena, r->round_count + 1, sizeof(*larger));
    struct buf text;
    struct err e;

    if (r->round_count > 0)
        memcpy(larger, r->rounds, r->round_count * sizeof(*larger));
    buf_init(&text, r->at->arena, TRANSCRIPT_TEXT_MAX);
    (void)transcript_said(&r->transcript, r->round_first, r->transcript.count, &text);
    larger[r->round_count++] = (struct dialect_round){ text.data, r->calls, r->call_count };
    r->rounds = larger;
    r->question.rounds = larger;
    r->question.round_count = r->round_count;
    if (r->round_count == TOOL_ROUNDS_MAX)
        r->question.tool_count = 0;
    r->round_first = r->transcript.count;
    r->listener = NULL;
    r->lingers = false;
    e = respond_ask(r);
    if (e.code)
        respond_fail(r, e, upstream_error_name(e), -1);
    else
        respond_call(r);
}

/* False when the answer ends here. */
static bool
take_output(struct respond *r, const char *output, bool failed)
{
    struct dialect_call *call = &r->calls[r->calls_done++];
    struct err e = transcript_output_of(&r->transcript, call->call_id, str_from(output));

    call->output = output;
    respond_trace_ran(r, call->call_id, failed);
    flusher_wake(r->at->services->flusher);
    if (e.code)
        respond_end(r, RESPOND_COMPLETED, "length");
    return !e.code;
}

static void
called(void *arg, const char *output, bool failed)
{
    struct respond *r = arg;

    if (take_output(r, output, failed))
        next_call(r);
}

/* ---- search_sources ------------------------------------------------------------ */

static const char *
passages_json(struct arena *a, const struct passage *list, size_t n)
{
    struct json_writer w;
    struct buf out;

    buf_init(&out, a, JSON_MAX);
    jw_begin(&w, &out);
    jw_array(&w, NULL);
    for (size_t i = 0; i < n; i++) {
        jw_object(&w, NULL);
        jw_str(&w, "title", list[i].title);
        jw_str(&w, "heading", list[i].heading);
        jw_str(&w, "content", list[i].content);
        jw_object_end(&w);
    }
    jw_array_end(&w);
    return out.data;
}

/* Whose sources is the job's to say; the arguments only say what for. */
static struct err
search(struct attempt *at, struct db *db)
{
    struct respond *r = at->state;
    const char *arguments = r->calls[r->calls_done].arguments;
    struct str query = json_member(json_value(str_from(arguments)), "query");
    struct passage *list;
    size_t n;

    TRY(db_begin(db, TX_READ, at->job.user_id));
    TRY(passage_search(
        db, at->arena,
        &(struct passage_question){ .agent_id = r->task.agent_id,
                                    .text = str_dup(at->arena, json_text(at->arena, query)),
                                    .most = SEARCH_MOST },
        &list, &n));
    r->searched = passages_json(at->arena, list, n);
    db_end_read(db);
    return OK;
}

static void
searched(struct attempt *at, struct err err)
{
    called(at->state, err.code ? SEARCH_FAILS : ((struct respond *)at->state)->searched,
           err.code != ERR_NONE);
}

/* ---- the calls ----------------------------------------------------------------- */

static void
next_call(struct respond *r)
{
    struct arena *a = r->at->arena;

    while (r->calls_done < r->call_count) {
        const struct dialect_call *call = &r->calls[r->calls_done];
        const struct tool_function *f;
        struct err e;
        size_t index;

        f = toolbox_find(r->toolbox, call->name, &index);
        e = f ? toolbox_check(r->toolbox, index, call->arguments)
              : ERR(ERR_NOT_FOUND, "there is no tool of this name");
        if (!e.code && f->type == TOOL_SEARCH_SOURCES) {
            attempt_work(r->at, search, searched);
            return;
        }
        if (!e.code) {
            toolbox_call(r->toolbox, index, call->arguments, called, r);
            return;
        }
        if (!take_output(r, arena_printf(a, "Error: %s", e.msg), true))
            return;
    }
    end_round(r);
}

bool
respond_tools_round(struct respond *r)
{
    if (!r->toolbox || r->round_count == TOOL_ROUNDS_MAX)
        return false;
    r->call_count = transcript_open_calls(&r->transcript, r->round_first, r->at->arena, &r->calls);
    if (r->call_count == 0)
        return false;
    respond_trace_called(r, TRACE_OK, NULL);
    respond_hang_up(r);
    r->calls_done = 0;
    next_call(r);
    return true;
}
