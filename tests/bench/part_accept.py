"""How fast invoke_endpoint answers 202: alone, and as often as the machine allows.

The worker serves no responses meanwhile, so that only acceptance is measured.
"""

import http.client
import json
import pathlib
import time
import urllib.parse

import load
from instance import NO_RESPONSES, Instance

USERS = 500
WARM = 100
CALLS = 300 # one after another, a run
PAUSE_S = 0.01
CONNECTIONS = 32
SECONDS = 15
SCRIPT = pathlib.Path(__file__).with_name('post.lua')


def measure(bench):
    for _ in range(bench.runs):
        with Instance(bench, **NO_RESPONSES) as it:
            users = it.users(USERS)
            agent = it.agent(kind='extractive')
            alone(it, users, agent, WARM)
            it.sql('analyze') # as autovacuum does in an instance's first minute
            times = alone(it, users, agent, CALLS)
            bench.figures.add('accept', '202 on an idle system, p50', load.percentile(times, 50), 'ms', most=5)
            bench.figures.add('accept', '202 on an idle system, p99', load.percentile(times, 99), 'ms')
            full(bench, it, users, agent)
    bench.figures.note(f'accept: {USERS} users, each call makes a chat; the worker runs but serves no responses; '
                       f'throughput over {SECONDS} s by wrk with {CONNECTIONS} connections on the same cores')


def alone(it, users, agent, calls):
    """Milliseconds of calls one after another over one connection."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(it.url).netloc, timeout=30)
    times = []
    for i in range(calls):
        start = time.monotonic()
        it.invoke(connection, users[i % len(users)], agent)
        times.append((time.monotonic() - start) * 1000)
        time.sleep(PAUSE_S)
    connection.close()
    return times


def full(bench, it, users, agent):
    before = int(it.sql('select count(*) from requests'))
    body = json.dumps({'agent_id': agent, 'message': 'What happens behind the curtain?'})
    calls = (part for user in users for part in ('/api/invoke_endpoint', user.key))
    process = load.wrk(it.url, SCRIPT, [body, *calls], CONNECTIONS, SECONDS)
    usage = it.usage(wrk=process.pid)
    time.sleep(SECONDS - 0.5)
    cores = usage.cores()
    got = load.report(process)
    kept = int(it.sql('select count(*) from requests')) - before
    # What was under way when wrk stopped was accepted, too.
    assert got['count'] <= kept <= got['count'] + CONNECTIONS, (got, kept)
    bench.figures.add('accept', '202 a second', got['rate'], '/s', least=1200)
    bench.figures.add('accept', '202 under full load, p50', got['p50'], 'ms')
    bench.figures.add('accept', '202 under full load, p99', got['p99'], 'ms')
    for name, used in cores.items():
        bench.figures.add('accept', f'CPU of {name} meanwhile', used, 'cores')
