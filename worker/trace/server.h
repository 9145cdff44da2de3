/*
 * Server: the MLflow server that keeps the other half of a trace, and with what it
 * is called. It is the agent's mlflow_url, else for what Databricks serves the
 * agent's own host, else OFFSTAGE_MLFLOW_URL. The agent's key goes only to the host
 * that the agent itself is called at.
 */
#ifndef WORKER_MLFLOW_SERVER_H
#define WORKER_MLFLOW_SERVER_H

#include "lib/err.h"
#include "worker/model/oauth.h"

#include <stdbool.h>

struct arena;
struct services;
struct trace_task; /* db/trace.h */

struct mlflow_server {
    const struct services *services;
    struct arena *arena;
    const struct trace_task *task;
    void *arg;
    /* Once, on the loop, perhaps before mlflow_server_find() returns. ERR_NOT_FOUND: none is known.
     */
    void (*found)(void *arg, struct err err);
    /* What is found: */
    const char *base;          /* without '/' at its end */
    const char *authorization; /* a header's value; NULL for none */
    bool gate;                 /* a user has named it: it must be public */
    bool databricks;
    /* private */
    struct oauth_call signing;
};

void mlflow_server_find(struct mlflow_server *s);
void mlflow_server_cancel(struct mlflow_server *s);

/*
 * The path of a trace in the REST API, behind the base: "/api/3.0/mlflow/traces/tr-...".
 * A trace in Databricks' Unity Catalog is called trace:/LOCATION/ID, and lies at
 * "/api/4.0/mlflow/traces/LOCATION/ID"; *location is where, NULL for all others. NULL when an id is
 * none that a path can hold.
 */
const char *mlflow_trace_path(struct arena *a, const char *trace_id, const char **location);

/* An URL without white space around and '/' at its end. */
const char *mlflow_base(struct arena *a, const char *url);

#endif
