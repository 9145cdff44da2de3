"""How soon a response is cancelled, and how soon the work of a killed worker goes on."""

import os
import signal
import statistics
import time

from client import Client
from instance import Instance
from part_stream import PROGRAMS, until, upstream # noqa: F401

TIMES = 10     # a cancel, a run
RESCUES = 5    # a run
OLD_S = 11     # a worker that dies younger is not started again at once
POLL_S = 0.005 # between two looks
LIMIT_S = 60


def measure(bench):
    with Instance(bench) as it, upstream(bench, seconds=LIMIT_S) as model:
        user = it.users(1)[0]
        client = Client(it.url, user.key)
        agent = it.agent(kind='chat_completions', endpoint_url=model.url + '/v1', model='bench')
        for _ in range(bench.runs):
            add(bench, 'cancel of a running response', [cancelled(client, agent, model) for _ in range(TIMES)], 1000)
            add(bench, 'cancel of a queued response', [cancelled_queued(client, agent, model) for _ in range(TIMES)], 1000)
            add(bench, 'a killed worker\'s response runs again', [rescued(it, client, agent, model) for _ in range(RESCUES)], 3000)
    bench.figures.note(f'recovery: {TIMES} cancels of each kind and {RESCUES} kills, one after another; a cancel is over with its reply, which says "cancelled"; '
                       'a rescue when the model is asked again after kill -9 of the only worker, which is then started anew')


def add(bench, name, times, most):
    bench.figures.add('recovery', f'{name}, p50', statistics.median(times), 'ms')
    bench.figures.add('recovery', f'{name}, longest', max(times), 'ms', most=most)


def ask(client, agent, **more):
    reply = client.post('/api/invoke_endpoint', {'agent_id': agent, 'message': 'Go on.', **more})
    assert reply.status == 202, reply
    return reply.json


def cancel(client, request):
    """How long it took, in ms."""
    start = time.monotonic()
    reply = client.post(f"/api/requests/{request['request_id']}/cancel", {})
    took = (time.monotonic() - start) * 1000
    assert reply.status == 200 and reply.json['status'] == 'cancelled', reply
    return took


def running(client, agent, model):
    """A response that has begun."""
    streams = model.stats()['streams']
    request = ask(client, agent)
    until(lambda: model.stats()['streams'] > streams, 'the model to be asked', LIMIT_S)
    return request


def cancelled(client, agent, model):
    return cancel(client, running(client, agent, model))


def cancelled_queued(client, agent, model):
    """The second of a chat waits for the first."""
    first = running(client, agent, model)
    took = cancel(client, ask(client, agent, chat_id=first['chat_id']))
    cancel(client, first)
    return took


def rescued(it, client, agent, model):
    time.sleep(OLD_S)
    request = running(client, agent, model)
    streams = model.stats()['streams']
    start = time.monotonic()
    for pid in it.pids('worker'):
        os.kill(pid, signal.SIGKILL)
    while model.stats()['streams'] == streams:
        if time.monotonic() - start > LIMIT_S:
            raise RuntimeError(f'not asked again in {LIMIT_S} s')
        time.sleep(POLL_S)
    took = (time.monotonic() - start) * 1000
    cancel(client, request)
    return took
