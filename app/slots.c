#include "app/slots.h"

#include "lib/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#define KIND_BYTES 1000 /* of the file, for the slots of one kind */
#define HASH_MAX   4
#define LOOK_MS    10 /* between two looks for a free slot */

static int
least(int a, int b)
{
    return a < b ? a : b;
}

static int
most(int a, int b)
{
    return a > b ? a : b;
}

/*
 * Passwords are hashed on half of the cores. Of the processes a quarter may wait for other
 * programs; people who sign in at one moment wait for each other, a tenth of a second each, in all
 * but two.
 */
bool
slots_init(struct slots *s, int processes)
{
    int cores = (int)sysconf(_SC_NPROCESSORS_ONLN), half = (processes + 1) / 2;

    s->fd = memfd_create("offstage-slots", MFD_CLOEXEC);
    s->limits[SLOT_HASH] = least(least(half, HASH_MAX), most(cores / 2, 1));
    s->limits[SLOT_QUEUE] = most(processes - 2 - s->limits[SLOT_HASH], 1);
    s->limits[SLOT_WAIT] = (processes + 3) / 4;
    return s->fd >= 0;
}

static bool
lock(const struct slots *s, short type, off_t start, off_t len)
{
    struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = len };

    return fcntl(s->fd, F_SETLK, &range) == 0;
}

bool
slots_take(const struct slots *s, enum slot_kind kind)
{
    for (int i = 0; i < s->limits[kind]; i++)
        if (lock(s, F_WRLCK, (off_t)kind * KIND_BYTES + i, 1))
            return true;
    return false;
}

bool
slots_take_within(const struct slots *s, enum slot_kind kind, int64_t wait_ms)
{
    int64_t until = clock_mono_ms() + wait_ms;
    bool taken = slots_take(s, kind);

    if (taken || !slots_take(s, SLOT_QUEUE))
        return taken;
    while (!taken && clock_mono_ms() < until) {
        (void)poll(NULL, 0, LOOK_MS);
        taken = slots_take(s, kind);
    }
    slots_release(s, SLOT_QUEUE);
    return taken;
}

void
slots_release(const struct slots *s, enum slot_kind kind)
{
    (void)lock(s, F_UNLCK, (off_t)kind * KIND_BYTES, KIND_BYTES);
}
