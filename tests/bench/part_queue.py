"""The job queue by itself: offstage-queue-bench, and other queues beside it when OFFSTAGE_BENCH_QUEUE names a driver.

The driver is a folder with a program run-peers, which runs every contestant and the one in
OURS by the same verbs (README.md) and prints a line of JSON a measure; OFFSTAGE_BENCH_QUEUE_PEERS
names some of the contestants instead of all. Without the driver our own
program alone is measured in the same way.

Then our own in what makes queues slow: a million jobs in line, as many serial keys as jobs, and a snapshot that
was held for OFFSTAGE_BENCH_HELD_S seconds (20; 600 are aimed at) of steady work.
"""

import json
import os
import pathlib
import random
import subprocess
import time

import load
from cluster import Cluster
from processes import cpu_s, rss_peak_kib, tree

PROGRAMS = ('offstage-queue-bench',)
JOBS = 50000
CHUNK = 1000
SECONDS = 5
SAMPLES = 500
WAIT_S = 300
CROWD = 1000000
KEYS = 100000
KEYS_CHUNK = 100
HELD_S = int(os.environ.get('OFFSTAGE_BENCH_HELD_S', '20'))
FALL = 0.8 # of the figure that it is set against, at least

# measure → how it is called in the table, our target by itself, and that against the fastest peer
MEASURES = {
    'enqueue_1': ('single enqueue, 1 connection', {}, 1),
    'enqueue_8': ('single enqueue, 8 connections', {}, 1),
    'enqueue_bulk': ('bulk enqueue', {}, 3),
    'drain': ('drain', {}, 4),
    'drain_cpu_worker': ('worker CPU of 1,000 jobs', {}, None),
    'drain_cpu_server': ('PostgreSQL CPU of 1,000 jobs', {'most': 0.015}, None),
    'drain_peak_rss': ('peak memory of the worker', {'most': 20}, None),
    'drain_xmin_held': ('drain while a snapshot is held', {}, None),
    'pickup_from_call_p50': ('pickup from the call, p50', {'most': 1.0}, None),
    'pickup_from_call_p99': ('pickup from the call, p99', {'most': 2.5}, None),
    'pickup_from_commit_p50': ('pickup from the commit, p50', {}, None),
    'pickup_from_commit_p99': ('pickup from the commit, p99', {}, None),
}


def measure(bench):
    driver = os.environ.get('OFFSTAGE_BENCH_QUEUE')
    lines = list(beside_others(bench, driver) if driver else alone(bench))
    ours = [line for line in lines if line['peer'] == 'ours']
    if not ours:
        raise RuntimeError('the driver measured no queue of ours')
    for line in ours:
        name, target, _ = MEASURES[line['measure']]
        peers = {other['peer']: other['value'] for other in lines
                 if other['peer'] != 'ours' and (other['measure'], other['run']) == (line['measure'], line['run'])}
        bench.figures.add('queue', name, line['value'], line['unit'], peers=peers, **target)
    against_fastest(bench)
    crowded(bench)
    bench.figures.note('queue: PostgreSQL of its own with fsync and synchronous_commit on; '
                       + (f'peers by {driver}' if driver else 'without peers: OFFSTAGE_BENCH_QUEUE names no driver'))


def against_fastest(bench):
    """Targets that are said in terms of the fastest peer; for single jobs of those that lose none at a power cut."""
    for measure, (name, _, least) in MEASURES.items():
        figure = bench.figures.all.get(('queue', name))
        if not figure or not figure.peers or not least:
            continue
        if measure in ('enqueue_1', 'enqueue_8'):
            figure.peers = {peer: values for peer, values in figure.peers.items() if 'everysec' not in peer}
        figure.least = least * max(sum(values) / len(values) for values in figure.peers.values())


def beside_others(bench, driver):
    chosen = os.environ.get('OFFSTAGE_BENCH_QUEUE_PEERS', '').split()
    done = subprocess.run([str(pathlib.Path(driver) / 'run-peers'), '--runs', str(bench.runs), *chosen,
                           *(['ours'] if chosen else [])], text=True, stdout=subprocess.PIPE,
                          env={**os.environ, 'OURS': bench.program(PROGRAMS[0])})
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{')]


class Child:
    """Our program at one verb; it answers a line at a time."""

    def __init__(self, bench, cluster, *verb):
        self.process = subprocess.Popen([bench.program(PROGRAMS[0]), *map(str, verb)], env=cluster.environment,
                                        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, word):
        line = self.process.stdout.readline().split()
        if not line or line[0] != word:
            raise RuntimeError(f'wanted {word}, got {line}')
        return line[1:]

    def say(self, line):
        self.process.stdin.write(f'{line}\n')
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=30)


def alone(bench):
    with Cluster(bench.folder) as cluster:
        for run in range(1, bench.runs + 1):
            for step in (enqueue_1, enqueue_8, drain, drain_held, pickup):
                pending = fresh(bench, cluster)
                for name, value, unit in step(bench, cluster, pending):
                    yield {'peer': 'ours', 'measure': name, 'value': value, 'unit': unit, 'run': run}


def rate(bench, cluster, *verb):
    with Child(bench, cluster, *verb) as child:
        count, seconds = map(float, child.read('rate'))
    return count / seconds


def enqueue_1(bench, cluster, pending):
    yield 'enqueue_1', rate(bench, cluster, 'enqueue', 1, SECONDS), 'jobs/s'


def enqueue_8(bench, cluster, pending):
    yield 'enqueue_8', rate(bench, cluster, 'enqueue', 8, SECONDS), 'jobs/s'


def drain(bench, cluster, pending):
    yield 'enqueue_bulk', rate(bench, cluster, 'bulk', JOBS, CHUNK), 'jobs/s'
    cluster.sql('checkpoint')
    seconds, worker, server, peak = drain_once(bench, cluster, pending)
    yield 'drain', JOBS / seconds, 'jobs/s'
    yield 'drain_cpu_worker', worker / JOBS * 1000, 'CPU s/1000 jobs'
    yield 'drain_cpu_server', server / JOBS * 1000, 'CPU s/1000 jobs'
    yield 'drain_peak_rss', peak / 1024, 'MiB'


def drain_held(bench, cluster, pending):
    rate(bench, cluster, 'bulk', JOBS, CHUNK)
    cluster.sql('checkpoint')
    held = cluster.hold()
    try:
        yield 'drain_xmin_held', JOBS / drain_once(bench, cluster, pending)[0], 'jobs/s'
    finally:
        held.terminate()
        held.communicate(timeout=30)


def drain_once(bench, cluster, pending):
    """Seconds from the first handler's start until none is unfinished; CPU of worker and server; peak KiB."""
    with Child(bench, cluster, 'worker', 'drain', JOBS) as worker:
        own = tree(worker.process.pid)
        worker.read('ready')
        began = int(worker.read('first')[0]) / 1e9
        before = cpu_s(own), cpu_s(tree(cluster.pid))
        worker.read('last')
        end = time.monotonic() + WAIT_S
        while cluster.sql(pending) != '0': # handlers are done; wait until that is recorded
            if time.monotonic() > end:
                raise RuntimeError('jobs stay unfinished')
            time.sleep(0.005)
        seconds = time.monotonic() - began
        return (seconds, cpu_s(own) - before[0], cpu_s(tree(cluster.pid)) - before[1], rss_peak_kib(own[0]))


def crowded(bench):
    """Each figure against a plain drain of as many jobs just before."""
    steps = ((f'drain, {CROWD:,} in line', JOBS, in_line), (f'drain, {KEYS:,} serial keys', KEYS, with_keys),
             (f'drain, a snapshot held for {HELD_S} s of work', JOBS, long_held))
    with Cluster(bench.folder) as cluster:
        for _ in range(bench.runs):
            for name, jobs, step in steps:
                fresh(bench, cluster)
                rate(bench, cluster, 'bulk', jobs, CHUNK)
                cluster.sql('checkpoint')
                usual = started(bench, cluster, jobs)
                reached = step(bench, cluster)
                bench.figures.add('queue', name, reached, 'jobs/s')
                bench.figures.add('queue', f'{name}: of the usual', reached / usual, '', least=FALL)


def fresh(bench, cluster):
    cluster.fresh()
    with Child(bench, cluster, 'setup') as child:
        child.read('version')
        return ' '.join(child.read('pending')[1:])


def started(bench, cluster, jobs):
    """Jobs a second, from the first one's start to the last one's."""
    with Child(bench, cluster, 'worker', 'drain', jobs) as worker:
        worker.read('ready')
        first, last = int(worker.read('first')[0]), int(worker.read('last')[0])
    return jobs / (last - first) * 1e9


def in_line(bench, cluster):
    rate(bench, cluster, 'bulk', CROWD, CHUNK)
    cluster.sql('checkpoint')
    return started(bench, cluster, JOBS)


def with_keys(bench, cluster):
    rate(bench, cluster, 'keyed', KEYS, KEYS_CHUNK)
    cluster.sql('checkpoint')
    return started(bench, cluster, KEYS)


def long_held(bench, cluster):
    held = cluster.hold()
    try:
        with Child(bench, cluster, 'worker', 'drain', 0) as worker: # without a last one
            worker.read('ready')
            rate(bench, cluster, 'enqueue', 1, HELD_S)
        rate(bench, cluster, 'bulk', JOBS, CHUNK)
        cluster.sql('checkpoint')
        return started(bench, cluster, JOBS)
    finally:
        held.terminate()
        held.communicate(timeout=30)


def pickup(bench, cluster, pending):
    with Child(bench, cluster, 'worker', 'trace') as worker, Child(bench, cluster, 'adder') as adder:
        worker.read('ready')
        adder.read('ready')
        call, commit = [], []
        for i in range(SAMPLES + 10): # the first ten warm up
            time.sleep(random.uniform(0.003, 0.015))
            adder.say(i)
            _, called, added = map(int, adder.read('added'))
            _, started = map(int, worker.read('start'))
            if i >= 10:
                call.append((started - called) / 1e6)
                commit.append(max(0, started - added) / 1e6)
        for name, values in (('call', call), ('commit', commit)):
            for p in (50, 99):
                yield f'pickup_from_{name}_p{p}', load.percentile(values, p), 'ms'
