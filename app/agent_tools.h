/* Agent_tools: the member `tools` of an agent, in and out. Credentials go in only. */
#ifndef APP_AGENT_TOOLS_H
#define APP_AGENT_TOOLS_H

#include "lib/json_reader.h"
#include "lib/json_writer.h"

struct agent;
struct arena;

#define AGENT_TOOLS_MAX 20

/* Overlay what the body holds on agent->tools; problems are noted. */
void agent_tools_read(struct arena *a, struct json_reader *in, struct agent *agent);

/* As its owner sees them; null for others. */
void agent_tools_write(struct json_writer *w, struct arena *a, const struct agent *agent);

#endif
