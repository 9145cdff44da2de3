#include "lib/json_reader.h"

#include "lib/arena.h"
#include "lib/json_check.h"
#include "lib/json_key.h"
#include "lib/json_writer.h"
#include "lib/str.h"

#include <assert.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <math.h>

#define EXACT_MAX    9007199254740992.0   /* up to it a double tells every integer */
#define PROBLEMS_MAX ((size_t)16 * 1024)  /* bytes; further problems are not listed */
#define POINTER_MAX  ((size_t)200)        /* bytes of one part of a pointer */
#define PARSER_DEPTH (JSON_DEPTH_MAX + 2) /* json-c also counts the scalar */

static void
put(void *object)
{
    (void)json_object_put(object);
}

static struct json_reader *
outermost(struct json_reader *in)
{
    while (in->parent)
        in = in->parent;
    return in;
}

/* The JSON pointer (RFC 6901) of a member; of the object itself when key is NULL. */
static const char *
pointer_to(const struct json_reader *in, const char *key)
{
    struct str part = str_utf8_prefix(str_from(key), POINTER_MAX);
    struct buf out;

    if (!key)
        return in->base;
    buf_init(&out, in->arena, SIZE_MAX);
    buf_add_str(&out, in->base);
    buf_add_char(&out, '/');
    for (size_t i = 0; i < part.len; i++) {
        if (part.p[i] == '~' || part.p[i] == '/')
            buf_add_str(&out, part.p[i] == '~' ? "~0" : "~1");
        else
            buf_add_char(&out, part.p[i]);
    }
    return out.data;
}

/* `link` stands between the two in a sentence. */
static void
note(struct json_reader *in, const char *pointer, const char *link, const char *detail)
{
    struct json_reader *first = outermost(in);
    struct json_writer w;
    struct buf one;

    if (!first->err.code)
        first->err = err_fmt(in->arena, ERR_INVALID, "%s%s%s", pointer,
                             pointer[0] ? link : "the object ", detail);
    buf_init(&one, in->arena, PROBLEMS_MAX);
    if (in->problems->len > 0)
        buf_add_char(&one, ',');
    jw_begin(&w, &one);
    jw_object(&w, NULL);
    jw_str(&w, "pointer", pointer);
    jw_str(&w, "detail", detail);
    jw_object_end(&w);
    if (buf_ok(&one))
        buf_add(in->problems, one.data, one.len);
}

void
jr_problem(struct json_reader *in, const char *key, const char *detail)
{
    note(in, pointer_to(in, key), " ", detail);
}

void
jr_error(struct json_reader *in, const char *key, struct err e)
{
    note(in, pointer_to(in, key), ": ", e.msg);
}

static void problem(struct json_reader *in, const char *pointer, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
problem(struct json_reader *in, const char *pointer, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    note(in, pointer, " ", arena_vprintf(in->arena, fmt, ap));
    va_end(ap);
}

/* Where the next escaped pair of surrogates begins, or the end. The text has been checked. */
static size_t
find_pair(const char *text, size_t len, size_t from)
{
    const char *p = text + from;

    while ((p = memchr(p, '\\', len - (size_t)(p - text))) != NULL) {
        int unit = p[1] == 'u' ? json_hex4(p + 2, 4) : 0;

        if (unit >= 0xd800 && unit <= 0xdbff)
            return (size_t)(p - text);
        p += 2;
    }
    return len;
}

/*
 * Escaped pairs become UTF-8. json-c up to 0.17 decodes U+1D800 to U+1DFFF, and the same of
 * the other planes, as U+FFFD: it asks of the code point whether it is half of a pair.
 */
static void
decode_pairs(struct arena *a, const char **text, size_t *len)
{
    size_t at = 0, pair = find_pair(*text, *len, 0);
    struct buf out;

    if (pair == *len)
        return;
    buf_init(&out, a, *len);
    while (pair < *len) {
        int high = json_hex4(*text + pair + 2, 4), low = json_hex4(*text + pair + 8, 4);
        unsigned c = 0x10000 + ((unsigned)(high - 0xd800) << 10) + (unsigned)(low - 0xdc00);
        char bytes[] = { (char)(0xf0 | (c >> 18)), (char)(0x80 | ((c >> 12) & 0x3f)),
                         (char)(0x80 | ((c >> 6) & 0x3f)), (char)(0x80 | (c & 0x3f)) };

        buf_add(&out, *text + at, pair - at);
        buf_add(&out, bytes, sizeof(bytes));
        at = pair + 12;
        pair = find_pair(*text, *len, at);
    }
    buf_add(&out, *text + at, *len - at);
    *text = out.data;
    *len = out.len;
}

static struct err
parse(struct arena *a, const char *text, size_t len, struct json_object **out)
{
    struct json_tokener *tok;
    enum json_tokener_error failed;
    struct json_object *root;

    TRY(json_check(a, text, len));
    if (len > INT_MAX)
        return ERR(ERR_TOO_LARGE, "the JSON text is too long");
    decode_pairs(a, &text, &len);
    tok = json_tokener_new_ex(PARSER_DEPTH);
    if (!tok)
        abort();
    json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
    root = json_tokener_parse_ex(tok, text, (int)len);
    failed = json_tokener_get_error(tok);
    json_tokener_free(tok);
    if (root)
        arena_defer(a, put, root);
    /* A number or word at the top wants a byte after it: it is no object either way. */
    if (failed || !json_object_is_type(root, json_type_object))
        return ERR(ERR_MALFORMED, "the JSON text must be an object");
    *out = root;
    return OK;
}

void
jr_parse(struct json_reader *in, struct arena *a, const char *text, size_t len)
{
    *in = (struct json_reader){ .arena = a, .base = "", .problems = ARENA_NEW(a, struct buf) };
    buf_init(in->problems, a, PROBLEMS_MAX);
    in->err = parse(a, text, len, &in->object);
}

static void
nest(struct json_reader *in, const char *base, struct json_object *object, struct json_reader *out)
{
    *out = (struct json_reader){
        .arena = in->arena,
        .object = object,
        .problems = in->problems,
        .base = base,
        .parent = in,
    };
}

/* The member, NULL when absent or null; remembers that it was asked for. */
static struct json_object *
ask(struct json_reader *in, const char *key)
{
    struct json_object *value = NULL;

    if (!in->object)
        return NULL;
    for (int i = 0; i < in->asked_count; i++)
        if (strcmp(in->asked[i], key) == 0)
            return json_object_object_get(in->object, key);
    assert(in->asked_count < JR_KEYS_MAX);
    in->asked[in->asked_count++] = key;
    (void)json_object_object_get_ex(in->object, key, &value);
    return value;
}

/* Like ask(), and a member that is absent or null is a problem. */
static struct json_object *
require(struct json_reader *in, const char *key)
{
    struct json_object *value = ask(in, key);

    if (!value && in->object)
        jr_problem(in, key, jr_has(in, key) ? "must not be null" : "is required");
    return value;
}

static const char *
read_str(struct json_reader *in, const char *pointer, struct json_object *value, size_t min,
         size_t max)
{
    struct str s;
    size_t count;

    if (!json_object_is_type(value, json_type_string)) {
        problem(in, pointer, "must be a string");
        return NULL;
    }
    s = (struct str){ json_object_get_string(value), (size_t)json_object_get_string_len(value) };
    count = str_utf8_count(s);
    if (count >= min && count <= max)
        return s.p;
    if (min == 0)
        problem(in, pointer, "must have at most %zu characters", max);
    else
        problem(in, pointer, "must have %zu to %zu characters", min, max);
    return NULL;
}

const char *
jr_str(struct json_reader *in, const char *key, size_t min, size_t max)
{
    struct json_object *value = require(in, key);

    return value ? read_str(in, pointer_to(in, key), value, min, max) : NULL;
}

const char *
jr_opt_str(struct json_reader *in, const char *key, size_t min, size_t max)
{
    struct json_object *value = ask(in, key);

    return value ? read_str(in, pointer_to(in, key), value, min, max) : NULL;
}

static int
read_word(struct json_reader *in, const char *key, struct json_object *value,
          const char *const *words)
{
    struct buf detail;

    if (json_object_is_type(value, json_type_string))
        for (int i = 0; words[i]; i++)
            if (strcmp(json_object_get_string(value), words[i]) == 0)
                return i;

    buf_init(&detail, in->arena, PROBLEMS_MAX);
    buf_add_str(&detail, "must be ");
    for (int i = 0; words[i]; i++)
        buf_printf(&detail, "%s\"%s\"", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
    jr_problem(in, key, detail.data);
    return -1;
}

int
jr_word(struct json_reader *in, const char *key, const char *const *words)
{
    struct json_object *value = require(in, key);

    return value ? read_word(in, key, value, words) : -1;
}

int
jr_opt_word(struct json_reader *in, const char *key, const char *const *words)
{
    struct json_object *value = ask(in, key);

    return value ? read_word(in, key, value, words) : -1;
}

static int64_t
read_int(struct json_reader *in, const char *key, struct json_object *value, int64_t min,
         int64_t max)
{
    bool is_int = json_object_is_type(value, json_type_int);
    int64_t number = is_int ? json_object_get_int64(value) : 0;
    double real =
        json_object_is_type(value, json_type_double) ? json_object_get_double(value) : (double)NAN;

    /* 2.0 is an integer to JSON Schema. */
    if (fabs(real) <= EXACT_MAX && trunc(real) == real) {
        is_int = true;
        number = (int64_t)real;
    }

    /* Above INT64_MAX json-c saturates, and only the unsigned value tells. */
    if (is_int && number == INT64_MAX && json_object_get_uint64(value) > INT64_MAX)
        is_int = false;
    if (is_int && number >= min && number <= max)
        return number;
    problem(in, pointer_to(in, key), "must be an integer from %" PRId64 " to %" PRId64, min, max);
    return 0;
}

int64_t
jr_int(struct json_reader *in, const char *key, int64_t min, int64_t max)
{
    struct json_object *value = require(in, key);

    return value ? read_int(in, key, value, min, max) : 0;
}

int64_t
jr_opt_int(struct json_reader *in, const char *key, int64_t min, int64_t max, int64_t unset)
{
    struct json_object *value = ask(in, key);

    return value ? read_int(in, key, value, min, max) : unset;
}

double
jr_opt_double(struct json_reader *in, const char *key, double min, double max, double unset)
{
    struct json_object *value = ask(in, key);
    double number;

    if (!value)
        return unset;
    number = json_object_get_double(value);
    if ((json_object_is_type(value, json_type_double) ||
         json_object_is_type(value, json_type_int)) &&
        number >= min && number <= max)
        return number;
    problem(in, pointer_to(in, key), "must be a number from %g to %g", min, max);
    return 0;
}

bool
jr_opt_bool(struct json_reader *in, const char *key, bool unset)
{
    struct json_object *value = ask(in, key);

    if (!value)
        return unset;
    if (json_object_is_type(value, json_type_boolean))
        return json_object_get_boolean(value);
    jr_problem(in, key, "must be true or false");
    return false;
}

static struct id
read_id(struct json_reader *in, const char *key, struct json_object *value)
{
    struct id id;

    if (json_object_is_type(value, json_type_string) &&
        id_parse(json_object_get_string(value), &id))
        return id;
    jr_problem(in, key, "must be a UUID");
    return ID_NONE;
}

struct id
jr_id(struct json_reader *in, const char *key)
{
    struct json_object *value = require(in, key);

    return value ? read_id(in, key, value) : ID_NONE;
}

struct id
jr_opt_id(struct json_reader *in, const char *key)
{
    struct json_object *value = ask(in, key);

    return value ? read_id(in, key, value) : ID_NONE;
}

bool
jr_has(const struct json_reader *in, const char *key)
{
    return in->object && json_object_object_get_ex(in->object, key, NULL);
}

size_t
jr_opt_array(struct json_reader *in, const char *key, size_t max)
{
    struct json_object *value = ask(in, key);

    if (!value)
        return 0;
    if (!json_object_is_type(value, json_type_array)) {
        jr_problem(in, key, "must be an array");
        return 0;
    }
    if (json_object_array_length(value) <= max)
        return json_object_array_length(value);
    problem(in, pointer_to(in, key), "must have at most %zu elements", max);
    return 0;
}

const char *
jr_array_str(struct json_reader *in, const char *key, size_t i, size_t min, size_t max)
{
    struct json_object *value = json_object_array_get_idx(ask(in, key), i);

    return read_str(in, arena_printf(in->arena, "%s/%zu", pointer_to(in, key), i), value, min, max);
}

void
jr_array_object(struct json_reader *in, const char *key, size_t i, struct json_reader *out)
{
    struct json_object *value = json_object_array_get_idx(ask(in, key), i);
    const char *pointer = arena_printf(in->arena, "%s/%zu", pointer_to(in, key), i);

    if (!json_object_is_type(value, json_type_object)) {
        problem(in, pointer, "must be an object");
        value = NULL;
    }
    nest(in, pointer, value, out);
}

bool
jr_opt_object(struct json_reader *in, const char *key, struct json_reader *out)
{
    struct json_object *value = ask(in, key);

    if (value && !json_object_is_type(value, json_type_object)) {
        jr_problem(in, key, "must be an object");
        value = NULL;
    }
    nest(in, pointer_to(in, key), value, out);
    return value != NULL;
}

const char *
jr_opt_raw(struct json_reader *in, const char *key, size_t max)
{
    struct json_object *value = ask(in, key);
    const char *text;
    size_t len;

    if (!value)
        return NULL;
    text = json_object_to_json_string_length(
        value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
    if (!text)
        abort();
    if (len <= max)
        return text;
    problem(in, pointer_to(in, key), "must have at most %zu bytes as JSON", max);
    return NULL;
}

static bool
was_asked(const struct json_reader *in, const char *key)
{
    for (int i = 0; i < in->asked_count; i++)
        if (strcmp(in->asked[i], key) == 0)
            return true;
    return false;
}

struct err
jr_check(struct json_reader *in)
{
    struct json_object_iterator i, end;

    if (in->object) {
        i = json_object_iter_begin(in->object);
        end = json_object_iter_end(in->object);
        for (; !json_object_iter_equal(&i, &end); json_object_iter_next(&i))
            if (!was_asked(in, json_object_iter_peek_name(&i)))
                jr_problem(in, json_object_iter_peek_name(&i), "is not a known member");
    }
    return outermost(in)->err;
}
