#include "worker/tool/schema.h"

#include "lib/arena.h"
#include "lib/json_slice.h"

#include <math.h>
#include <string.h>

#define DEPTH_MAX 32

static struct err check(struct arena *a, struct str schema, struct str value, const char *at,
                        int depth);

static bool
is_number(struct str v)
{
    return v.len > 0 && strchr("-0123456789", v.p[0]);
}

static bool
is_type(struct arena *a, struct str v, struct str type)
{
    if (str_eq(type, STR("string")))
        return json_is_string(v);
    if (str_eq(type, STR("object")))
        return json_is_object(v);
    if (str_eq(type, STR("array")))
        return json_is_array(v);
    if (str_eq(type, STR("null")))
        return str_eq(v, STR("null"));
    if (str_eq(type, STR("boolean")))
        return str_eq(v, STR("true")) || str_eq(v, STR("false"));
    if (str_eq(type, STR("number")))
        return is_number(v);
    if (str_eq(type, STR("integer")))
        return is_number(v) && fmod(strtod(str_dup(a, v), NULL), 1) == 0;
    return true;
}

static struct err
check_type(struct arena *a, struct str schema, struct str value, const char *at)
{
    struct str type = json_member(schema, "type"), rest = type, one;

    if (json_is_string(type) && !is_type(a, value, json_text(a, type)))
        return err_fmt(a, ERR_INVALID, "%s must be of type %s", at, str_dup(a, json_text(a, type)));
    if (!json_is_array(type))
        return OK;
    while (json_next(&rest, &one))
        if (is_type(a, value, json_text(a, one)))
            return OK;
    return err_fmt(a, ERR_INVALID, "%s must be of one of the types %s", at, str_dup(a, type));
}

static struct err
check_enum(struct arena *a, struct str schema, struct str value, const char *at)
{
    struct str words = json_member(schema, "enum"), rest = words, one;

    if (!json_is_array(words))
        return OK;
    while (json_next(&rest, &one))
        if (json_is_string(one) == json_is_string(value) &&
            (json_is_string(one) ? str_eq(json_text(a, one), json_text(a, value))
                                 : str_eq(one, value)))
            return OK;
    return err_fmt(a, ERR_INVALID, "%s must be one of %s", at, str_dup(a, words));
}

/* Whether a limit of the schema is there, and its number. */
static bool
limit(struct arena *a, struct str schema, const char *name, double *out)
{
    struct str value = json_member(schema, name);

    if (!is_number(value))
        return false;
    *out = strtod(str_dup(a, value), NULL);
    return true;
}

static struct err
check_limits(struct arena *a, struct str schema, struct str value, const char *at)
{
    bool text = json_is_string(value);
    double bound, size;

    if (!text && !is_number(value))
        return OK;
    size = text ? (double)str_utf8_count(json_text(a, value)) : strtod(str_dup(a, value), NULL);
    if (limit(a, schema, text ? "minLength" : "minimum", &bound) && size < bound)
        return err_fmt(a, ERR_INVALID, "%s must be at least %g%s", at, bound,
                       text ? " characters" : "");
    if (limit(a, schema, text ? "maxLength" : "maximum", &bound) && size > bound)
        return err_fmt(a, ERR_INVALID, "%s must be at most %g%s", at, bound,
                       text ? " characters" : "");
    return OK;
}

static struct err
check_required(struct arena *a, struct str schema, struct str value, const char *at)
{
    struct str rest = json_member(schema, "required"), one;

    while (json_next(&rest, &one)) {
        const char *name = str_dup(a, json_text(a, one));

        if (json_member(value, name).len == 0)
            return err_fmt(a, ERR_INVALID, "%s lacks the member %s", at, name);
    }
    return OK;
}

static struct err
check_members(struct arena *a, struct str schema, struct str value, const char *at, int depth)
{
    struct str properties = json_member(schema, "properties"), key, member, own;
    bool closed = str_eq(json_member(schema, "additionalProperties"), STR("false"));
    size_t i = 0;

    TRY(check_required(a, schema, value, at));
    while (json_each(value, &i, &key, &member)) {
        const char *name = str_dup(a, json_text(a, key));

        own = json_member(properties, name);
        if (own.len == 0 && closed)
            return err_fmt(a, ERR_INVALID, "%s has no member %s", at, name);
        TRY(check(a, own, member, arena_printf(a, "%s.%s", at, name), depth));
    }
    return OK;
}

static struct err
check(struct arena *a, struct str schema, struct str value, const char *at, int depth)
{
    struct str rest = value, one;

    if (!json_is_object(schema) || depth == 0)
        return OK;
    TRY(check_type(a, schema, value, at));
    TRY(check_enum(a, schema, value, at));
    TRY(check_limits(a, schema, value, at));
    if (json_is_object(value))
        return check_members(a, schema, value, at, depth - 1);
    while (json_is_array(value) && json_next(&rest, &one))
        TRY(check(a, json_member(schema, "items"), one, arena_printf(a, "%s[]", at), depth - 1));
    return OK;
}

struct err
schema_check(struct arena *a, struct str schema, struct str value)
{
    return check(a, schema, value, "arguments", DEPTH_MAX);
}
