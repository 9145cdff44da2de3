"""Streams through the whole instance: nginx, app, worker, gateway and a model server."""

import itertools
import json
import random
import subprocess
import urllib.parse

import pytest
import websocket

from client import TERMINAL, Watcher
from fakes.upstream import script_text
from gateway import in_background
from stack import wait_for

TOKENS, RATE = 60, 60


def ask(stack, user, seed, model='script'):
    """A response of a second; its id."""
    agent = user.post('/api/agents', json={
        'name': 'Live', 'kind': 'chat_completions', 'endpoint_url': stack.upstream.url,
        'model': f'{model};tokens={TOKENS};rate={RATE};seed={seed}'})
    assert agent.status_code == 201, agent.text
    asked = user.post('/api/invoke_endpoint', json={'agent_id': agent.json()['id'], 'message': 'Speak'})
    assert asked.status_code == 202, asked.text
    return asked.json()


def ended(stack, user, asked):
    wait_for(lambda: user.get(asked['status_url']).json()['status'] == 'completed', 60, 'the response to end')


def open_websocket(stack, user, path, **options):
    url = urllib.parse.urlsplit(stack.url)
    return websocket.create_connection(f'ws://{url.netloc}{path}', timeout=30,
                                       header=['Authorization: Bearer ' + user.key], **options)


def texts(ws):
    got = []
    while not got or got[-1]['type'] not in TERMINAL:
        got.append(json.loads(ws.recv()))
    return got


def test_an_answer_cut_at_random_points_joins_to_the_stored_text(stack, user):
    seed = random.randrange(1000)
    asked = ask(stack, user, seed)
    watcher = Watcher(user.client, asked['request_id'])
    while not watcher.read(most=random.randint(1, 5)):
        continue
    assert watcher.text() == script_text(seed, TOKENS)
    assert user.get(asked['status_url']).json()['final_response'] == watcher.text()


def test_an_event_stream_and_a_websocket_say_the_same(stack, user):
    asked = ask(stack, user, 2)
    path = f"/api/requests/{asked['request_id']}/stream"
    assert path == urllib.parse.urlsplit(asked['stream_url']).path
    messages = in_background(texts, open_websocket(stack, user, path, suppress_origin=True))
    with user.client.stream(path) as stream:
        events = [event.json for event in stream]
    assert messages() == events
    assert [e['sequence_number'] for e in events] == list(range(len(events)))


def test_text_flows_while_the_model_speaks(stack, user):
    asked = ask(stack, user, 3, 'hang_after;after=20') # which never comes to an end
    with user.client.stream(f"/api/requests/{asked['request_id']}/stream") as stream:
        texts = (event.json['delta'] for event in stream if event.name == 'response.output_text.delta')
        said = ''
        while said != script_text(3, 20):
            said += next(texts)
            assert script_text(3, 20).startswith(said)
    assert user.post(f"/api/requests/{asked['request_id']}/cancel").json()['status'] == 'cancelled'


def test_a_status_is_held_until_it_changes_and_then_answered_by_the_app(stack, user):
    asked = ask(stack, user, 4)
    seen, last = [], user.get(asked['status_url']).json()
    while last['status'] not in ('completed', 'failed', 'cancelled'):
        last = user.get(asked['status_url'], params={'wait': 10, 'after': last['sequence_number']}).json()
        assert last.get('id') == asked['request_id'], last
        seen.append(last['sequence_number'])
    assert seen == sorted(set(seen)) and len(seen) > 3
    assert last['final_response'] == script_text(4, TOKENS)


def test_the_feed_tells_of_a_response_from_its_beginning_to_its_end(stack, user):
    with user.client.stream('/api/events?after=0') as feed:
        asked = ask(stack, user, 5)
        states = []
        for event in feed:
            if event.name == 'request' and event.json['id'] == asked['request_id']:
                states.append(event.json['status'])
                if states[-1] == 'completed':
                    break
    assert states[0] == 'queued'


def test_no_notification_is_spent_on_a_feed_that_nobody_watches(stack, user):
    other, told = stack.user(), []
    with subprocess.Popen(['psql', '-XqAt', f'host={stack.run} dbname=offstage user=postgres'], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as ear:

        def heard():
            ear.stdin.write("select 'over';\n")
            ear.stdin.flush()
            while (line := ear.stdout.readline()) != 'over\n':
                told.append(line)
            return ''.join(told)

        ear.stdin.write('listen feed;\n')
        heard()
        ended(stack, other, ask(stack, other, 7))
        with user.client.stream('/api/events') as feed:
            watched = "select watched_until > now() as now from feeds where user_id = :'id'"
            wait_for(lambda: stack.sql(watched, id=user.id) == [{'now': 't'}], 30, 'the feed to be watched')
            asked = ask(stack, user, 7)
            assert [event.json['id'] for event in itertools.islice(feed, 1)] == [asked['request_id']]
            ended(stack, user, asked)
        wait_for(lambda: heard().count(user.id) > 1, 30, 'the feed to be told of, at the beginning and the end')
        assert other.id not in heard()
        ear.stdin.close()


def test_refusals_reach_the_client_through_nginx(stack, user):
    path = f"/api/requests/{ask(stack, user, 6)['request_id']}/stream"
    assert stack.anonymous().get(path).status_code == 401
    other = stack.user().get(path)
    assert other.status_code == 404 and other.headers['Content-Type'] == 'application/problem+json'
    assert user.post('/api/events').status_code == 405
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        open_websocket(stack, user, path, origin='https://evil.example')
    assert refused.value.status_code == 403
