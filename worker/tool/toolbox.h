/*
 * Toolbox: the tools of one agent during one attempt: what it offers the model,
 * and running what the model calls. Calls go through the outgoing gate, each with
 * a deadline, one at a time; nothing of a call's arguments decides whose it is.
 *
 * http            POST of the arguments to the tool's URL; its answer is the text
 * mcp             the tools of a server (streamable HTTP; see worker/tool/mcp.h)
 * search_sources  the agent's own sources; run by the caller, who has the database
 */
#ifndef WORKER_TOOLBOX_H
#define WORKER_TOOLBOX_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/id.h"
#include "lib/str.h"
#include "worker/model/dialect.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct http_transfer;
struct services;

#define TOOLS_MAX       120 /* functions that a model is offered */
#define TOOL_ROUNDS_MAX 8
#define TOOL_CALL_MS    60000
#define TOOL_TEXT_MAX   ((size_t)64 * 1024) /* bytes of a result */
#define TOOL_SEARCH     "search_sources"

enum tool_type { TOOL_HTTP, TOOL_MCP, TOOL_SEARCH_SOURCES };

/* One that an agent was given. */
struct tool {
    enum tool_type type;
    const char *name, *description, *parameters, *url, *sealed; /* NULL where it has none */
};

/* A server that has been greeted. */
struct tool_server {
    const struct tool *tool;
    const char *session, *version; /* NULL until told */
    int id;                        /* of the last request */
};

/* What the model may call. */
struct tool_function {
    enum tool_type type;
    const struct tool *tool;
    struct tool_server *server; /* TOOL_MCP */
};

struct toolbox {
    const struct services *services;
    struct arena *arena;
    struct id agent_id;
    struct tool *tools;
    size_t tool_count;
    struct dialect_tool offered[TOOLS_MAX];
    struct tool_function functions[TOOLS_MAX];
    size_t count;
    const char *trouble; /* of a server that could not be asked for its tools; NULL: none */
    /* private */
    struct tool_server *servers;
    size_t server_count, opening;
    enum toolbox_doing {
        TOOLBOX_IDLE,
        TOOLBOX_GREET,
        TOOLBOX_NOD,
        TOOLBOX_LIST,
        TOOLBOX_CALL,
        TOOLBOX_POST
    } doing;
    struct tool_server *server; /* that is being spoken to */
    const char *cursor;
    struct http_transfer *transfer;
    struct buf body;
    int status;
    const char *content_type;
    void *arg;
    void (*opened)(void *arg);
    void (*called)(void *arg, const char *output, bool failed);
};

/* `json`: the agent's tools as they are stored. */
void toolbox_init(struct toolbox *b, const struct services *services, struct arena *a,
                  struct id agent_id, const char *json);

/* Ask the MCP servers for their tools; then opened(arg), perhaps before this returns. */
void toolbox_open(struct toolbox *b, void (*opened)(void *arg), void *arg);

/* The function of a name; NULL: none. */
const struct tool_function *toolbox_find(const struct toolbox *b, const char *name, size_t *index);

/* What is wrong with the arguments of a call, for the model; OK when they fit. */
struct err toolbox_check(struct toolbox *b, size_t index, const char *arguments) CHECKED;

/* Run a function but search_sources; then called(arg, output, failed), later. */
void toolbox_call(struct toolbox *b, size_t index, const char *arguments,
                  void (*called)(void *arg, const char *output, bool failed), void *arg);

/* No callback follows, and servers are told that their sessions end. */
void toolbox_close(struct toolbox *b);

/* What a tool's credential is sealed for. */
const char *toolbox_credential_context(struct arena *a, struct id agent_id, const char *url);

#endif
