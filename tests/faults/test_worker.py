"""What a worker's death, stop and long sleep must not do."""

import os
import signal
import threading
import time

from client import Client, Watcher
from fakes.upstream import script_text
from faults.load import ask, make_agent

RESCUED_S = 3  # the promise for a process that dies


def until(condition, timeout, what):
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, f'not within {timeout} s: {what}'
        time.sleep(0.02)
    return found


def calls(stack, marker):
    return stack.upstream.log(marker)


def runs(client, made):
    """Wait until each has shown some of its text."""
    watchers = [Watcher(client, m['request_id']) for m in made]
    for watcher in watchers:
        watcher.read(most=8)
    return watchers


def test_work_of_a_killed_worker_runs_again_within_three_seconds(stack, invariants):
    client = Client(stack.url, stack.user().key)
    agent = make_agent(client, stack, 'script;tokens=100;rate=20;seed=5')
    marks = [f'rescue {n} {time.time_ns()}' for n in range(6)]
    made = [ask(client, agent, mark) for mark in marks]
    watchers = runs(client, made)
    died = time.time()
    stack.kill('worker')
    for mark in marks:
        again = until(lambda: [c for c in calls(stack, mark) if c['began'] > died], 10, 'the model is asked again')
        assert again[0]['began'] - died <= RESCUED_S
    for m, watcher in zip(made, watchers):
        assert client.wait(m['request_id'])['final_response'] == script_text(5, 100)
        assert watcher.read() and watcher.text() == script_text(5, 100)
    invariants()


def test_another_worker_takes_over_within_three_seconds(stack, second_worker, invariants):
    client = Client(stack.url, stack.user().key)
    agent = make_agent(client, stack, 'script;tokens=120;rate=20;seed=5')
    marks = [f'take over {n} {time.time_ns()}' for n in range(10)]
    made = [ask(client, agent, mark) for mark in marks]
    runs(client, made)
    died = time.time()
    second_worker.kill()
    for mark, m in zip(marks, made):
        assert client.wait(m['request_id'])['final_response'] == script_text(5, 120)
        began = [c['began'] for c in calls(stack, mark)]
        assert all(b - died <= RESCUED_S for b in began if b > died)
    invariants()


def test_a_worker_that_slept_past_its_lease_writes_nothing(stack, second_worker, invariants):
    client = Client(stack.url, stack.user().key)
    agent = make_agent(client, stack, 'script;tokens=300;rate=30;seed=6')
    made = [ask(client, agent, f'zombie {n}') for n in range(4)]
    runs(client, made)
    zombie = stack.pids('worker')[0]
    os.kill(zombie, signal.SIGSTOP)
    try:
        finals = [client.wait(m['request_id'], timeout=90) for m in made]
        before = stack.sql('select count(*), coalesce(sum(seq), 0) from response_events')
    finally:
        os.kill(zombie, signal.SIGCONT)
    time.sleep(3)  # what it would have written, it has had the time to write
    assert stack.sql('select count(*), coalesce(sum(seq), 0) from response_events') == before
    for final in finals:
        assert final['final_response'] == script_text(6, 300)
    invariants()


def test_a_worker_that_is_asked_to_stop_hands_its_work_back(stack, second_worker, invariants):
    client = Client(stack.url, stack.user().key)
    agent = make_agent(client, stack, 'script;tokens=150;rate=15;seed=8')
    made = [ask(client, agent, f'hand back {n}') for n in range(4)]
    runs(client, made)
    os.kill(stack.pids('worker')[0], signal.SIGTERM)
    for m in made:
        final = client.wait(m['request_id'], timeout=90)
        assert final['final_response'] == script_text(8, 150)
    invariants()


def test_cancel_against_completion_has_one_winner_each(stack, invariants):
    """1,000 rounds, the cancel sent anywhere around the end of a short answer."""
    rounds, width = int(os.environ.get('OFFSTAGE_RACES', '1000')), 20
    client = Client(stack.url, stack.user().key)
    agent = make_agent(client, stack, 'script;tokens=3;rate=300;seed=9')
    outcomes, errors = [], []

    def race(n):
        try:
            request = ask(client, agent, f'race {n}')['request_id']
            time.sleep((n % 25) * 0.004)
            first = client.post(f'/api/requests/{request}/cancel')
            assert first.status == 200, first
            final = client.wait(request)
            assert first.json['status'] == final['status'], (first.json, final)
            text = final['final_response'] if final['status'] == 'completed' else final['partial_content']
            watcher = Watcher(client, request)
            assert watcher.read() and watcher.text() == text
            assert watcher.terminal['response']['status'] == final['status']
            outcomes.append(final['status'])
        except Exception as e:  # noqa: BLE001
            errors.append((n, e))

    for start in range(0, rounds, width):
        threads = [threading.Thread(target=race, args=(n,)) for n in range(start, min(start + width, rounds))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not errors, errors[:3]
    assert len(outcomes) == rounds
    assert set(outcomes) <= {'completed', 'cancelled'}
    assert len(set(outcomes)) == 2, f'the race was never close: {outcomes[0]} only'
    invariants()


def test_a_running_answer_is_cancelled_within_a_second(stack, invariants):
    client = Client(stack.url, stack.user().key)
    agent = make_agent(client, stack, 'script;tokens=1000;rate=20;seed=10')
    request = ask(client, agent, f'cancel me {time.time_ns()}')['request_id']
    watcher = Watcher(client, request)
    watcher.read(most=8)
    marker = client.get(f'/api/requests/{request}').json['user_message']
    began = time.monotonic()
    reply = client.post(f'/api/requests/{request}/cancel')
    assert time.monotonic() - began < 1
    assert reply.status == 200 and reply.json['status'] == 'cancelled'
    assert reply.json['partial_content'] and script_text(10, 1000).startswith(reply.json['partial_content'])
    assert watcher.read() and watcher.text() == reply.json['partial_content']
    assert until(lambda: calls(stack, marker)[0]['left'], 2, 'the model server sees the client leave')
    assert client.post(f'/api/requests/{request}/cancel').json['status'] == 'cancelled'
    invariants()
