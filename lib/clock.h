/*
 * Clock: the only callers of the system's clocks. Wall time is for people and
 * rows, monotonic time for deadlines and durations; never mix them. Leases,
 * sessions and schedules go by the database's clock, not by this.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_ns(void);

/* RFC 3339 in UTC with microseconds: "2026-01-31T12:00:00.123456Z". */
#define CLOCK_TEXT 27 /* characters */
void clock_text(int64_t wall_us, char out[CLOCK_TEXT + 1]);
int64_t clock_wall_us(void);

#endif
