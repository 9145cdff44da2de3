"""Five thousand watchers of answers that do not begin: what an open, silent stream costs."""

import time

from instance import NO_RESPONSES, Instance
from part_stream import begin, watch

PROGRAMS = ('offstage-bench-watch',)
USERS = 50
WATCHERS = 5000
SETTLE_S = 5
SECONDS = 30 # two pings each


def measure(bench):
    for _ in range(bench.runs):
        with Instance(bench, **NO_RESPONSES) as it:
            run(bench, it)
    bench.figures.note(f'watchers: {WATCHERS} streams of as many queued responses of {USERS} users through nginx; '
                       f'CPU over {SECONDS} s, in which each is sent two pings')


def run(bench, it):
    users = it.users(USERS)
    streams = begin(it, users, it.agent(kind='extractive'), WATCHERS)
    before = it.rss_kib('stream'), it.rss_kib('nginx')
    with watch(bench, it, streams) as watchers:
        time.sleep(SETTLE_S)
        usage = it.usage(watchers=watchers.pid)
        time.sleep(SECONDS)
        cores = usage.cores()
        after = it.rss_kib('stream'), it.rss_kib('nginx')
    add = bench.figures.add
    add('watchers', 'memory of stream for each', 1.024 * (after[0] - before[0]) / WATCHERS, 'kB', most=12)
    add('watchers', 'memory of the largest nginx process for each', 1.024 * (after[1] - before[1]) / WATCHERS, 'kB')
    for name, used in cores.items():
        add('watchers', f'CPU of {name}', used, 'cores')
