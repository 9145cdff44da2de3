"""The reference server of the Model Context Protocol: its tools are offered to the model, and run for it."""

import os
import shutil
import signal
import socket
import subprocess

import pytest

import packages
from stack import wait_for

START_S = 60


@pytest.fixture(scope='module')
def mcp(tmp_path_factory):
    main = packages.mcp_server()
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp('mcp') / 'log'
    with open(log, 'wb') as out:
        process = subprocess.Popen([shutil.which('node'), main, 'streamableHttp'], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=out, start_new_session=True, env={**os.environ, 'PORT': str(port)})

    def is_up():
        assert process.poll() is None, log.read_text()
        with socket.socket() as s:
            return s.connect_ex(('127.0.0.1', port)) == 0

    wait_for(is_up, START_S, 'the MCP server')
    yield f'http://127.0.0.1:{port}/mcp'
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(30)


@pytest.fixture
def ask(user, stack, mcp):
    """ask(function, arguments) → the request of an agent whose model calls that function of the server."""

    def ask(function, arguments):
        agent = user.post('/api/agents', json={
            'name': 'mcp', 'kind': 'chat_completions', 'endpoint_url': stack.upstream.url,
            'model': f'uses;name={function};arguments={arguments}',
            'tools': [{'type': 'mcp', 'name': 'everything', 'url': mcp}]}).json()
        asked = user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Use it.'}).json()
        return user.client.wait(asked['request_id'])

    return ask


def spans(user, request, kind):
    return [s for s in user.get(f'/api/traces/{request["id"]}').json()['spans'] if s['kind'] == kind]


def test_a_tool_of_the_server_answers(user, ask):
    request = ask('echo', '{"message":"hello there"}')
    assert request['status'] == 'completed' and 'hello there' in request['final_response']
    tool, = spans(user, request, 'tool')
    assert (tool['name'], tool['status'], tool['inputs']) == ('echo', 'ok', {'message': 'hello there'})
    assert 'hello there' in tool['outputs']


def test_numbers_are_numbers(ask):
    assert '5' in ask('get-sum', '{"a":2,"b":3}')['final_response']


def test_the_server_s_schema_is_kept_to(user, ask):
    request = ask('get-sum', '{"a":"two","b":3}')
    assert 'arguments.a must be of type number' in request['final_response']


def test_many_answer_in_their_own_sessions_at_once(user, ask):
    from concurrent.futures import ThreadPoolExecutor
    with ThreadPoolExecutor(8) as pool:
        for n, request in enumerate(pool.map(lambda n: ask('echo', f'{{"message":"number {n}"}}'), range(8))):
            assert f'number {n}' in request['final_response']
