#include "worker/model/upstream.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/http.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/str.h"

#include <string.h>

#define WORDS_MAX ((size_t)300) /* bytes of a server's own words in a message */

/* ---- a server's own words ------------------------------------------------- */

/* On one line, without control characters, cut to a length that people read. */
static struct str
tidy(struct arena *a, struct str words)
{
    struct str cut = str_utf8_prefix(str_trim(words), WORDS_MAX);
    char *copy = str_dup(a, cut);

    for (size_t i = 0; i < cut.len; i++)
        if ((unsigned char)copy[i] < ' ' || copy[i] == 0x7f)
            copy[i] = ' ';
    return str_trim((struct str){ copy, cut.len });
}

/* A sentence, or a sentence and the server's words behind a colon. */
static struct err
sentence(struct arena *a, enum err_code code, const char *text, struct str words)
{
    struct str own = tidy(a, words);
    bool stopped = own.len > 0 && strchr(".!?", own.p[own.len - 1]);

    if (own.len == 0)
        return err_fmt(a, code, "%s.", text);
    return err_fmt(a, code, "%s: %.*s%s", text, (int)own.len, own.p, stopped ? "" : ".");
}

/* A string's text, or an object or array as it was sent. */
static struct str
text_of(struct arena *a, struct str value)
{
    return json_is_object(value) || json_is_array(value) ? value : json_text(a, value);
}

/* ---- what errors mean ------------------------------------------------------- */

static const struct {
    int status; /* 0: every other one of 4xx */
    enum err_code code;
    bool own_words; /* say what the server said; a refusal of a key may quote the key */
    const char *text;
} refusals[] = {
    { 401, ERR_UNAUTHENTICATED, false, "The model server refused the key" },
    { 403, ERR_FORBIDDEN, false, "The model server does not allow this with the agent's key" },
    { 404, ERR_NOT_FOUND, true, "The model server does not know this address or model" },
    { 408, ERR_TIMEOUT, true, "The model server took too long" },
    { 413, ERR_TOO_LARGE, true, "The conversation is too long for the model server" },
    { 425, ERR_UPSTREAM, true, "The model server is not ready yet" },
    { 429, ERR_RATE_LIMITED, true, "The model server is over its rate limit" },
    { 0, ERR_INVALID, true, "The model server refused the request" },
};

/* `what` is the number's name: "HTTP" for a status, "error" for what stands in a body. */
static struct err
refused_4xx(struct arena *a, const char *what, int status, struct str words)
{
    size_t i = 0;

    while (refusals[i].status && refusals[i].status != status)
        i++;
    return sentence(a, refusals[i].code,
                    arena_printf(a, "%s (%s %d)", refusals[i].text, what, status),
                    refusals[i].own_words ? words : (struct str){ "", 0 });
}

static struct err
by_status(struct arena *a, int status, struct str words)
{
    if (status >= 400 && status < 500)
        return refused_4xx(a, "HTTP", status, words);
    if (status >= 300 && status < 400)
        return err_fmt(
            a, ERR_INVALID,
            "The model server sent us elsewhere (HTTP %d); the agent's endpoint URL must "
            "be the final address.",
            status);
    if (status == 503)
        return sentence(a, ERR_UNAVAILABLE, "The model server is not available (HTTP 503)", words);
    return sentence(a, ERR_UPSTREAM, arena_printf(a, "The model server failed (HTTP %d)", status),
                    words);
}

/* Names of errors that stand in `type` or `code`, by a part of them. */
static const struct {
    const char *part;
    enum err_code code;
    const char *text;
} names[] = {
    { "insufficient_quota", ERR_FORBIDDEN, "The quota of the agent's key is used up" },
    { "invalid_request", ERR_INVALID, "The model server refused the request" },
    { "BadRequest", ERR_INVALID, "The model server refused the request" },
    { "context_length", ERR_TOO_LARGE, "The conversation is too long for the model" },
    { "authentication", ERR_UNAUTHENTICATED, "The model server refused the key" },
    { "permission", ERR_FORBIDDEN, "The model server does not allow this with the agent's key" },
    { "not_found", ERR_NOT_FOUND, "The model server does not know this model" },
    { "NotFound", ERR_NOT_FOUND, "The model server does not know this model" },
    { "rate_limit", ERR_RATE_LIMITED, "The model server is over its rate limit" },
    { "overloaded", ERR_UNAVAILABLE, "The model server is overloaded" },
};

struct told {
    struct str words, type, code;
    int64_t number; /* a status in `code`; 0 for none */
};

static struct err
judge(struct arena *a, const struct told *t)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strstr(str_dup(a, t->type), names[i].part) ||
            strstr(str_dup(a, t->code), names[i].part))
            return sentence(a, names[i].code, names[i].text, t->words);
    if (t->number >= 400 && t->number < 500)
        return refused_4xx(a, "error", (int)t->number, t->words);
    return sentence(a, ERR_UPSTREAM, "The model server reported an error", t->words);
}

static bool
is_error_object(struct arena *a, struct str root)
{
    return str_eq(json_text(a, json_member(root, "object")), STR("error"));
}

static struct told
read_object(struct arena *a, struct str error)
{
    struct told told = { .type = json_text(a, json_member(error, "type")),
                         .code = json_text(a, json_member(error, "code")),
                         .number = json_int(json_member(error, "code")),
                         .words = text_of(a, json_member(error, "message")) };

    if (told.words.len == 0)
        told.words = error;
    return told;
}

/* False when the object tells of no error. */
static bool
read_error(struct arena *a, struct str root, struct told *out)
{
    struct str error = is_error_object(a, root) ? root : json_member(root, "error");

    *out = (struct told){ 0 };
    if (json_is_string(error)) {
        out->words = json_text(a, error);
        return out->words.len > 0;
    }
    if (json_is_object(error) && !json_is_empty(error)) {
        *out = read_object(a, error);
        return true;
    }
    if (json_member(root, "choices").len > 0)
        return false;
    out->code = json_text(a, json_member(root, "error_code"));
    out->words = text_of(a, json_member(root, out->code.len > 0 ? "message" : "detail"));
    return out->code.len > 0 || out->words.len > 0;
}

struct err
upstream_told(struct arena *a, struct str root)
{
    struct told told;

    return read_error(a, root, &told) ? judge(a, &told) : OK;
}

struct err
upstream_error(struct arena *a, struct str error)
{
    struct told told = { 0 };

    if (json_is_object(error))
        told = read_object(a, error);
    else
        told.words = json_text(a, error);
    return judge(a, &told);
}

struct err
upstream_refused(struct arena *a, int status, const char *body, size_t len)
{
    struct told told = { 0 };
    size_t carry_len = 0;
    struct buf text;
    char carry[4];
    struct err e;

    buf_init(&text, a, UPSTREAM_BODY_MAX * 3);
    str_utf8_repair((struct str){ body, len }, carry, &carry_len, &text);
    e = json_check(a, text.data, text.len);
    if (!e.code) {
        struct str root = json_value((struct str){ text.data, text.len });

        if (!read_error(a, root, &told))
            told.words = json_text(a, json_member(root, "message"));
    }
    /* A refusal that is no JSON is a page of some proxy: its words help nobody. */
    if (str_eq(told.code, STR("insufficient_quota")))
        return judge(a, &told);
    return by_status(a, status, told.words);
}

struct err
upstream_broken(struct arena *a, const struct http_reply *reply)
{
    struct str why = str_from(reply->err.msg);

    if (reply->err.code == ERR_TIMEOUT)
        return reply->body_bytes > 0
                   ? ERR(ERR_TIMEOUT, "The model server fell silent in mid-answer.")
                   : ERR(ERR_TIMEOUT, "The model server did not answer in time.");
    if (reply->err.code == ERR_TOO_LARGE)
        return ERR(ERR_TOO_LARGE, "The model server sent more than an answer may hold.");
    if (reply->err.code != ERR_UPSTREAM && reply->err.code != ERR_UNAVAILABLE)
        return sentence(a, reply->err.code, "The agent's endpoint URL cannot be called", why);
    return sentence(a, ERR_UPSTREAM,
                    reply->status ? "The connection to the model server broke"
                                  : "The model server cannot be reached",
                    why);
}

const char *
upstream_error_name(struct err err)
{
    static const char *const error_names[ERR_CODE_COUNT] = {
        [ERR_MALFORMED] = "upstream_bad_answer", [ERR_UNAUTHENTICATED] = "upstream_key_refused",
        [ERR_FORBIDDEN] = "upstream_forbidden",  [ERR_NOT_FOUND] = "upstream_not_found",
        [ERR_TOO_LARGE] = "upstream_too_large",  [ERR_MEDIA_TYPE] = "upstream_bad_answer",
        [ERR_INVALID] = "upstream_refused",      [ERR_RATE_LIMITED] = "upstream_rate_limited",
        [ERR_UPSTREAM] = "upstream_error",       [ERR_UNAVAILABLE] = "upstream_unavailable",
        [ERR_TIMEOUT] = "upstream_timeout",
    };

    return error_names[err.code] ? error_names[err.code] : "server_error";
}
