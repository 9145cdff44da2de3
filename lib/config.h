/*
 * Config: the settings table of lib/config.def, read from the environment.
 *
 * config_load() reports every mistake at once on stderr. Values are then read
 * by name; a setting that the program does not use reads as its default.
 * --help, --help-config and --version are answered by config_arguments().
 */
#ifndef LIB_CONFIG_H
#define LIB_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum setting {
#define SETTING(id, name, type, def, min, max, programs, help) SET_##id,
#include "lib/config.def"
#undef SETTING
    SETTING_COUNT
};

/*
 * Answer --help, --version and --help-config and exit, or refuse unknown
 * arguments with exit status 2. `letter` is the program's in the table (A, S,
 * W, O), `summary` one line, `usage` the text of --help after it.
 */
void config_arguments(int argc, char **argv, const char *program, char letter, const char *summary,
                      const char *usage);

/* Read the environment. False after printing every mistake to stderr. */
bool config_load(char letter) __attribute__((warn_unused_result));

const char *config_str(enum setting s); /* "" when empty */
int64_t config_int(enum setting s);
bool config_bool(enum setting s);

/* The table as text (letter 0: every program) or as rows of a Markdown table. */
void config_print(FILE *to, char letter);
void config_print_markdown(FILE *to);

#endif
