#include "db/api_key.h"

#include "db/db.h"
#include "lib/arena.h"
#include "lib/secret.h"

#include <string.h>

#define HINT_LEN 4

static struct api_key
read_key(const struct row *r)
{
    return (struct api_key){
        .id = row_id(r, "id"),
        .name = row_str(r, "name"),
        .scope = row_str(r, "scope"),
        .hint = row_str(r, "hint"),
        .created_at = row_str(r, "created_at"),
        .expires_at = row_opt_str(r, "expires_at"),
        .last_used_at = row_opt_str(r, "last_used_at"),
        .limits = { .requests_per_minute = row_opt_int(r, "requests_per_minute", 0),
                    .unfinished_max = row_opt_int(r, "unfinished_max", 0),
                    .tokens_per_day = row_opt_int(r, "tokens_per_day", 0) },
    };
}

struct err
api_key_insert(struct db *db, struct arena *a, const char *key, const char *name,
               enum auth_scope scope, const char *expires_at, const struct quota_limits *limits,
               struct api_key *out)
{
    struct row row;
    struct err e;
    char hash[65];

    secret_hash_hex(key, hash);
    e = db_one(db, a, Q_API_KEY_INSERT,
               ARGS(arg_id(id_new()), arg_str(name), arg_str(hash),
                    arg_str(key + strlen(key) - HINT_LEN), arg_str(auth_scope_names[scope]),
                    arg_str(expires_at), arg_int(limits->requests_per_minute),
                    arg_int(limits->unfinished_max), arg_int(limits->tokens_per_day)),
               &row);
    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_INVALID, "expires_at is past");
    if (e.code)
        return e;
    *out = read_key(&row);
    return OK;
}

struct err
api_key_list(struct db *db, struct arena *a, const struct page *page, struct api_key **out,
             size_t *count)
{
    struct api_key *list;
    struct rows rows;

    TRY(db_all(db, a, Q_API_KEY_LIST,
               ARGS(arg_str(page->at), arg_id(page->id), arg_int(page->limit)), &rows));
    list = arena_array(a, (size_t)rows.count, sizeof(*list));
    for (int i = 0; i < rows.count; i++) {
        struct row row = row_at(&rows, i);

        list[i] = read_key(&row);
    }
    *out = list;
    *count = (size_t)rows.count;
    return OK;
}

struct err
api_key_delete(struct db *db, struct arena *a, struct id id)
{
    struct row row;

    return db_one(db, a, Q_API_KEY_DELETE, ARGS(arg_id(id)), &row);
}
