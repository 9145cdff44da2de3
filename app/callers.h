/*
 * Callers: whom this process has identified lately, by what they showed. What
 * is found here is asked about again within the request's own transaction (see
 * auth_again()), so that a credential that was revoked is out at once.
 */
#ifndef APP_CALLERS_H
#define APP_CALLERS_H

#include "app/credentials.h"
#include "db/auth.h"

#include <stdbool.h>

struct arena;
struct callers;

#define CALLERS_KEEP_MS 60000 /* then the token is looked up anew, and its use noted */

struct callers *callers_new(struct arena *a);

/* False when nobody is known by that token. */
bool callers_find(struct callers *c, enum credential kind, const char *token,
                  struct auth_caller *out);

void callers_add(struct callers *c, enum credential kind, const char *token,
                 const struct auth_caller *caller);
void callers_forget(struct callers *c, enum credential kind, const char *token);

#endif
