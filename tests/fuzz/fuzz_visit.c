/*
 * A request to the gateway, one line for each thing it may hold: whatever the
 * bytes, a visit that is let in has a credential, a position and a wait within
 * their bounds, and nothing in it that could break out of a header.
 */
#include "lib/arena.h"
#include "stream/reply.h"
#include "stream/visit.h"
#include "tests/fuzz/fuzz.h"

#define QUERY_MAX 4

static const char *
next_line(char **rest)
{
    char *line = *rest;
    size_t len;

    if (!line)
        return NULL;
    len = strcspn(line, "\n");
    *rest = line[len] ? line + len + 1 : NULL;
    line[len] = '\0';
    return *line ? line : NULL;
}

static bool
is_visible(const char *s)
{
    for (; *s; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

static void
check_let_in(const struct visit *v)
{
    struct id again;

    MUST(v->token[0] && strlen(v->token) <= VISIT_TOKEN_MAX && is_visible(v->token));
    MUST(v->after >= -1 || v->after == AFTER_UNSET);
    MUST(v->wait_s >= 0 && v->wait_s <= VISIT_WAIT_MAX);
    MUST(v->what == VISIT_FEED || id_parse(v->id.s, &again));
    MUST(!v->websocket || (strlen(v->ws_key) == VISIT_KEY && is_visible(v->ws_key)));
}

static void
check_reply(struct arena *a, struct err e, const struct visit *v, const char *name)
{
    struct reply_mark mark = { .name = name };
    struct buf out;

    MUST(name[0] && is_visible(name));
    MUST((e.code == ERR_INVALID) == (v->fault.name != NULL));
    buf_init(&out, a, REPLY_MAX);
    if (e.code)
        reply_problem(&out, e, &v->fault, &mark);
    else
        reply_pass_on(&out, v, &mark);
    MUST(buf_ok(&out) && strstr(out.data, "\r\n\r\n"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new();
    char *rest = arena_strndup(a, (const char *)data, size);
    struct visit_text text = { .method = "GET", .path = next_line(&rest) };
    const char *query[QUERY_MAX], *url;
    char name[VISIT_NAME_MAX + 1];
    struct visit v;
    struct err e;

    for (text.query_count = 0; text.query_count < QUERY_MAX; text.query_count++)
        if (!(query[text.query_count] = next_line(&rest)))
            break;
    text.query = query;
    text.path = text.path ? text.path : "";
    text.authorization = next_line(&rest);
    text.cookie = next_line(&rest);
    text.last_event_id = next_line(&rest);
    text.host = next_line(&rest);
    text.origin = next_line(&rest);
    text.fetch_site = next_line(&rest);
    text.scheme = next_line(&rest);
    text.request_id = next_line(&rest);
    text.ws_key = next_line(&rest);
    text.ws_version = next_line(&rest);
    text.upgrade = text.ws_version != NULL;
    url = next_line(&rest);
    e = visit_read(&text, url ? url : "", &v);
    if (!e.code && v.what != VISIT_HEALTH && v.what != VISIT_METRICS)
        check_let_in(&v);
    visit_name(&text, name);
    check_reply(a, e, &v, name);
    arena_free(a);
    return 0;
}
