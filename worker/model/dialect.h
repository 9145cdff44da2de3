/*
 * Dialect: how one kind of agent is spoken to (agents.kind).
 *
 * A dialect only translates, in pure functions: a conversation into an HTTP
 * request, and the bytes of the reply into text, reasoning and calls. Sending,
 * waiting, logging and storing is done once, for all of them, by
 * worker/respond/respond.c. One that needs no server answers by itself instead. The
 * table is in dialects.c; a dialect is one file that ends in its const struct.
 *
 * Errors of these functions are sentences for users. Their codes tell what to
 * do: ERR_UPSTREAM, ERR_TIMEOUT, ERR_RATE_LIMITED and ERR_UNAVAILABLE may go
 * well another time, all others never will.
 */
#ifndef WORKER_DIALECT_H
#define WORKER_DIALECT_H

#include "lib/err.h"
#include "lib/http.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct message_text; /* db/request.h */
struct passage;      /* db/passage.h */

#define DIALECT_HEADERS_MAX 6

/* What a server has been found not to take, a bit each. */
enum dialect_concession {
    DIALECT_NO_USAGE = 1,          /* no stream_options */
    DIALECT_COMPLETION_TOKENS = 2, /* max_completion_tokens instead of max_tokens */
    DIALECT_NO_STORE = 4,          /* no `store` */
    DIALECT_MESSAGES = 8           /* `messages` instead of `input` */
};

/* Servers name what they do not take in their own words. */
struct dialect_refusal {
    const char *named;
    enum dialect_concession bit;
};

/* A function that the model may call. */
struct dialect_tool {
    const char *name, *description;
    const char *parameters; /* JSON Schema of an object */
};

struct dialect_call {
    const char *call_id, *name, *arguments;
    const char *output; /* what it came to */
};

/* One round of calls that the model has made already. */
struct dialect_round {
    const char *text; /* that it said before; "" for none */
    const struct dialect_call *calls;
    size_t call_count;
};

struct dialect_question {
    const char *endpoint_url, *model, *credential; /* may be NULL; the credential in plain text */
    const char *instructions;                      /* "" for none */
    const char *traceparent;                       /* W3C trace context; NULL for none */
    double temperature;                            /* NaN: the model's own */
    int64_t max_output_tokens;                     /* 0: the model's own */
    const struct message_text *messages;           /* oldest first; the last is the user's */
    size_t message_count;
    const struct passage *passages; /* of the agent's sources, best first */
    size_t passage_count;
    bool weak_evidence; /* it has sources, and they hardly speak of the question */
    const struct dialect_tool *tools;
    size_t tool_count;
    const struct dialect_round *rounds; /* behind the messages, oldest first */
    size_t round_count;
    const char *conversation; /* an id for servers that keep conversations apart; NULL for none */
    bool return_trace;        /* ask for the server's own trace with the answer */
    unsigned concessions;
};

struct dialect_request {
    const char *url, *body;
    size_t body_len;
    struct http_header headers[DIALECT_HEADERS_MAX];
    size_t header_count;
    const char *secret; /* the header's value that must be wiped after use; NULL for none */
};

enum dialect_heard_type {
    HEARD_TEXT,
    HEARD_REASONING,
    HEARD_CALL,      /* a function call begins */
    HEARD_ARGUMENTS, /* of a call that has begun */
    HEARD_OUTPUT,    /* of a call that the server has run itself */
    HEARD_DONE       /* a message is over: what text follows is another */
};

struct dialect_heard {
    enum dialect_heard_type type;
    struct str text;            /* valid UTF-8; all but HEARD_CALL, HEARD_DONE */
    int call;                   /* calls count from 0 in the order in which they began */
    const char *call_id, *name; /* HEARD_CALL; call_id: HEARD_OUTPUT */
};

struct dialect_usage {
    bool known;
    int64_t input, output, cached, reasoning; /* tokens */
};

/* What is known of a reply beside what was heard. */
struct dialect_reply {
    const char *finish_reason; /* stop, length, content_filter or tool_calls; NULL: not told */
    struct dialect_usage usage;
    bool complete;        /* the model said that this was all */
    bool over;            /* it said that nothing at all follows */
    const char *trace_id; /* under which the server keeps its own trace; NULL: not told */
    const char *trace;    /* that trace itself, JSON; NULL: not sent */
};

/* An answer that needed no server. */
struct dialect_answer {
    const char *text;
    const size_t *cited; /* indexes of passages, in the order of their numbers in the text */
    size_t cited_count;
};

struct dialect {
    const char *kind, *summary;

    struct err (*ask)(struct arena *a, const struct dialect_question *q,
                      struct dialect_request *out);

    /* What servers name in a refusal, and what is then done without; ends with a NULL name. */
    const struct dialect_refusal *refusals;

    /* A listener to one reply, whose memory is in the arena. */
    void *(*listen)(struct arena *a, const char *content_type);

    /* More bytes of the body. What was heard lives in `scratch`. */
    struct err (*hear)(void *listener, struct arena *scratch, const char *bytes, size_t len,
                       struct dialect_heard **out, size_t *count);

    /* The end of the body. ERR_UPSTREAM when it came too early. */
    struct err (*heard_end)(void *listener, struct arena *scratch, struct dialect_heard **out,
                            size_t *count);
    const struct dialect_reply *(*reply)(const void *listener);

    /* Instead of all the others. */
    struct err (*answer)(struct arena *a, const struct dialect_question *q,
                         struct dialect_answer *out);
};

/*
 * Whether a refusal of the request can be met by asking differently: adds to
 * *concessions. Each is given in to once.
 */
bool dialect_concede(const struct dialect *d, int status, const char *body, unsigned *concessions);

/* NULL for a kind that is not spoken here. */
const struct dialect *dialect_find(const char *kind);

/* The whole table; NULL behind the last. */
extern const struct dialect *const dialects[];

extern const struct dialect dialect_chat_completions, dialect_extractive, dialect_responses;

#endif
