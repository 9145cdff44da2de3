#include "lib/clock.h"

#define US_PER_S INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* The years 1 to 9999 have four digits; what lies outside is shown as their ends. */
#define TEXT_MIN_US (INT64_C(-62135596800) * US_PER_S)
#define TEXT_MAX_US (INT64_C(253402300800) * US_PER_S - 1)

static int64_t
read_ns(clockid_t clock)
{
    struct timespec now;

    if (clock_gettime(clock, &now) != 0)
        abort(); /* only an unknown clock fails */
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t
clock_wall_ms(void)
{
    return read_ns(CLOCK_REALTIME) / 1000000;
}

int64_t
clock_wall_us(void)
{
    return read_ns(CLOCK_REALTIME) / 1000;
}

int64_t
clock_mono_ms(void)
{
    return read_ns(CLOCK_MONOTONIC) / 1000000;
}

int64_t
clock_mono_ns(void)
{
    return read_ns(CLOCK_MONOTONIC);
}

/* By hand: each line of the log has a time, and printf() takes longer for it than for the rest. */
static void
put_digits(char *out, int width, int number)
{
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + number % 10);
        number /= 10;
    }
}

void
clock_text(int64_t wall_us, char out[CLOCK_TEXT + 1])
{
    int64_t us = wall_us < TEXT_MIN_US   ? TEXT_MIN_US
                 : wall_us > TEXT_MAX_US ? TEXT_MAX_US
                                         : wall_us;
    int64_t part = (us % US_PER_S + US_PER_S) % US_PER_S;
    time_t seconds = (time_t)((us - part) / US_PER_S);
    struct tm tm;

    if (!gmtime_r(&seconds, &tm))
        abort(); /* the range was bounded above */
    memcpy(out, "0000-00-00T00:00:00.000000Z", CLOCK_TEXT + 1);
    put_digits(out, 4, tm.tm_year + 1900);
    put_digits(out + 5, 2, tm.tm_mon + 1);
    put_digits(out + 8, 2, tm.tm_mday);
    put_digits(out + 11, 2, tm.tm_hour);
    put_digits(out + 14, 2, tm.tm_min);
    put_digits(out + 17, 2, tm.tm_sec);
    put_digits(out + 20, 6, (int)part);
}
