#include "lib/id.h"

#include "lib/clock.h"

#include <errno.h>
#include <pthread.h>
#include <sys/random.h>
#include <uuid/uuid.h>

#define COUNTER_MAX  0xfff /* 12 bits: rand_a of RFC 9562 */
#define COUNTER_SEED 0x7ff /* the high bit starts clear, so that there is room to count */
#define RANDOM_BYTES 256   /* bytes a getrandom() returns whole; 32 ids */
#define TAIL_BYTES   8     /* random bytes of one id: rand_b and 2 bits that the variant takes */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int64_t last_ms;
static unsigned counter;
static uint8_t pool[RANDOM_BYTES];
static size_t pool_left; /* bytes of `pool` that no id has used */

static void
before_fork(void)
{
    (void)pthread_mutex_lock(&lock);
}

static void
after_fork(void)
{
    (void)pthread_mutex_unlock(&lock);
}

/* The child must not repeat the random bytes that its parent goes on to use. */
static void
after_fork_child(void)
{
    pool_left = 0;
    (void)pthread_mutex_unlock(&lock);
}

static void
watch_forks(void)
{
    if (pthread_atfork(before_fork, after_fork, after_fork_child) != 0)
        abort();
}

static const uint8_t *
take_random(size_t len)
{
    ssize_t got;

    if (pool_left < len) {
        do
            got = getrandom(pool, sizeof(pool), 0);
        while (got < 0 && errno == EINTR);
        if (got != (ssize_t)sizeof(pool))
            abort();
        pool_left = sizeof(pool);
    }
    pool_left -= len;
    return pool + pool_left;
}

/* RFC 9562, 6.2, method 1: a seeded counter, and the clock's next tick when it runs out. */
static void
next(int64_t now_ms)
{
    if (now_ms <= last_ms && counter < COUNTER_MAX) {
        counter++;
        return;
    }
    last_ms = now_ms > last_ms ? now_ms : last_ms + 1;
    (void)memcpy(&counter, take_random(sizeof(counter)), sizeof(counter));
    counter &= COUNTER_SEED;
}

struct id
id_new(void)
{
    uint8_t b[16];

    (void)pthread_once(&once, watch_forks);
    (void)pthread_mutex_lock(&lock);
    next(clock_wall_ms());
    for (int i = 0; i < 6; i++)
        b[i] = (uint8_t)(last_ms >> (40 - 8 * i));
    b[6] = (uint8_t)(0x70 | counter >> 8);
    b[7] = (uint8_t)counter;
    memcpy(b + 8, take_random(TAIL_BYTES), TAIL_BYTES);
    (void)pthread_mutex_unlock(&lock);
    b[8] = (uint8_t)(0x80 | (b[8] & 0x3f));
    return id_from_bytes(b);
}

/* By hand: libuuid's takes ten times as long, and rows come by the thousand. */
bool
id_parse(const char *text, struct id *out)
{
    struct id id;

    if (!text)
        return false;
    for (int i = 0; i < ID_TEXT; i++) {
        char c = text[i];

        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (c != '-')
                return false;
        } else if (c >= 'A' && c <= 'F') {
            c = (char)(c - 'A' + 'a');
        } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
        id.s[i] = c;
    }
    if (text[ID_TEXT])
        return false;
    id.s[ID_TEXT] = '\0';
    *out = id;
    return true;
}

bool
id_is_set(struct id id)
{
    return id.s[0] != '\0';
}

bool
id_eq(struct id a, struct id b)
{
    return strcmp(a.s, b.s) == 0;
}

void
id_bytes(struct id id, uint8_t out[16])
{
    if (uuid_parse(id.s, out) != 0)
        memset(out, 0, 16);
}

struct id
id_from_bytes(const uint8_t bytes[16])
{
    struct id id;

    uuid_unparse_lower(bytes, id.s);
    return id;
}

int64_t
id_time_ms(struct id id)
{
    uint8_t b[16];
    int64_t ms = 0;

    id_bytes(id, b);
    for (int i = 0; i < 6; i++)
        ms = ms << 8 | b[i];
    return ms;
}
