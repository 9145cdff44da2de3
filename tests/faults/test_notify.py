"""Notifications are hints: without them everything still arrives, a poll later."""

import time

from client import Client, Watcher
from fakes.upstream import script_text
from faults.load import ask, make_agent


def test_without_notifications_work_is_picked_up_and_streamed_within_a_poll(start_stack):
    stack = start_stack(notify='off')
    client = Client(stack.url, stack.user().key)
    agent = make_agent(client, stack, 'script;tokens=10;rate=50;seed=3')
    for n in range(10):
        mark = f'quiet {n} {time.time_ns()}'
        request = ask(client, agent, mark)['request_id']
        asked = time.time()
        watcher = Watcher(client, request)
        assert watcher.read() and watcher.text() == script_text(3, 10)
        assert stack.upstream.log(mark)[0]['began'] - asked <= 1.5


def test_without_notifications_a_running_answer_is_still_cancelled_within_a_second(start_stack):
    stack = start_stack(notify='off')
    client = Client(stack.url, stack.user().key)
    agent = make_agent(client, stack, 'script;tokens=1000;rate=20;seed=4')
    request = ask(client, agent, 'cancel me quietly')['request_id']
    Watcher(client, request).read(most=8)
    asked = time.monotonic()
    reply = client.post(f'/api/requests/{request}/cancel')
    assert reply.json['status'] == 'cancelled'
    assert time.monotonic() - asked <= 1
