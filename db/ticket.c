#include "db/ticket.h"

#include "lib/arena.h"
#include "lib/secret.h"
#include "lib/str.h"

static const char *const names[] = { [TICKET_INVITATION] = "invitation", [TICKET_RESET] = "reset" };

struct err
ticket_sign(struct arena *a, const char *key_hex, enum ticket_purpose purpose, struct id id,
            const char **out)
{
    char text[SECRET_SIGNED_TEXT + 1];
    uint8_t bytes[SECRET_SIGNED_BYTES];

    id_bytes(id, bytes);
    TRY(secret_sign(key_hex, names[purpose], bytes, text));
    *out = arena_strdup(a, text);
    return OK;
}

struct err
ticket_read(struct arena *a, const char *key_hex, enum ticket_purpose purpose, const char *token,
            struct id *out)
{
    uint8_t bytes[SECRET_SIGNED_BYTES];
    struct err e = secret_verify(key_hex, names[purpose], token, bytes);

    if (e.code)
        return err_fmt(a, ERR_INVALID, "this is not a token of an %s that was made here",
                       purpose == TICKET_INVITATION ? "invitation" : "offered reset");
    *out = id_from_bytes(bytes);
    return OK;
}

const char *
ticket_link(struct arena *a, const char *base, enum ticket_purpose purpose, const char *token)
{
    struct str s = str_from(base);

    while (s.len > 0 && s.p[s.len - 1] == '/')
        s.len--;
    /* Behind #, so that neither logs nor a Referer ever show it. */
    return arena_printf(a, "%.*s/#%s=%s", (int)s.len, s.len ? s.p : "", names[purpose], token);
}
