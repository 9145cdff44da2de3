/*
 * Respond: the job that has an agent answer a request. Private to its files:
 *
 *   respond.c        the course of an attempt
 *   respond_load.c   what it begins with, on a thread
 *   respond_model.c  calling the model and listening to it
 *   respond_say.c    what is said, and the end
 *   respond_store.c  writing the end, on a thread
 *   respond_tools.c  the tools that the model may call
 *   respond_trace.h  what is noted for the trace
 *
 * An attempt loads the conversation, listens to the model or speaks for itself,
 * and writes its last events, the request's new state and the end of the job in
 * one transaction. What it says meanwhile goes to the log through the flusher.
 */
#ifndef WORKER_RESPOND_H
#define WORKER_RESPOND_H

#include "db/request.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "worker/attempt.h"
#include "worker/collector.h"
#include "worker/embed/embed_call.h"
#include "worker/model/dialect.h"
#include "worker/model/oauth.h"
#include "worker/respond/respond_trace.h"
#include "worker/respond/transcript.h"
#include "worker/tool/toolbox.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct http_transfer;

enum respond_end {
    RESPOND_COMPLETED,
    RESPOND_FAILED,
    RESPOND_CANCELLED,
    RESPOND_RETRY, /* another attempt follows */
    RESPOND_RETURN /* the same, by another worker */
};

struct respond {
    struct attempt *at;
    enum { RESPOND_LOADING, RESPOND_SPEAKING, RESPOND_ENDING } phase;

    /* loaded */
    bool gone; /* the request has ended, or was deleted */
    struct request_task task;
    const struct dialect *dialect; /* NULL: not spoken here */
    struct dialect_question question;
    struct dialect_request request;
    struct dialect_answer answer;
    struct passage *passages; /* numbered from 1 in the text */
    size_t passage_count;
    const struct passage *found; /* what the search has found */
    size_t found_count;
    struct embed_call embedding; /* of the question; its agent.url is NULL when there is none */
    struct err unasked;          /* why the model cannot be asked */
    const char *members;         /* of the response, for EVENT_IN_PROGRESS */

    struct respond_trace traced;

    /* tools, for agents that have some */
    struct toolbox *toolbox; /* NULL: none */
    int tools_span;
    struct dialect_round *rounds;
    size_t round_count, round_first; /* round_first: item of the transcript */
    struct dialect_call *calls;      /* of the round that is run */
    size_t call_count, calls_done;
    const char *searched;

    /* signing in, for agents that do */
    struct oauth_call signing;
    const char *token; /* NULL: none */
    int token_span;
    bool renewed; /* a kept token was refused once */

    /* speaking */
    struct stream stream;
    struct transcript transcript;
    struct http_transfer *transfer;
    int status; /* of HTTP */
    void *listener;
    struct buf refusal;
    bool lingers;  /* the model is done, its server has not closed yet */
    size_t spoken; /* bytes of answer.text */

    /* ending */
    enum respond_end end;
    bool plain; /* without what was said, since that could not be stored */
    struct err fault;
    const char *fault_name;
    const char *finish_reason;
    int64_t delay_ms;
    struct event *events;
    size_t event_count;
    int64_t last_seq;
};

/* Load what the attempt needs; for one that will not be made, only what its end needs. */
struct err respond_load(struct attempt *at, struct db *db) CHECKED;
struct err respond_load_end(struct attempt *at, struct db *db) CHECKED;

/* Find passages once the question's vector has come, or will not; what the load left out. */
struct err respond_find(struct attempt *at, struct db *db) CHECKED;

/* Make up a call: ask for the question as it is now, with the concessions made so far. */
struct err respond_ask(struct respond *r) CHECKED;

/* Get an agent's tools ready; signing in, asking and calling follow. */
bool respond_has_tools(const struct respond *r);
void respond_tools_open(struct respond *r);

/* The model is done: run what it calls, and ask again. False when it calls nothing. */
bool respond_tools_round(struct respond *r);

/* Sign in where the agent does, then ask and call the model. */
void respond_sign_in(struct respond *r);

/* Call the model that has been asked; respond_say() and the end follow. */
void respond_call(struct respond *r);

/*
 * Say what was heard, also when something went wrong behind it, which then ends
 * the attempt. True while the answer goes on. Empties the scratch arena.
 */
bool respond_say(struct respond *r, const struct dialect_heard *list, size_t n, struct err heard);

/*
 * Nothing more is said: write the end, after what is in flight. It is
 * r->fault's when it is a failure. The attempt may be gone afterwards.
 */
void respond_end(struct respond *r, enum respond_end how, const char *finish_reason);

/*
 * The end by an error: another attempt if that may help, after what the server
 * asked for (-1: nothing), else the failure. `name` is for programs.
 */
void respond_fail(struct respond *r, struct err why, const char *name, int64_t retry_after_ms);

/* Stop what is on the loop: between two calls, and for good, which ends sessions with servers of
 * tools. */
void respond_hang_up(struct respond *r);
void respond_let_go(struct respond *r);

#define RESPOND_AGAIN_MS 200 /* before what the database could not do is tried again */

/* How the job ends. */
struct job_end respond_job_end(const struct respond *r);

/* Write the end. ERR_CONFLICT when the request has ended already or was deleted. */
struct err respond_store(struct attempt *at, struct db *db) CHECKED;

#endif
