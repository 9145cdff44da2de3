"""One request id leads through the logs of all programs, from the question at nginx to the end of its answer."""

import json

from client import Watcher
from stack import wait_for
from things import final, made, nothing


def lines(stack, name, id):
    """What a program has written with this id in it."""
    return [json.loads(line) for line in stack.log(name).splitlines() if id in line]


def test_one_request_id_follows_a_message_through_every_program(stack, user):
    agent = made(user.post('/api/agents', json={'name': 'x', 'kind': 'chat_completions', 'model': 'script;tokens=30;rate=50',
                                                'endpoint_url': stack.upstream.url}))
    id = 'follow-' + nothing()
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'},
                           headers={'X-Request-Id': id}))
    watcher = Watcher(user.client, asked['request_id'])
    assert watcher.read() and final(user, asked['request_id'])['status'] == 'completed'

    edge, = wait_for(lambda: lines(stack, 'access', id), 10, "nginx's line")
    assert edge['event'] == 'http_done' and edge['status'] == 202 and edge['path'] == '/api/invoke_endpoint'
    app, = wait_for(lambda: lines(stack, 'app', id), 10, "the app's line")
    assert app['event'] == 'request_done' and app['request_id'] == id and app['route'] == 'invokeEndpoint'
    assert app['user_id'] == user.id
    called, done = wait_for(lambda: pair(lines(stack, 'worker', id)), 10, "the worker's lines")
    assert (called['event'], done['event']) == ('model_called', 'job_done')
    assert called['request_id'] == done['request_id'] == id and called['response_id'] == asked['request_id']
    closed, = wait_for(lambda: lines(stack, 'stream', id), 10, "the gateway's line")
    assert closed['event'] == 'stream_closed' and closed['origin'] == id and closed['request_id'] != id
    assert closed['response_id'] == asked['request_id'] and closed['n'] == len(watcher.events)


def pair(found):
    return found if len(found) == 2 else None


def test_a_request_that_fails_is_found_by_the_id_that_its_problem_names(stack, user):
    problem = user.get('/api/chats/' + nothing()).json()
    line, = wait_for(lambda: lines(stack, 'app', problem['instance']), 10, 'the line')
    assert line['status'] == 404 and line['level'] == 'info' and line['code'] == 'not_found'


def test_every_line_of_every_program_is_json_with_time_level_and_event(stack, user):
    for name in ('app', 'worker', 'stream'):
        for line in stack.log(name).splitlines():
            assert list(json.loads(line))[:5] == ['ts', 'level', 'program', 'pid', 'event'], line
