"""The official OpenAI SDK reads our event streams as it reads OpenAI's.

Each stream is taken as it comes from /api/requests/{id}/stream and given to the SDK as the
stream of a response: to its parser, and to the accumulator of responses.stream(), which
refuses whatever its own rules do not foresee.
"""

import json
import secrets
import shutil
import subprocess

import pytest

import packages
from client import TERMINAL, Watcher
from shim import Shim

READ_S = 60


@pytest.fixture(params=packages.SDK_VERSIONS)
def sdk(request):
    """sdk(recorded bytes) → what read_stream.mjs tells of them."""
    folder = packages.sdk_folder(request.param)
    node = shutil.which('node') or packages.give_up('node is not installed')

    def read(recorded):
        with Shim(recorded) as shim:
            done = subprocess.run([node, packages.HERE / 'read_stream.mjs', folder, shim.url], capture_output=True,
                                  text=True, timeout=READ_S)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return read


def record(user, request_id):
    """The stream's bytes and its events, from the first to the end."""
    with user.client.stream(f'/api/requests/{request_id}/stream') as stream:
        assert stream.status == 200
        recorded = stream.reply.read()
    events = [json.loads(line[6:]) for line in recorded.decode().splitlines() if line.startswith('data: ')]
    assert events[-1]['type'] in TERMINAL
    return recorded, events


def both_read(sdk, recorded, events):
    """The SDK's two readers took every event; the response that the strict one made of them."""
    told = sdk(recorded)
    assert 'error' not in told['parsed'], told['parsed']
    assert 'error' not in told['accumulated'], told['accumulated']
    assert told['parsed']['events'] == events
    assert told['accumulated']['types'] == [event['type'] for event in events]
    return told['accumulated']['response']


@pytest.fixture
def finished(stack, user, make_agent, ask):
    """finished(model) → the final state of a request to the scripted model."""

    def run(model):
        # Faults are counted by message.
        made = ask(make_agent(stack.upstream.url, model), f'Go on. {secrets.token_hex(4)}')
        return user.client.wait(made['request_id'])

    return run


def test_a_completed_stream(user, sdk, finished):
    final = finished('script;tokens=40')

    response = both_read(sdk, *record(user, final['id']))

    assert response['status'] == 'completed'
    assert response['output_text'] == final['final_response']
    assert response['usage']['output_tokens'] == 40


def test_a_completed_stream_with_reasoning(user, sdk, finished):
    final = finished('reasoning;tokens=10')

    response = both_read(sdk, *record(user, final['id']))

    assert [item['type'] for item in response['output']] == ['reasoning', 'message']
    assert response['output_text'] == final['final_response']


def test_a_completed_stream_with_function_calls(user, sdk, finished):
    final = finished('tools')

    response = both_read(sdk, *record(user, final['id']))

    calls = [item for item in response['output'] if item['type'] == 'function_call']
    assert [json.loads(call['arguments']) for call in calls] == [{'city': 'Oslo'}, {'city': 'Rome'}]


def test_a_failed_stream(user, sdk, finished):
    final = finished('refuse;code=401')

    response = both_read(sdk, *record(user, final['id']))

    assert final['status'] == response['status'] == 'failed'
    assert response['error']['message']


def test_a_stream_cut_by_the_token_limit(user, sdk, finished):
    final = finished('length;tokens=10')

    response = both_read(sdk, *record(user, final['id']))

    assert response['status'] == 'incomplete'
    assert response['output_text'] == final['final_response']


def test_a_cancelled_stream(stack, user, sdk, make_agent, ask):
    made = ask(make_agent(stack.upstream.url, 'hang_after;after=8'), 'Go on.')
    watcher = Watcher(user.client, made['request_id'])
    while not watcher.text():
        watcher.read(most=1)
    assert user.post(f"/api/requests/{made['request_id']}/cancel").status_code == 200

    recorded, events = record(user, made['request_id'])
    response = both_read(sdk, recorded, events)

    assert events[-1]['type'] == 'response.incomplete'
    assert response['status'] == 'cancelled'
    assert response['output_text'].startswith(watcher.text())


def test_a_stream_restarted_after_a_broken_connection(user, sdk, finished):
    final = finished('drop;after=5;times=1;tokens=30')

    recorded, events = record(user, final['id'])
    response = both_read(sdk, recorded, events)

    assert final['attempt'] == 2
    assert response['output'][-1]['content'][0]['text'] == final['final_response']
    assert len([e for e in events if e['type'] == 'response.output_item.added']) == 2


def test_a_stream_restarted_after_the_worker_was_killed(start_stack, sdk):
    """An instance of its own: the worker is everybody's."""
    stack = start_stack()
    user = stack.user()
    agent = user.post('/api/agents', json={'name': 'a', 'kind': 'chat_completions', 'endpoint_url': stack.upstream.url,
                                           'model': 'script;tokens=60;rate=20'}).json()['id']
    made = user.post('/api/invoke_endpoint', json={'agent_id': agent, 'message': 'Go on.'}).json()
    watcher = Watcher(user.client, made['request_id'])
    while not watcher.text():
        watcher.read(most=1)

    stack.kill('worker')
    final = user.client.wait(made['request_id'])

    recorded, events = record(user, made['request_id'])
    response = both_read(sdk, recorded, events)
    assert final['status'] == response['status'] == 'completed'
    assert final['attempt'] == 2
    assert response['output'][-1]['content'][0]['text'] == final['final_response']
