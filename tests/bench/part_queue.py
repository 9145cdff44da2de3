"""The job queue by itself: offstage-queue-bench, and other queues beside it when OFFSTAGE_BENCH_QUEUE names a driver.

The driver is a folder with a program run-peers, which runs every contestant and the one in
OURS by the same verbs (README.md) and prints a line of JSON a measure. Without it our own
program alone is measured in the same way.
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
    bench.figures.note('queue: PostgreSQL of its own with fsync and synchronous_commit on; '
                       + (f'peers by {driver}' if driver else 'without peers: OFFSTAGE_BENCH_QUEUE names no driver'))


def against_fastest(bench):
    """Targets that are said in terms of the fastest peer."""
    for name, _, least in MEASURES.values():
        figure = bench.figures.all.get(('queue', name))
        if figure and figure.peers and least:
            fastest = max(sum(values) / len(values) for values in figure.peers.values())
            figure.least = least * fastest


def beside_others(bench, driver):
    done = subprocess.run([str(pathlib.Path(driver) / 'run-peers'), '--runs', str(bench.runs)], text=True,
                          stdout=subprocess.PIPE, env={**os.environ, 'OURS': bench.program(PROGRAMS[0])})
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
                cluster.fresh()
                with Child(bench, cluster, 'setup') as child:
                    child.read('version')
                    pending = ' '.join(child.read('pending')[1:])
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
