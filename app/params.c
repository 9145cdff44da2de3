#include "app/params.h"

#include "lib/arena.h"
#include "lib/json_writer.h"

#include <inttypes.h>
#include <string.h>

#define PROBLEMS_MAX ((size_t)16 * 1024) /* bytes; further problems are not listed */

bool
percent_decode(struct arena *a, struct str s, enum percent kind, const char **out)
{
    char *text = arena_alloc(a, s.len + 1);
    size_t len = 0;

    for (size_t i = 0; i < s.len; i++) {
        int high, low;

        text[len] = s.p[i];
        if (kind == PERCENT_QUERY && s.p[i] == '+')
            text[len] = ' ';
        if (s.p[i] == '%') {
            high = i + 2 < s.len ? str_hex(s.p[i + 1]) : -1;
            low = i + 2 < s.len ? str_hex(s.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            text[len] = (char)(high * 16 + low);
            i += 2;
        }
        if (text[len] == '\0')
            return false;
        len++;
    }
    if (str_utf8_valid((struct str){ text, len }) != len)
        return false;
    text[len] = '\0';
    *out = text;
    return true;
}

void
params_problem(struct params *p, const char *name, const char *detail)
{
    struct json_writer w;
    struct buf one;

    if (!p->err.code)
        p->err = err_fmt(p->arena, ERR_INVALID, "the parameter %s %s", name, detail);
    buf_init(&one, p->arena, PROBLEMS_MAX);
    if (p->problems.len > 0)
        buf_add_char(&one, ',');
    jw_begin(&w, &one);
    jw_object(&w, NULL);
    jw_str(&w, "parameter", name);
    jw_str(&w, "detail", detail);
    jw_object_end(&w);
    if (buf_ok(&one))
        buf_add(&p->problems, one.data, one.len);
}

static void
add(struct params *p, const char *name, const char *value)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->list[i].name, name) == 0) {
            p->list[i].asked = true;
            params_problem(p, name, "is given twice");
            return;
        }
    }
    p->list[p->count].name = name;
    p->list[p->count].value = value;
    p->count++;
}

void
params_parse(struct params *p, struct arena *a, const char *text)
{
    struct str rest = str_from(text);

    memset(p, 0, sizeof(*p));
    p->arena = a;
    buf_init(&p->problems, a, PROBLEMS_MAX);
    while (rest.len > 0 && !p->err.code) {
        struct str value, pair = str_cut(rest, '&', &rest), name = str_cut(pair, '=', &value);
        const char *name_text, *value_text;

        if (pair.len == 0)
            continue;
        if (!percent_decode(a, name, PERCENT_QUERY, &name_text) ||
            !percent_decode(a, value, PERCENT_QUERY, &value_text))
            p->err =
                ERR(ERR_MALFORMED, "the query of the URL is not valid UTF-8 in percent-encoding");
        else if (p->count == PARAMS_MAX)
            p->err = ERR(ERR_MALFORMED, "the URL has too many parameters");
        else
            add(p, name_text, value_text);
    }
}

bool
params_has(const struct params *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->list[i].name, name) == 0)
            return true;
    return false;
}

/* The value; NULL when absent. */
static const char *
ask(struct params *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->list[i].name, name) != 0)
            continue;
        p->list[i].asked = true;
        return p->list[i].value;
    }
    return NULL;
}

const char *
params_str(struct params *p, const char *name, size_t max)
{
    const char *value = ask(p, name);

    if (!value || !value[0])
        return NULL;
    if (str_utf8_count(str_from(value)) <= max)
        return value;
    params_problem(p, name, arena_printf(p->arena, "must have at most %zu characters", max));
    return NULL;
}

int64_t
params_int(struct params *p, const char *name, int64_t min, int64_t max, int64_t unset)
{
    const char *value = ask(p, name);
    int64_t number;

    if (!value)
        return unset;
    if (str_int(str_from(value), min, max, &number))
        return number;
    params_problem(
        p, name,
        arena_printf(p->arena, "must be an integer from %" PRId64 " to %" PRId64, min, max));
    return unset;
}

struct id
params_id(struct params *p, const char *name)
{
    const char *value = ask(p, name);
    struct id id = ID_NONE;

    if (value && !id_parse(value, &id))
        params_problem(p, name, "must be a UUID");
    return id;
}

int
params_word(struct params *p, const char *name, const char *const *words)
{
    const char *value = ask(p, name);
    struct buf detail;

    if (!value)
        return -1;
    for (int i = 0; words[i]; i++)
        if (strcmp(value, words[i]) == 0)
            return i;
    buf_init(&detail, p->arena, PROBLEMS_MAX);
    buf_add_str(&detail, "must be ");
    for (int i = 0; words[i]; i++)
        buf_printf(&detail, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
    params_problem(p, name, detail.data);
    return -1;
}

struct err
params_check(struct params *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->list[i].asked)
            continue;
        p->list[i].asked = true;
        params_problem(p, p->list[i].name, "is not known here");
    }
    return p->err;
}
