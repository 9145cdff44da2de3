"""A thousand answers at once, twenty tokens a second each, all of them watched.

The model server writes into each token when it wrote it; the watchers, on the same machine,
tell how long it was under way. Only what is written while all streams run and are watched
counts, not what a late watcher is given at once.
"""

import contextlib
import http.client
import json
import subprocess
import time
import urllib.parse
import urllib.request

from instance import Instance
from processes import rss_peak_kib

PROGRAMS = ('offstage-bench-upstream', 'offstage-bench-watch')
USERS = 50
STREAMS = 1000
RATE = 20
SECONDS = 20  # measured
SLACK_S = 25  # streams go on for as long before and after in all
READY_S = 60


def measure(bench):
    for _ in range(bench.runs):
        with Instance(bench, worker_slots=STREAMS) as it, upstream(bench) as model:
            run(bench, it, model)
    bench.figures.note(f'stream: {STREAMS} responses of {USERS} users at {RATE} tokens/s each, every one watched '
                       f'through nginx from this machine; {SECONDS} s while all of them run; CPU and memory of the '
                       'model server and the watchers are on the same cores')


class Upstream:
    def __init__(self, process, port):
        self.pid, self.url = process.pid, f'http://127.0.0.1:{port}'

    def stats(self):
        with urllib.request.urlopen(self.url + '/stats', timeout=10) as reply:
            return json.load(reply)


@contextlib.contextmanager
def upstream(bench, seconds=SECONDS + SLACK_S):
    tokens = RATE * seconds
    process = subprocess.Popen([bench.program('offstage-bench-upstream'), '--rate', str(RATE), '--tokens', str(tokens)],
                               stdout=subprocess.PIPE, text=True)
    try:
        yield Upstream(process, process.stdout.readline().split()[1])
    finally:
        process.terminate()
        process.communicate(timeout=30)


@contextlib.contextmanager
def watch(bench, it, streams, *options):
    """Watchers of (user, request id) pairs, all open; yields the process, which prints its report at the end."""
    port = urllib.parse.urlsplit(it.url).port
    process = subprocess.Popen([bench.program('offstage-bench-watch'), '--port', str(port), *options], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdin.write(''.join(f'{user.key} /api/requests/{id}/stream\n' for user, id in streams))
        process.stdin.close()
        opened = process.stdout.readline().split()
        if opened != ['open', str(len(streams))]:
            raise RuntimeError(f'of {len(streams)} watchers: {opened}')
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)
        process.stdout.close()


def begin(it, users, agent, count):
    """(user, request id) of new requests."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(it.url).netloc, timeout=60)
    made = []
    for i in range(count):
        user = users[i % len(users)]
        made.append((user, it.invoke(connection, user, agent)))
    connection.close()
    return made


def run(bench, it, model):
    users = it.users(USERS)
    agent = it.agent(kind='chat_completions', endpoint_url=model.url + '/v1', model='bench')
    streams = begin(it, users, agent, STREAMS)
    until(lambda: model.stats()['open'] == STREAMS, f'{STREAMS} streams')
    with watch(bench, it, streams, '--live', '--seconds', str(SECONDS)) as watchers:
        usage = it.usage(upstream=model.pid, watchers=watchers.pid)
        report = watchers.stdout.readline()
        cores = usage.cores()
        stats = model.stats()
    add(bench, it, json.loads(report), cores)
    if stats['open'] != STREAMS:
        raise RuntimeError(f'not all streams ran all the time: {stats}')
    verify(it, model)


def add(bench, it, seen, cores):
    if seen['failed'] or seen['cut'] or seen['open'] != STREAMS:
        raise RuntimeError(f'not all streams were watched all the time: {seen}')
    figures = bench.figures
    figures.add('stream', 'tokens read a second', seen['tokens'] / SECONDS, '/s', least=0.95 * STREAMS * RATE)
    figures.add('stream', 'model to watcher, p50', seen['p50_ms'], 'ms')
    figures.add('stream', 'model to watcher, p99', seen['p99_ms'], 'ms', most=300)
    figures.add('stream', 'model to watcher, longest', seen['max_ms'], 'ms')
    for name, used in cores.items():
        figures.add('stream', f'CPU of {name}', used, 'cores', most={'worker': 0.6, 'stream': 0.4}.get(name))
    for name, most in (('worker', 200), ('stream', None)):
        peak = max(map(rss_peak_kib, it.pids(name)))
        figures.add('stream', f'peak resident memory of {name}', peak * 1024 / 1e6, 'MB', most=most)


def verify(it, model):
    """Every answer ended and holds every token of its stream."""
    tokens = RATE * (SECONDS + SLACK_S)
    until(lambda: it.sql('select count(*) from requests where completed_at is null') == '0', 'the end of all')
    whole = it.sql("select count(*) from requests r join messages m on m.request_id = r.id and m.role = 'assistant'"
                   f" where r.status = 'completed' and regexp_count(m.content, '[0-9]+ ') = {tokens}")
    if int(whole) != STREAMS or model.stats()['streams'] != STREAMS:
        raise RuntimeError(f'{whole} of {STREAMS} answers are whole: {model.stats()}')


def until(ready, what, seconds=READY_S):
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f'waited {seconds} s for {what}')
        time.sleep(0.1)
