#include "worker/trace/mlflow_span.h"

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/json_check.h"
#include "lib/json_slice.h"
#include "lib/json_writer.h"
#include "lib/secret.h"
#include "worker/trace/mlflow_value.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_BYTES ((size_t)200)
#define KIND_MAX       40
#define ERROR_MAX      ((size_t)2000)
#define KEY_MAX        ((size_t)200)
#define ATTRIBUTES_MAX 200
#define JSON_MAX       ((size_t)1024 * 1024)

static struct str
first_of(struct str object, const char *name, const char *other)
{
    struct str value = json_member(object, name);

    return value.len ? value : json_member(object, other);
}

/* ---- ids and times ------------------------------------------------------------ */

static bool
is_hex(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!isxdigit((unsigned char)s.p[i]))
            return false;
    return true;
}

static int
digit64(char c)
{
    return c >= 'A' && c <= 'Z'   ? c - 'A'
           : c >= 'a' && c <= 'z' ? c - 'a' + 26
           : c >= '0' && c <= '9' ? c - '0' + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : -1;
}

/* Eight bytes in base64: eleven digits and a sign of equality. */
static bool
from_base64(struct str s, char out[TRACE_SPAN_ID + 1])
{
    uint8_t bytes[9] = { 0 };
    uint32_t bits = 0;

    if (s.len != 12 || s.p[11] != '=')
        return false;
    for (int i = 0; i < 12; i++) {
        int digit = i < 11 ? digit64(s.p[i]) : 0;

        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 == 3)
            for (int k = 0; k < 3; k++)
                bytes[i / 4 * 3 + k] = (uint8_t)(bits >> (16 - 8 * k));
    }
    for (int i = 0; i < 8; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

/* 16 hex digits of whatever a server calls its span. False for none. */
static bool
read_id(struct arena *a, struct str value, char out[TRACE_SPAN_ID + 1])
{
    struct str id = json_text(a, value);
    char hash[65];

    if (str_starts(id, STR("0x")))
        id = (struct str){ id.p + 2, id.len - 2 };
    if (id.len == 0)
        return false;
    if (id.len == TRACE_SPAN_ID && is_hex(id)) {
        for (int i = 0; i < TRACE_SPAN_ID; i++)
            out[i] = str_lower(id.p[i]);
        out[TRACE_SPAN_ID] = '\0';
    } else if (!from_base64(id, out)) {
        secret_hash_hex(str_dup(a, id), hash);
        memcpy(out, hash, TRACE_SPAN_ID);
        out[TRACE_SPAN_ID] = '\0';
    }
    return true;
}

/* A number, or a number in a string; 0 for none. */
static int64_t
read_time(struct arena *a, struct str value)
{
    struct str text = json_is_string(value) ? json_text(a, value) : value;
    int64_t ns;

    return str_int(text, 0, INT64_MAX, &ns) ? ns : 0;
}

/* ---- attributes --------------------------------------------------------------- */

/* The next attribute of a list of pairs. */
static bool
next_pair(struct arena *a, struct str *rest, struct str *key, struct str *value)
{
    struct str pair;

    if (!json_next(rest, &pair))
        return false;
    *key = json_member(pair, "key");
    *value = mlflow_plain(a, json_member(pair, "value"));
    return true;
}

static struct str
attribute(struct arena *a, struct str attributes, const char *name)
{
    struct str rest = attributes, key, value;

    if (json_is_object(attributes))
        return json_member(attributes, name);
    while (next_pair(a, &rest, &key, &value))
        if (str_eq(json_text(a, key), str_from(name)))
            return value;
    return (struct str){ "", 0 };
}

/* JSON in a string is that JSON; else the value as it stands. */
static struct str
decoded(struct arena *a, struct str value)
{
    struct str text = json_is_string(value) ? json_text(a, value) : value;

    if (json_is_string(value) && (text.len == 0 || json_check(a, text.p, text.len).code))
        return value;
    return text;
}

/* A value within a limit, or its beginning as text. */
static const char *
cut_json(struct arena *a, struct str value, size_t most, bool *cut)
{
    struct json_writer w;
    struct str shown;
    struct buf out;

    if (value.len <= most)
        return str_dup(a, value);
    *cut = true;
    shown = str_utf8_prefix(json_is_string(value) ? json_text(a, value) : value, most);
    buf_init(&out, a, JSON_MAX);
    jw_begin(&w, &out);
    jw_str_len(&w, NULL, shown.p, shown.len);
    return out.data;
}

static const char *
text_of(struct arena *a, struct mlflow_span *s, const char *name, size_t *left, bool *cut)
{
    struct str value = decoded(a, attribute(a, s->attributes, name));
    size_t most = *left < TRACE_TEXT_MAX ? *left : TRACE_TEXT_MAX;
    const char *json;

    if (value.len == 0 || str_eq(value, STR("null")))
        return NULL;
    json = cut_json(a, value, most, cut);
    *left -= strlen(json) < *left ? strlen(json) : *left;
    return json;
}

static bool
is_shown_elsewhere(struct str key)
{
    static const char *const names[] = { "mlflow.spanInputs", "mlflow.spanOutputs",
                                         "mlflow.spanType", "mlflow.traceRequestId" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(key, str_from(names[i])))
            return true;
    return false;
}

struct writing {
    struct arena *arena;
    struct json_writer *w;
    size_t *left;
    bool *cut;
    int count;
};

/* Keys repeat in a list, which no JSON reader takes: the first counts. */
static bool
is_repeated(struct writing *out, const char *const *keys, const char *key)
{
    for (int i = 0; i < out->count; i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

static void
write_attribute(struct writing *out, const char **keys, struct str key, struct str value)
{
    const char *name = str_dup(out->arena, str_utf8_prefix(key, KEY_MAX));

    if (is_shown_elsewhere(key) || value.len == 0 || is_repeated(out, keys, name))
        return;
    if (out->count == ATTRIBUTES_MAX || value.len > *out->left || value.len > TRACE_TEXT_MAX) {
        *out->cut = true;
        return;
    }
    *out->left -= value.len;
    keys[out->count++] = name;
    jw_raw(out->w, name, str_dup(out->arena, decoded(out->arena, value)));
}

/* The members of a dictionary, which have passed json_check(): walked as text. */
static bool
next_member(struct arena *a, struct str object, size_t *at, struct str *key, struct str *value)
{
    return json_each(object, at, key, value) ? (*key = json_text(a, *key), true) : false;
}

static void
write_attributes(struct writing *out, struct str attributes)
{
    const char **keys = arena_array(out->arena, ATTRIBUTES_MAX, sizeof(*keys));
    struct str rest = attributes, key, value;
    size_t at = 0;

    if (json_is_object(attributes)) {
        while (next_member(out->arena, attributes, &at, &key, &value))
            write_attribute(out, keys, key, value);
        return;
    }
    while (next_pair(out->arena, &rest, &key, &value))
        write_attribute(out, keys, json_text(out->arena, key), value);
}

void
mlflow_span_texts(struct arena *a, struct mlflow_span *s, size_t *left)
{
    struct json_writer w;
    bool cut = false;
    struct buf out;
    struct writing writing = { .arena = a, .w = &w, .left = left, .cut = &cut };

    s->span.inputs = text_of(a, s, "mlflow.spanInputs", left, &cut);
    s->span.outputs = text_of(a, s, "mlflow.spanOutputs", left, &cut);
    buf_init(&out, a, JSON_MAX * 8);
    jw_begin(&w, &out);
    jw_object(&w, NULL);
    write_attributes(&writing, s->attributes);
    if (s->end_ns == 0)
        jw_bool(&w, "unfinished", true);
    if (cut)
        jw_bool(&w, "truncated", true);
    jw_object_end(&w);
    s->span.attributes = out.data;
}

/* ---- the span ----------------------------------------------------------------- */

/* MLflow's types, in lower case: LLM, CHAT_MODEL, TOOL and what else. */
static const char *
kind_of(struct arena *a, struct str attributes)
{
    struct str type = json_text(a, decoded(a, attribute(a, attributes, "mlflow.spanType")));
    char *kind;

    if (type.len == 0 || type.len > KIND_MAX)
        return "unknown";
    kind = arena_strndup(a, type.p, type.len);
    for (char *p = kind; *p; p++) {
        if (!isalpha((unsigned char)*p) && *p != '_')
            return "unknown";
        *p = str_lower(*p);
    }
    return kind;
}

static struct str
exception_of(struct arena *a, struct str value)
{
    struct str events = json_member(value, "events"), event, message;

    while (json_next(&events, &event)) {
        message = json_text(a, attribute(a, json_member(event, "attributes"), "exception.message"));
        if (message.len)
            return message;
    }
    return (struct str){ "", 0 };
}

static void
read_status(struct arena *a, struct str value, struct trace_span *out)
{
    struct str status = json_member(value, "status");
    struct str code = json_text(a, json_is_object(status) ? json_member(status, "code")
                                                          : json_member(value, "status_code"));
    struct str words = json_text(a, json_is_object(status) ? json_member(status, "message")
                                                           : json_member(value, "status_message"));
    bool failed = str_eq(code, STR("ERROR")) || str_eq(code, STR("STATUS_CODE_ERROR")) ||
                  json_int(json_member(status, "code")) == 2;

    if (!failed)
        return;
    if (words.len == 0)
        words = exception_of(a, value);
    out->status = TRACE_ERROR;
    out->error = words.len ? str_dup(a, str_utf8_prefix(words, ERROR_MAX)) : "It failed.";
}

bool
mlflow_span_read(struct arena *a, struct str value, struct mlflow_span *out)
{
    struct str context = json_member(value, "context");
    struct str id = first_of(json_is_object(context) ? context : value, "span_id", "spanId");
    struct str name = json_text(a, json_member(value, "name"));

    *out = (struct mlflow_span){ .attributes = json_member(value, "attributes"), .parent = -1 };
    out->start_ns = read_time(a, first_of(value, "start_time_unix_nano", "start_time"));
    out->end_ns = read_time(a, first_of(value, "end_time_unix_nano", "end_time"));
    if (!json_is_object(value) || !read_id(a, id, out->span.id) || out->start_ns <= 0)
        return false;
    (void)read_id(a, first_of(value, "parent_span_id", "parent_id"), out->span.parent);
    out->span.name = name.len ? str_dup(a, str_utf8_prefix(name, NAME_MAX_BYTES)) : "span";
    out->span.kind = kind_of(a, out->attributes);
    out->span.source = "mlflow";
    read_status(a, value, &out->span);
    return true;
}
