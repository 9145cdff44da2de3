"""A real chat model behind a recorder, and agents that ask it."""

import json
import pathlib
import select
import subprocess
import urllib.parse
import urllib.request

import pytest

import packages
from recorder import Recorder
from stack import wait_for

START_S = 120


class Model:
    """llama.cpp's server; `url` is the recorder's in front of it."""

    def __init__(self, log):
        with open(log, 'wb') as errors:
            self.process = subprocess.Popen([packages.model_python(), packages.HERE / 'serve_model.py'], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        ready, _, _ = select.select([self.process.stdout], [], [], START_S)
        self.direct = self.process.stdout.readline().strip() if ready else None
        assert self.direct, pathlib.Path(log).read_text(errors='replace')[-2000:]
        at = urllib.parse.urlsplit(self.direct)
        self.recorder = Recorder((at.hostname, at.port))
        self.url = self.recorder.url + '/v1'
        wait_for(self.is_loaded, START_S, 'the model to load')

    def get(self, path):
        with urllib.request.urlopen(self.direct + path, timeout=30) as reply:
            return json.load(reply)

    def is_loaded(self):
        try:
            return self.get('/health')['status'] == 'ok'
        except OSError:
            return False

    def busy(self):
        """How many answers the server is working on."""
        return sum(slot['is_processing'] for slot in self.get('/slots'))

    def stop(self):
        self.recorder.close()
        self.process.stdin.close()
        self.process.wait(30)


@pytest.fixture(scope='session')
def model(tmp_path_factory):
    server = Model(tmp_path_factory.mktemp('model') / 'log')
    yield server
    server.stop()


@pytest.fixture
def make_agent(user):
    """make_agent(url, model, …) → its id, an agent of this test's user."""

    def make(url, model, **members):
        reply = user.post('/api/agents', json={'name': 'interop', 'kind': 'chat_completions', 'endpoint_url': url,
                                               'model': model, **members})
        assert reply.status_code == 201, reply.text
        return reply.json()['id']

    return make


@pytest.fixture
def ask(user):
    """ask(agent, text, …) → what the 202 says."""

    def invoke(agent, text, **members):
        reply = user.post('/api/invoke_endpoint', json={'agent_id': agent, 'message': text, **members})
        assert reply.status_code == 202, reply.text
        return reply.json()

    return invoke
