/* Mlflow_value: OpenTelemetry's typed values ({"string_value": ...}) as plain JSON. Pure. */
#ifndef WORKER_MLFLOW_VALUE_H
#define WORKER_MLFLOW_VALUE_H

#include "lib/str.h"

struct arena;

/* What is no typed value is given back as it is; what is nested too deep, as null. */
struct str mlflow_plain(struct arena *a, struct str value);

#endif
