/* Job "noop": nothing, for tests and benchmarks of the queue. */
#include "worker/attempt.h"
#include "worker/kind.h"

static void
start(struct attempt *at)
{
    attempt_end(at, JOB_END_COMPLETED, NULL);
}

const struct kind kind_noop = {
    .name = "noop",
    .queue = "default",
    .summary = "Do nothing",
    .max_attempts = 1,
    .quiet = true,
    .start = start,
};
