/* Agent_embeddings: where an agent's texts become vectors, in and out. The key goes in only. */
#ifndef APP_AGENT_EMBEDDINGS_H
#define APP_AGENT_EMBEDDINGS_H

#include "lib/err.h"
#include "lib/json_writer.h"

#include <stdbool.h>

struct agent;
struct request;

/* What a body changes beyond the agent's own members. */
struct agent_embeddings {
    bool moved; /* what vectors there are, are of no use any more */
    bool has_key;
    const char *sealed; /* the new key; NULL: none */
};

/* Overlay what the body holds on the agent; problems are noted. */
void agent_embeddings_read(struct request *rq, struct agent *agent, struct agent_embeddings *out);

/* Once the agent is stored: keep the key, drop vectors of another model, have new ones made. */
struct err agent_embeddings_settle(struct request *rq, struct agent *agent,
                                   const struct agent_embeddings *e) CHECKED;

/* Null but for its owner. */
void agent_embeddings_write(struct json_writer *w, const struct agent *agent);

#endif
