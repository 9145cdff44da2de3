/*
 * Admin: what the commands of offstage-admin share. A command reads its
 * arguments, calls db/ and prints; main() has connected, and tells what went
 * wrong. Commands act as an admin who is no user: what they do is in the audit
 * log with the name of whoever ran them.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "admin/options.h"
#include "db/audit.h"
#include "lib/err.h"
#include "lib/id.h"

#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;

struct admin {
    struct arena *arena;
    struct db *db;
    struct options options;
    const char *const *args; /* after the command's own words */
    size_t count;
    const char *who; /* runs this */
};

/* A command: two words at most, the second may be "". */
struct command {
    const char *noun, *verb;
    const char *usage; /* its arguments */
    const char *help;
    size_t least, most; /* arguments */
    struct err (*run)(struct admin *ad);
};

/* The tables of the files, each ends with a command without a noun. */
extern const struct command user_commands[], key_commands[], queue_commands[];

/* A transaction in which everybody's rows are seen. */
struct err admin_begin(struct admin *ad) CHECKED;
struct err admin_begin_read(struct admin *ad) CHECKED;

/* Into the audit log. `detail` may be NULL. Queued. */
struct err admin_audit(struct admin *ad, enum audit_action action, struct id subject,
                       const char *detail) CHECKED;

/* "user" or "admin", also when not given. */
struct err admin_role(const struct admin *ad, const char *text, const char **out) CHECKED;

/* A line of columns; the last may be long. Texts may be NULL. */
void admin_row(const char *const *cells, const int *widths, size_t n);

#endif
