/* Api_key: keys of programs, each of one user. The database keeps a key's SHA-256. */
#ifndef DB_API_KEY_H
#define DB_API_KEY_H

#include "db/auth.h"
#include "db/page.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>

struct arena;
struct db;

#define API_KEY_PREFIX   "off_" /* so that a key is known for one where it leaks */
#define API_KEY_NAME_MAX 200    /* characters */

struct api_key {
    struct id id;
    const char *name, *scope;
    const char *hint; /* the last characters of the key, to tell keys apart */
    const char *created_at;
    const char *expires_at, *last_used_at; /* RFC 3339, may be NULL */
    struct quota_limits limits;            /* beside those of the user */
};

/* `expires_at` may be NULL. ERR_INVALID when it is past. */
struct err api_key_insert(struct db *db, struct arena *a, const char *key, const char *name,
                          enum auth_scope scope, const char *expires_at,
                          const struct quota_limits *limits, struct api_key *out) CHECKED;

/* The caller's keys, newest first. */
struct err api_key_list(struct db *db, struct arena *a, const struct page *page,
                        struct api_key **out, size_t *count) CHECKED;

/* Revoke, and tell the gateway. ERR_NOT_FOUND when it is not the caller's. */
struct err api_key_delete(struct db *db, struct arena *a, struct id id) CHECKED;

#endif
