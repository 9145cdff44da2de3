"""What traces cost: opening one of 2,000 spans, and what they add to the CPU of a thousand answers.

With OFFSTAGE_TRACES=off nothing is noted, stored or sent. A trace costs the same whether its answer is long or
short, so that the difference is taken between short ones, where it is not lost in the noise of all those tokens,
and set against long ones. Runs with and without alternate: a machine that gets slower does not look like traces.
"""

import http.client
import json
import statistics
import time
import urllib.parse

from instance import Instance
from part_stream import begin, until, upstream
from processes import cpu_s

PROGRAMS = ('offstage-bench-upstream',)
USERS = 50
STREAMS = 1000
LONG_S = 20    # that an answer takes
SHORT_S = 1
PAIRS = 3      # of rounds of short answers, with traces and without, a run
SPANS = 2000
TEXT = 400    # bytes of each span's inputs, and outputs
OPENINGS = 50
ANSWERING = ('worker', 'postgres')
SHOWING = ('nginx', 'app', 'postgres')


def measure(bench):
    for _ in range(bench.runs):
        with Instance(bench, worker_slots=STREAMS) as it, upstream(bench, LONG_S) as model:
            users = it.users(USERS)
            whole = answer(it, model, users, LONG_S)
            open_large(bench, it, users[0])
        used = {'on': 0, 'off': 0}
        for pair in range(PAIRS):
            for traces in ('on', 'off') if pair % 2 == 0 else ('off', 'on'):
                with Instance(bench, worker_slots=STREAMS, traces=traces) as it, upstream(bench, SHORT_S) as model:
                    used[traces] += answer(it, model, it.users(USERS), SHORT_S) / PAIRS
        bench.figures.add('traces', f'CPU of {STREAMS} answers of {LONG_S} s', whole, 's')
        for traces, cpu in used.items():
            bench.figures.add('traces', f'CPU of {STREAMS} answers of {SHORT_S} s, traces {traces}', cpu, 's')
        added = 100 * (used['on'] - used['off']) / whole
        bench.figures.add('traces', f'that traces add to answers of {LONG_S} s', added, '%', most=3)
    bench.figures.note(f'traces: {STREAMS} answers at 20 tokens/s each; CPU seconds of worker and PostgreSQL, from '
                       'when all are queued until all are stored')


def answer(it, model, users, seconds):
    """CPU seconds of worker and PostgreSQL for a thousand answers."""
    agent = it.agent(kind='chat_completions', endpoint_url=model.url + '/v1', model='bench')
    # Asking is not what is measured: all are asked before the first is answered.
    queue(it, 'pause')
    begin(it, users, agent, STREAMS)
    before = cpu(it, ANSWERING)
    queue(it, 'resume')
    until(lambda: model.stats()['finished'] == STREAMS, f'{STREAMS} streams', seconds * 15 + 60)
    until(lambda: it.sql('select count(*) from requests where completed_at is null') == '0', 'the end of all')
    used = cpu(it, ANSWERING) - before
    tokens = 20 * seconds
    whole = it.sql("select count(*) from requests r join messages m on m.request_id = r.id and m.role = 'assistant'"
                   f" where r.status = 'completed' and regexp_count(m.content, '[0-9]+ ') = {tokens}")
    if int(whole) != STREAMS:
        raise RuntimeError(f'{whole} of {STREAMS} answers are whole: {model.stats()}')
    return used


def queue(it, what):
    reply = it.admin.post(f'/api/admin/queues/respond/{what}')
    assert reply.status == 200, reply


def cpu(it, services):
    """CPU seconds so far."""
    return sum(cpu_s(it.pids(name)) for name in services)


def open_large(bench, it, user):
    """A trace of 2,000 spans: one of those just made, with what an agent's own server has of it."""
    trace = it.sql(f"select id from traces where user_id = '{user.id}' limit 1")
    it.sql(f"""
        update traces t
           set upstream_id = 'tr-bench', upstream_status = 'fetched', fetched_at = now(),
               upstream_count = {SPANS} - span_count,
               upstream_spans = (select string_agg(json_build_object(
                       'span_id', lpad(to_hex(n), 16, '0'), 'parent_id', lpad(to_hex(n / 4), 16, '0'),
                       'name', 'step ' || n, 'kind', 'tool', 'source', 'mlflow', 'start_ms', n, 'duration_ms', 1.5,
                       'status', 'ok', 'error', null, 'attributes', json_build_object('n', n, 'model', 'm'),
                       'inputs', json_build_object('text', t1), 'outputs', json_build_object('text', t1))::text, ',')
                  from generate_series(1, {SPANS} - t.span_count) n,
                       lateral (select substr(string_agg(md5(n || ' ' || k), ' '), 1, {TEXT}) as t1
                                  from generate_series(1, {TEXT} / 32) k) texts)
         where id = '{trace}'""")
    before = cpu(it, SHOWING)
    times, size = fetch(it, trace, user)
    used = cpu(it, SHOWING) - before
    bench.figures.add('traces', f'a trace of {SPANS:,} spans opens, p50', statistics.median(times), 'ms', most=50)
    bench.figures.add('traces', f'a trace of {SPANS:,} spans opens, longest of {OPENINGS}', max(times), 'ms')
    bench.figures.add('traces', f'CPU of that, of {", ".join(SHOWING)}', 1000 * used / OPENINGS, 'ms')
    bench.figures.add('traces', f'size of a trace of {SPANS:,} spans', size / 1e6, 'MB')


def fetch(it, trace, user):
    """Milliseconds of each opening, through nginx over one connection, and the bytes of the answer."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(it.url).netloc, timeout=60)
    times = []
    for _ in range(OPENINGS):
        start = time.perf_counter()
        connection.request('GET', f'/api/traces/{trace}', headers={'Authorization': 'Bearer ' + user.key})
        reply = connection.getresponse()
        body = reply.read()
        times.append((time.perf_counter() - start) * 1000)
        if reply.status != 200:
            raise RuntimeError(f'{reply.status}: {body[:300]}')
    connection.close()
    spans = json.loads(body)['spans']
    if len(spans) != SPANS or len({s['span_id'] for s in spans}) != SPANS:
        raise RuntimeError(f'{len(spans)} spans')
    return times, len(body)
