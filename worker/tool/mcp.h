/*
 * Mcp: messages of the Model Context Protocol, revision 2025-11-25, as a client of
 * the streamable HTTP transport: JSON-RPC requests, and the answers in one JSON
 * object or in an event stream.
 *
 * Pure. What a server sends is bounded: MCP_BODY_MAX bytes, MCP_TOOLS_MAX tools.
 */
#ifndef WORKER_MCP_H
#define WORKER_MCP_H

#include "lib/err.h"
#include "lib/str.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

#define MCP_VERSION   "2025-11-25"
#define MCP_BODY_MAX  ((size_t)2 * 1024 * 1024)
#define MCP_TOOLS_MAX 100
#define MCP_NAME_MAX  64 /* of a function, as models take it: letters, digits, - and _ */

struct mcp_tool {
    const char *name, *description, *parameters; /* parameters: JSON Schema */
};

/* Requests; `id` counts from 1. */
const char *mcp_initialize(struct arena *a, int id);
const char *mcp_initialized(void);
const char *mcp_list(struct arena *a, int id, const char *cursor); /* NULL: from the first */
const char *mcp_call(struct arena *a, int id, const char *name, const char *arguments);

/*
 * The result of request `id` in what has come of an answer: *done tells whether it
 * is there. ERR_UPSTREAM, for the model, when it is an error, or no JSON-RPC.
 */
struct err mcp_result(struct arena *a, const char *content_type, struct str body, int id,
                      bool *done, struct str *result) CHECKED;

/* The protocol's version of an initialize result; ERR_UPSTREAM when it is none. */
struct err mcp_version(struct arena *a, struct str result, const char **version) CHECKED;

/* The tools of a list result, behind those in list[0..*count); the next cursor, NULL for none. */
void mcp_tools(struct arena *a, struct str result, struct mcp_tool *list, size_t *count,
               const char **cursor);

/* What a call came to, as text for the model; *failed when the tool says so. */
const char *mcp_output(struct arena *a, struct str result, bool *failed);

#endif
