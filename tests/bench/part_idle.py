"""What the programs use while nobody asks anything of them."""

import time

from instance import SERVICES, Instance
from processes import switches

SETTLE_S = 10
SECONDS = 20
MOST_CORES = 0.005 # polls and pings; a descriptor that nobody drains would be a whole core


def measure(bench):
    with Instance(bench) as it:
        time.sleep(SETTLE_S)
        for _ in range(bench.runs):
            before = {name: switches(it.pids(name)) for name in SERVICES}
            usage = it.usage()
            time.sleep(SECONDS)
            cores = usage.cores()
            for name in SERVICES:
                bench.figures.add('idle', f'CPU of {name}', cores[name], 'cores', most=MOST_CORES)
                bench.figures.add('idle', f'context switches of {name}',
                                  (switches(it.pids(name)) - before[name]) / SECONDS, '/s')
    bench.figures.note(f'idle: {SECONDS} s each, {SETTLE_S} s after the start; CPU is counted in ticks of 10 ms')
