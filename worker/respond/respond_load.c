#include "db/db.h"
#include "db/embedding.h"
#include "db/event_json.h"
#include "db/passage.h"
#include "lib/arena.h"
#include "worker/model/model.h"
#include "worker/respond/respond.h"

#include <math.h>
#include <string.h>

#define COVERED_LEAST 0.2
#define SIMILAR_LEAST 0.35
#define PASSAGES      6                          /* shown to a model, or searched for sentences */
#define MEMBERS_MAX   ((size_t)64 * 1024 * 1024) /* bytes of EVENT_IN_PROGRESS */

/* ---- items of earlier attempts --------------------------------------------------- */

/* The JSON of a call that was left open, as incomplete; its status stands last. */
static const char *
closed_call(struct arena *a, const char *item)
{
    static const char open[] = "\"in_progress\"}";
    size_t len = strlen(item), end = sizeof(open) - 1;

    if (len < end || strcmp(item + len - end, open) != 0)
        return item;
    return arena_printf(a, "%.*s\"incomplete\"}", (int)(len - end), item);
}

static struct err
load_items(struct respond *r, struct db *db)
{
    struct transcript *t = &r->transcript;
    struct arena *a = r->at->arena;

    if (r->task.next_item == 0)
        return OK;
    TRY(request_items(db, a, r->task.id, &t->earlier, &t->earlier_count));
    for (size_t i = 0; i < t->earlier_count; i++) {
        struct event_item *item = &t->earlier[i];

        if (item->done)
            continue;
        item->incomplete = true;
        if (item->added == EVENT_ITEM_ADDED && item->data)
            item->data = closed_call(a, item->data);
    }
    return OK;
}

/* The response as it stands at the start of this attempt: clients replace what they have by it. */
static void
write_members(struct respond *r)
{
    struct event_response response = { .created_s = r->task.created_s,
                                       .model =
                                           id_is_set(r->task.agent_id) ? r->task.agent_id.s : NULL,
                                       .status = "in_progress" };
    struct buf output, members;

    buf_init(&output, r->at->arena, MEMBERS_MAX);
    buf_add_char(&output, '[');
    for (size_t i = 0; i < r->transcript.earlier_count; i++) {
        if (i > 0)
            buf_add_char(&output, ',');
        event_item_json(&output, r->task.id, &r->transcript.earlier[i]);
    }
    buf_add_char(&output, ']');
    response.output = output.data;
    buf_init(&members, r->at->arena, MEMBERS_MAX);
    event_response_members(&members, &response);
    r->members = members.data;
}

/* ---- the question ------------------------------------------------------------------ */

/*
 * Whether what was found hardly speaks of the question. Measured on two collections of
 * abstracts: so little of the question's words is covered for every second question that the
 * other collection answers, and for one in ten, or in five, that this one does. What follows on
 * earlier turns may say its own words nowhere.
 */
static bool
is_weak(const struct respond *r)
{
    double coverage = 0, similarity = 0;

    for (size_t i = 0; i < r->passage_count; i++) {
        coverage = fmax(coverage, r->passages[i].coverage);
        similarity = fmax(similarity, r->passages[i].similarity);
    }
    return r->passage_count == 0 || (r->question.message_count == 1 && coverage < COVERED_LEAST &&
                                     similarity < SIMILAR_LEAST);
}

static struct err
find_passages(struct respond *r, struct db *db)
{
    struct dialect_question *q = &r->question;
    const struct embeddings *vector = &r->embedding.result;
    struct passage_question asked = { .agent_id = r->task.agent_id,
                                      .text = q->messages[q->message_count - 1].content,
                                      .earlier = q->messages,
                                      .earlier_count = q->message_count - 1,
                                      .vector = vector->numbers,
                                      .vector_count = vector->dimensions,
                                      .most = PASSAGES };

    TRY(passage_search(db, r->at->arena, &asked, &r->passages, &r->passage_count));
    respond_trace_found(r);
    r->found = r->passages;
    r->found_count = r->passage_count;
    q->passages = r->passages;
    q->passage_count = r->passage_count;
    q->weak_evidence = is_weak(r);
    return OK;
}

static struct err
load_conversation(struct respond *r, struct db *db)
{
    struct dialect_question *q = &r->question;
    struct arena *a = r->at->arena;
    struct message_text *messages;
    struct err e;
    int limit = r->task.history_limit > 1 ? r->task.history_limit : 1;

    TRY(request_history(db, a, &r->task, limit, &messages, &q->message_count));
    q->messages = messages;
    q->endpoint_url = r->task.endpoint_url;
    q->model = r->task.model;
    q->instructions = r->task.instructions;
    q->temperature = r->task.temperature;
    q->max_output_tokens = r->task.max_output_tokens;
    q->conversation = r->task.chat_id.s;
    q->return_trace = r->task.return_trace;
    if (q->message_count == 0 || !r->task.has_sources)
        return OK;
    respond_trace_search(r);
    e = embedding_agent_load(db, a, r->task.agent_id, &r->embedding.agent);
    if (e.code)
        return e.code == ERR_NOT_FOUND ? find_passages(r, db) : e;
    return OK;
}

struct err
respond_ask(struct respond *r)
{
    respond_trace_ask(r);
    return model_ask(r->at->arena, r->dialect, &r->question, r->task.agent_id, r->task.credential,
                     r->token, &r->request);
}

/* An answer cites by number: from here on the passages are those that it cites, in order. */
static void
keep_cited(struct respond *r)
{
    struct passage *cited = arena_array(r->at->arena, r->answer.cited_count, sizeof(*cited));

    for (size_t i = 0; i < r->answer.cited_count; i++)
        cited[i] = r->passages[r->answer.cited[i]];
    r->passages = cited;
    r->passage_count = r->answer.cited_count;
}

static struct err
prepare(struct respond *r)
{
    if (r->task.agent_gone)
        return ERR(ERR_NOT_FOUND, "The agent has been deleted.");
    r->dialect = dialect_find(r->task.agent_kind);
    if (!r->dialect)
        return ERR(ERR_INVALID, "Agents of this kind cannot answer yet.");
    if (r->question.message_count == 0)
        return ERR(ERR_NOT_FOUND, "The question has been deleted.");
    if (!r->dialect->answer)
        return r->task.databricks_oauth || respond_has_tools(r) ? OK : respond_ask(r);
    TRY(r->dialect->answer(r->at->arena, &r->question, &r->answer));
    keep_cited(r);
    return OK;
}

/* ---- the transactions ----------------------------------------------------------------- */

static bool
is_final(const char *status)
{
    return strcmp(status, "completed") == 0 || strcmp(status, "failed") == 0 ||
           strcmp(status, "cancelled") == 0;
}

/* Begin, and look at the request. r->gone when there is nothing left to do for it. */
static struct err
begin(struct respond *r, struct db *db)
{
    struct err e;

    TRY(db_begin(db, TX_WRITE, r->at->job.user_id));
    TRY(job_fence(db, &r->at->lease));
    e = request_load(db, r->at->arena, r->at->job.subject_id, &r->task);
    if (e.code && e.code != ERR_NOT_FOUND)
        return e;
    r->gone = e.code == ERR_NOT_FOUND || is_final(r->task.status);
    if (!r->gone)
        respond_trace_waited(r);
    return OK;
}

struct err
respond_load(struct attempt *at, struct db *db)
{
    struct respond *r = at->state;

    TRY(begin(r, db));
    if (r->gone) {
        db_rollback(db);
        return OK;
    }
    TRY(load_items(r, db));
    TRY(load_conversation(r, db));
    TRY(request_started(db, r->task.id, at->job.attempt));
    TRY(db_commit(db));
    write_members(r);
    if (r->embedding.agent.url)
        return OK;
    r->unasked = prepare(r);
    respond_trace_loaded(r);
    return OK;
}

struct err
respond_find(struct attempt *at, struct db *db)
{
    struct respond *r = at->state;

    TRY(db_begin(db, TX_READ, at->job.user_id));
    TRY(find_passages(r, db));
    db_end_read(db);
    r->unasked = prepare(r);
    respond_trace_loaded(r);
    return OK;
}

struct err
respond_load_end(struct attempt *at, struct db *db)
{
    struct respond *r = at->state;

    TRY(begin(r, db));
    if (!r->gone)
        TRY(load_items(r, db));
    db_rollback(db);
    return OK;
}
