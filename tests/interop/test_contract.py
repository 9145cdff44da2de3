"""Schemathesis reads openapi.json and tries everything that it says, and what it does not say."""

import http.server
import os
import re
import subprocess
import threading

import pytest

import packages
from stack import wait_for

SEED = os.environ.get('OFFSTAGE_SEED') or '1'
EXAMPLES = os.environ.get('OFFSTAGE_EXAMPLES') # of each operation and kind
AT_LEAST = 2000 # requests of a run
RUN_S = 1100
WAIT_S = '25' # an answer is waited for up to 20 s

# Streams last as long as what they show; tests/live/ has them.
STREAMS = '(stream|/events)$'


class Nothing(http.server.BaseHTTPRequestHandler):
    """A server where there is nothing: what agents, crawls and webhooks made up here ask ends at once."""

    def answer(self):
        self.rfile.read(int(self.headers.get('Content-Length') or 0))
        self.send_response(404)
        self.send_header('Content-Length', '0')
        self.end_headers()

    do_GET = do_POST = do_HEAD = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Nothing)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()
    thread.join()
    server.server_close()


def made(reply):
    assert reply.status_code in (201, 202), reply.text
    return reply.json()


# What it makes up depends on what was answered before, ids among it, so that no run is like another: it is for a
# person to judge what one finds.
@pytest.mark.skipif(not EXAMPLES, reason='OFFSTAGE_EXAMPLES=8 makes up some 5,000 requests')
def test_schemathesis_finds_nothing(start_stack, web, tmp_path):
    stack = start_stack()
    user = stack.user('admin')
    agent = made(user.post('/api/agents', json={'name': 'Helper', 'kind': 'extractive'}))
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'}))['request_id']
    wait_for(lambda: user.get(f'/api/requests/{asked}').json()['status'] == 'completed', 30, 'the first answer')
    own_key, = user.get('/api/keys').json()['data']
    print(f'OFFSTAGE_SEED={SEED}')
    done = subprocess.run(
        [packages.schemathesis(), '-m', 'schemathesis.cli', '--config-file', packages.HERE / 'schemathesis.toml', 'run',
         stack.url + '/api/openapi.json', '--no-color',
         '--header', f'Authorization: Bearer {user.key}', '--checks', 'all', '--max-examples', EXAMPLES,
         '--continue-on-failure', '--exclude-path-regex', STREAMS, '--generation-allow-x00', 'false',
         '--request-timeout', '60', '--max-response-time', WAIT_S, '--seed', SEED],
        env={**os.environ, 'SCHEMATHESIS_HOOKS': 'contract_hooks', 'PYTHONPATH': str(packages.HERE),
             'OFFSTAGE_OWN_KEY': own_key['id'], 'OFFSTAGE_WEB': web},
        cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=RUN_S)
    found = done.stdout.partition('= FAILURES =')[2] or done.stdout[-6000:]
    assert done.returncode == 0, found[:20000]
    generated = int(re.search(r'(\d+) generated', done.stdout)[1])
    print(f'{generated} requests')
    assert generated >= AT_LEAST
    # It was who it said it was to the end.
    assert user.get('/api/auth/me').json()['id'] == user.id
    for name in ('app', 'worker', 'stream'):
        assert '"level":"error"' not in stack.log(name)
