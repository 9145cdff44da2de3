/*
 * Http_mail: one mail by SMTP, by libcurl. Blocks for at most MAIL_TOTAL_S: for
 * a thread that nobody waits for. A connection is encrypted unless the server
 * is this host itself.
 */
#ifndef LIB_HTTP_MAIL_H
#define LIB_HTTP_MAIL_H

#include "lib/err.h"

#include <stdint.h>

struct arena;
struct buf;

#define MAIL_TOTAL_S 20

struct mail {
    const char *server; /* smtp:// or smtps://, with user and password where they are needed */
    const char *from, *to;
    const char *subject; /* ASCII, of one line */
    const char *text;    /* UTF-8, lines end with \n */
};

/* The message as it is sent (RFC 5322): lines end with \r\n. `id` is for its Message-ID. Pure. */
void mail_write(struct buf *out, const struct mail *m, int64_t wall_s, const char *id);

/* ERR_INVALID for an address or a server that cannot be; ERR_UPSTREAM when it was not taken. */
struct err mail_send(struct arena *a, const struct mail *m) CHECKED;

#endif
