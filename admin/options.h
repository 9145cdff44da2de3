/*
 * Options: the command line's, of all commands in one table. What is wrong is
 * said by name, in one line for people.
 */
#ifndef ADMIN_OPTIONS_H
#define ADMIN_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;

struct options {
    const char *name, *role, *scope, *password_file;                      /* NULL: not given */
    int64_t days, limit, requests_per_minute, unfinished, tokens_per_day; /* 0: not given */
    bool help;
};

/* From argv, whose other words go behind the options (optind). NULL, or what is wrong. */
const char *options_read(struct arena *a, int argc, char **argv, struct options *out);

/* Whether a command whose arguments are `usage` takes those that are given. NULL, or what is wrong.
 */
const char *options_fit(struct arena *a, const struct options *o, const char *usage);

#endif
