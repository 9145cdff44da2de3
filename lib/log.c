#include "lib/log.h"

#include "lib/clock.h"
#include "lib/json_writer.h"
#include "lib/str.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#define VALUE_MAX   1024        /* bytes of one value before escapes */
#define REPLACEMENT "\\ufffd"   /* for a byte that is not UTF-8 */
#define TAIL        ((size_t)3) /* bytes kept free for a closing quote, brace and line feed */

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_ERROR] = "error",
};

static const char *log_program = "offstage";
static enum log_level log_least = LOG_LEVEL_INFO;

struct line {
    char text[LOG_LINE_MAX];
    size_t len;
};

void
log_init(const char *program, enum log_level least)
{
    log_program = program;
    log_least = least;
}

bool
log_level_parse(const char *name, enum log_level *out)
{
    for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* Add all of the bytes or none. */
static bool
put(struct line *l, const char *bytes, size_t len)
{
    if (l->len + len > sizeof(l->text) - TAIL)
        return false;
    memcpy(l->text + l->len, bytes, len);
    l->len += len;
    return true;
}

/* Add as much of a value as fits, never half an escape or half a character. */
static void
put_escaped(struct line *l, const char *value)
{
    struct str rest = str_utf8_prefix(str_from(value), VALUE_MAX);
    char escape[6];
    bool room = true;

    while (rest.len > 0 && room) {
        size_t len = str_utf8_first(rest);

        if (len == 0) {
            len = 1;
            room = put(l, REPLACEMENT, sizeof(REPLACEMENT) - 1);
        } else if (len == 1) {
            room = put(l, escape, jw_escape((unsigned char)rest.p[0], escape));
        } else {
            room = put(l, rest.p, len);
        }
        rest.p += len;
        rest.len -= len;
    }
}

static void
put_text(struct line *l, const char *key, const char *value)
{
    char head[64];
    int len = snprintf(head, sizeof(head), "%s\"%s\":\"", l->len > 0 ? "," : "{", key);

    if (len < 0 || (size_t)len >= sizeof(head) || !put(l, head, (size_t)len))
        return;
    put_escaped(l, value);
    l->text[l->len++] = '"'; /* TAIL keeps its place */
}

static void
put_number(struct line *l, const char *key, int64_t value)
{
    char member[96];
    int len = snprintf(member, sizeof(member), ",\"%s\":%" PRId64, key, value);

    if (len > 0 && (size_t)len < sizeof(member))
        (void)put(l, member, (size_t)len);
}

void
log_write(enum log_level level, const char *event, const struct log_key *keys, int n)
{
    int saved_errno = errno;
    struct line line = { .len = 0 };
    char now[CLOCK_TEXT + 1];
    ssize_t ignored;

    if (level < log_least)
        return;
    clock_text(clock_wall_us(), now);
    put_text(&line, "ts", now);
    put_text(&line, "level", level_names[level]);
    put_text(&line, "program", log_program);
    put_number(&line, "pid", getpid());
    put_text(&line, "event", event);
    for (int i = 0; i < n; i++) {
        if (keys[i].text)
            put_text(&line, keys[i].key, keys[i].text);
        else
            put_number(&line, keys[i].key, keys[i].number);
    }
    line.text[line.len++] = '}';
    line.text[line.len++] = '\n';
    ignored = write(STDERR_FILENO, line.text, line.len);
    (void)ignored; /* there is nowhere left to say so */
    errno = saved_errno;
}
