#include "app/cursor.h"

#include "app/request.h"
#include "lib/arena.h"
#include "lib/clock.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#define TIME_DIGITS 15
#define ID_DIGITS   32
#define US_PER_S    INT64_C(1000000)
#define YEAR_1_S    INT64_C(-62135596800)    /* seconds from 1970 */
#define TIME_MAX    ((INT64_C(1) << 58) - 1) /* microseconds from year 1: the year 9134 */

static int
number(const char *p, int digits)
{
    int n = 0;

    for (int i = 0; i < digits; i++)
        n = n * 10 + (p[i] - '0');
    return n;
}

/* Microseconds from year 1 of a time as the database writes it. */
static int64_t
time_number(const char *at)
{
    struct tm tm = { .tm_year = number(at, 4) - 1900,
                     .tm_mon = number(at + 5, 2) - 1,
                     .tm_mday = number(at + 8, 2),
                     .tm_hour = number(at + 11, 2),
                     .tm_min = number(at + 14, 2),
                     .tm_sec = number(at + 17, 2) };
    int64_t us = ((int64_t)timegm(&tm) - YEAR_1_S) * US_PER_S + number(at + 20, 6);

    return us < TIME_MAX ? us : TIME_MAX;
}

const char *
cursor_make(struct arena *a, const char *at, struct id id)
{
    char hex[ID_DIGITS + 1];
    size_t n = 0;

    for (const char *p = id.s; *p; p++)
        if (*p != '-')
            hex[n++] = *p;
    hex[n] = '\0';
    return arena_printf(a, "%0*" PRIx64 "%s", TIME_DIGITS, (uint64_t)time_number(at), hex);
}

static bool
read_time(const char *cursor, int64_t *us)
{
    static const char digits[] = "0123456789abcdef";

    *us = 0;
    for (int i = 0; i < TIME_DIGITS; i++)
        *us = *us << 4 | (strchr(digits, cursor[i]) - digits);
    return *us <= TIME_MAX;
}

bool
cursor_read(struct arena *a, const char *cursor, const char **at, struct id *id)
{
    char text[CLOCK_TEXT + 1];
    const char *hex = cursor + TIME_DIGITS;
    int64_t us;

    if (strlen(cursor) != TIME_DIGITS + ID_DIGITS ||
        strspn(cursor, "0123456789abcdef") != TIME_DIGITS + ID_DIGITS || !read_time(cursor, &us))
        return false;
    clock_text(us + YEAR_1_S * US_PER_S, text);
    *at = arena_strdup(a, text);
    return id_parse(
        arena_printf(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20),
        id);
}
