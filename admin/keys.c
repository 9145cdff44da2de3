/* offstage-admin key: API keys of accounts. */
#include "admin/admin.h"
#include "db/api_key.h"
#include "db/db.h"
#include "db/user.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/secret.h"

#include <stdio.h>
#include <string.h>

#define PAGE   100
#define DAY_US INT64_C(86400000000)

/* The transaction goes on as the user, whose keys nobody else sees. */
static struct err
become(struct admin *ad, struct user *out)
{
    TRY(user_find(ad->db, ad->arena, ad->args[0], out));
    db_be_user(ad->db, out->id);
    return OK;
}

static struct err
read_scope(const struct admin *ad, enum auth_scope *out)
{
    *out = SCOPE_WRITE;
    if (!ad->options.scope)
        return OK;
    for (int i = 0; auth_scope_names[i]; i++) {
        if (strcmp(auth_scope_names[i], ad->options.scope) == 0) {
            *out = (enum auth_scope)i;
            return OK;
        }
    }
    return ERR(ERR_INVALID, "a scope is read, write or admin");
}

static const char *
end_of(struct admin *ad)
{
    char *text = arena_alloc(ad->arena, CLOCK_TEXT + 1);

    if (ad->options.days == 0)
        return NULL;
    clock_text(clock_wall_us() + ad->options.days * DAY_US, text);
    return text;
}

static struct err
add(struct admin *ad)
{
    struct quota_limits limits = { ad->options.requests_per_minute, ad->options.unfinished,
                                   ad->options.tokens_per_day };
    char token[SECRET_TOKEN_TEXT + 1];
    enum auth_scope scope;
    struct api_key key;
    struct user user;
    const char *text;

    TRY(read_scope(ad, &scope));
    secret_token(token);
    text = arena_printf(ad->arena, "%s%s", API_KEY_PREFIX, token);
    TRY(admin_begin(ad));
    TRY(become(ad, &user));
    TRY(api_key_insert(ad->db, ad->arena, text, ad->args[1], scope, end_of(ad), &limits, &key));
    TRY(admin_audit(ad, AUDIT_KEY_MADE, key.id, key.scope));
    TRY(db_commit(ad->db));
    printf("%s\n", text);
    return OK;
}

static void
show(const struct api_key *k)
{
    static const int widths[] = { 36, 5, 6, 27, 27 };
    const char *cells[] = { k->id.s,
                            k->hint,
                            k->scope,
                            k->expires_at ? k->expires_at : "for ever",
                            k->last_used_at ? k->last_used_at : "never",
                            k->name };

    admin_row(cells, widths, 6);
}

static struct err
list(struct admin *ad)
{
    struct page page = { .limit = PAGE };
    struct api_key *keys;
    struct user user;
    size_t count;

    TRY(admin_begin_read(ad));
    TRY(become(ad, &user));
    do {
        TRY(api_key_list(ad->db, ad->arena, &page, &keys, &count));
        for (size_t i = 0; i < count; i++)
            show(&keys[i]);
        if (count > 0)
            page = (struct page){ keys[count - 1].created_at, keys[count - 1].id, PAGE };
    } while (count == PAGE);
    db_end_read(ad->db);
    return OK;
}

static struct err
revoke(struct admin *ad)
{
    struct user user;
    struct id id;
    struct err e;

    if (!id_parse(ad->args[1], &id))
        return ERR(ERR_INVALID, "the id of a key is needed, as key list shows it");
    TRY(admin_begin(ad));
    TRY(become(ad, &user));
    e = api_key_delete(ad->db, ad->arena, id);
    if (e.code == ERR_NOT_FOUND)
        return ERR(ERR_NOT_FOUND, "key not found");
    TRY(e);
    TRY(admin_audit(ad, AUDIT_KEY_REVOKED, id, NULL));
    return db_commit(ad->db);
}

const struct command key_commands[] = {
    { "key", "add",
      "EMAIL NAME [--scope read|write|admin] [--days N] [--requests-per-minute N]\n"
      "        [--unfinished N] [--tokens-per-day N]",
      "make an API key and print it; it is shown nowhere again", 2, 2, add },
    { "key", "list", "EMAIL", "list somebody's keys", 1, 1, list },
    { "key", "revoke", "EMAIL ID", "revoke one, at once", 2, 2, revoke },
    { NULL, NULL, NULL, NULL, 0, 0, NULL },
};
