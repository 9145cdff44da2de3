#include "app/cursor.h"

#include "app/request.h"
#include "lib/arena.h"
#include "lib/str.h"

#include <string.h>

#define TEXT_MAX 100 /* bytes of "time,id" */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const char *
cursor_make(struct arena *a, const char *at, struct id id)
{
    const char *text = arena_printf(a, "%s,%s", at, id.s);
    size_t len = strlen(text), n = 0;
    char *out = arena_alloc(a, len * 4 / 3 + 5);

    for (size_t i = 0; i < len; i += 3) {
        unsigned three = (unsigned)(unsigned char)text[i] << 16;
        size_t have = len - i < 3 ? len - i : 3;

        if (have > 1)
            three |= (unsigned)(unsigned char)text[i + 1] << 8;
        if (have > 2)
            three |= (unsigned char)text[i + 2];
        for (size_t j = 0; j <= have; j++)
            out[n++] = digits[three >> (18 - 6 * j) & 63];
    }
    return out;
}

static bool
decode(struct str s, char out[TEXT_MAX + 1])
{
    unsigned bits = 0, have = 0;
    size_t len = 0;

    if (s.len > TEXT_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        const char *digit = s.p[i] ? strchr(digits, s.p[i]) : NULL;

        if (!digit)
            return false;
        bits = bits << 6 | (unsigned)(digit - digits);
        have += 6;
        if (have >= 8) {
            have -= 8;
            out[len++] = (char)(bits >> have & 255);
        }
    }
    out[len] = '\0';
    return strlen(out) == len;
}

bool
cursor_read(struct arena *a, const char *cursor, const char **at, struct id *id)
{
    char text[TEXT_MAX + 1];
    struct str rest, time;

    if (!decode(str_from(cursor), text))
        return false;
    time = str_cut(str_from(text), ',', &rest);
    *at = str_dup(a, time);
    return request_is_time(*at) && id_parse(str_dup(a, rest), id);
}
