/*
 * Log: one JSON object a line on stderr.
 *
 * "ts", "level", "program", "pid" and "event" come first; what varies goes in
 * keys, never into the event, which is a stable snake_case noun_verb
 * (request_done, job_failed). Keys are from this list:
 *   request_id user_id method route status ms db_ms bytes job_id kind queue
 *   attempt agent_id response_id origin host code msg n path worker pid;
 *   origin is the request_id under which a message came whose answer is streamed
 * Never logged: bodies, keys, cookies, prompts, answers.
 *
 *   error  somebody must act      warn  handled, but odd
 *   info   a line per request/job debug for developers
 *
 * A line is one write(2) of at most LOG_LINE_MAX bytes; longer values are cut.
 * Logging never fails and never blocks on anything but that write. lib/ and
 * db/ do not log; the router, the runner and main do.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define LOG_LINE_MAX 4096 /* bytes */

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_key {
    const char *key;
    const char *text; /* NULL: the number is meant */
    int64_t number;
};

/* A function, since an array given for `text` may not be compared with NULL. */
static inline struct log_key
log_text(const char *key, const char *text)
{
    return (struct log_key){ key, text ? text : "", 0 };
}

#define LOG_S(k, v) log_text((k), (v))
#define LOG_I(k, v) ((struct log_key){ (k), (void *)0, (v) })

/* Set once at start; `program` must outlive the process. */
void log_init(const char *program, enum log_level least);

/* True, and *out set, when `name` is debug, info, warn or error. */
bool log_level_parse(const char *name, enum log_level *out);

void log_write(enum log_level level, const char *event, const struct log_key *keys, int n);

#define LOG_KEYS(...)                                                                              \
    (const struct log_key[]){ __VA_ARGS__ },                                                       \
        (int)(sizeof((const struct log_key[]){ __VA_ARGS__ }) / sizeof(struct log_key))
#define log_debug(event, ...) log_write(LOG_LEVEL_DEBUG, (event), LOG_KEYS(__VA_ARGS__))
#define log_info(event, ...)  log_write(LOG_LEVEL_INFO, (event), LOG_KEYS(__VA_ARGS__))
#define log_warn(event, ...)  log_write(LOG_LEVEL_WARN, (event), LOG_KEYS(__VA_ARGS__))
#define log_error(event, ...) log_write(LOG_LEVEL_ERROR, (event), LOG_KEYS(__VA_ARGS__))

#endif
