"""A real MLflow server: the traces that an agent keeps there become the other half of ours, and ours are sent to it."""

import base64
import json
import os
import signal
import socket
import subprocess
import urllib.parse
import urllib.request

import pytest

import packages
from fakes.upstream import Upstream
from stack import wait_for

START_S = 180

# A trace as an agent's own code makes it: nested spans, inputs, outputs, an error.
MAKE_TRACE = '''
import json, mlflow, sys, time
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment('agents')
with mlflow.start_span('agent', span_type='AGENT') as root:
    root.set_inputs({'question': 'How cold is it?'})
    with mlflow.start_span('weather', span_type='TOOL') as tool:
        tool.set_inputs({'city': 'Oslo'})
        time.sleep(0.05)
        tool.set_outputs('4 C')
    try:
        with mlflow.start_span('broken', span_type='RETRIEVER'):
            raise ValueError('no such index')
    except ValueError:
        pass
    root.set_outputs({'answer': 'Cold.'})
mlflow.flush_trace_async_logging()
print(root.trace_id)
'''

# What it has of one of ours.
READ_TRACE = '''
import json, mlflow, sys
mlflow.set_tracking_uri(sys.argv[1])
trace = mlflow.get_trace(sys.argv[2])
print(json.dumps(None if trace is None else [{'id': s.span_id, 'parent': s.parent_id, 'name': s.name, 'type': s.span_type,
    'ns': s.end_time_ns - s.start_time_ns, 'inputs': s.inputs, 'outputs': s.outputs, 'status': str(s.status.status_code)}
    for s in trace.data.spans], default=str))
'''

# What users thought of it.
READ_ASSESSMENTS = '''
import json, mlflow, sys
mlflow.set_tracking_uri(sys.argv[1])
print(json.dumps([[a.name, a.value, a.rationale, a.source.source_type, a.source.source_id]
                  for a in mlflow.get_trace(sys.argv[2]).info.assessments]))
'''

# Protocol Buffers as OpenTelemetry's own classes read them.
DECODE = '''
import base64, json, sys
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
request = ExportTraceServiceRequest.FromString(base64.b64decode(sys.argv[2]))
print(json.dumps(MessageToDict(request, use_integers_for_enums=True)))
'''


class Mlflow:
    def __init__(self, folder):
        self.folder, self.python = folder, packages.mlflow_python()
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            self.port = free.getsockname()[1]
        self.url = f'http://127.0.0.1:{self.port}'
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / 'log', 'ab') as log:
            self.process = subprocess.Popen(
                [self.python, '-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', str(self.port), '--workers', '1',
                 '--backend-store-uri', f'sqlite:///{self.folder}/mlflow.db', '--artifacts-destination', self.folder / 'files'],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, 'MLFLOW_DISABLE_TELEMETRY': 'true', 'DO_NOT_TRACK': 'true',
                     'MLFLOW_SERVER_ENABLE_JOB_EXECUTION': 'false'})
        wait_for(self.is_up, START_S, 'MLflow to answer')

    def is_up(self):
        try:
            return urllib.request.urlopen(self.url + '/health', timeout=5).status == 200
        except OSError:
            return False

    def stop(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(30)

    def run(self, code, *args):
        done = subprocess.run([self.python, '-c', code, self.url, *args], text=True, capture_output=True, timeout=120,
                              env={**os.environ, 'MLFLOW_DISABLE_TELEMETRY': 'true'})
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout.strip().splitlines()[-1]

    def experiment(self, name):
        body = json.dumps({'name': name}).encode()
        request = urllib.request.Request(self.url + '/api/2.0/mlflow/experiments/create', body,
                                         {'Content-Type': 'application/json'})
        return json.load(urllib.request.urlopen(request, timeout=30))['experiment_id']


@pytest.fixture(scope='module')
def mlflow(tmp_path_factory):
    server = Mlflow(tmp_path_factory.mktemp('mlflow'))
    yield server
    server.stop()


def ask(user, **agent):
    made = user.post('/api/agents', json={'name': 'Traced', **agent}).json()
    asked = user.post('/api/invoke_endpoint', json={'agent_id': made['id'], 'message': 'How cold is it?'}).json()
    return user.client.wait(asked['request_id'])


def upstream(user, id, *states):
    """The trace, once the fetching of its other half has come to one of these states."""
    def look():
        trace = user.get(f'/api/traces/{urllib.parse.quote(id)}').json()
        return trace if trace['upstream']['status'] in states else None

    return wait_for(look, 90, f'the other half of {id}')


def test_an_agent_s_own_trace_becomes_half_of_ours_and_outlives_mlflow(user, stack, mlflow):
    theirs = mlflow.run(MAKE_TRACE)
    assert theirs.startswith('tr-')
    request = ask(user, kind='responses', endpoint_url=stack.upstream.url, model=f'mlflow;trace={theirs}',
                  return_trace=True, mlflow_url=mlflow.url)
    trace = upstream(user, request['trace_id'], 'fetched', 'failed')
    assert trace['upstream'] == {'trace_id': theirs, 'status': 'fetched', 'error': None} and trace['source'] == 'mlflow'
    model, = [s for s in trace['spans'] if s['kind'] == 'model']
    half = {s['name']: s for s in trace['spans'] if s['source'] == 'mlflow'}
    assert set(half) == {'agent', 'weather', 'broken'}
    assert half['agent']['parent_id'] == model['span_id']
    assert half['weather']['parent_id'] == half['broken']['parent_id'] == half['agent']['span_id']
    assert half['weather']['duration_ms'] >= 50 and half['agent']['duration_ms'] > half['weather']['duration_ms']
    assert [half[n]['kind'] for n in ('agent', 'weather', 'broken')] == ['agent', 'tool', 'retriever']
    assert half['weather']['inputs'] == {'city': 'Oslo'} and half['weather']['outputs'] == '4 C'
    assert half['broken']['status'] == 'error' and 'no such index' in half['broken']['error']
    assert user.get(f'/api/traces/{theirs}').json() == trace

    mlflow.stop()
    try:
        assert user.post(f'/api/traces/{theirs}/refresh').status_code == 202
        kept = upstream(user, theirs, 'failed')
        assert 'cannot be reached' in kept['upstream']['error'] and kept['spans'] == trace['spans']
    finally:
        mlflow.start()
    assert user.post(f'/api/traces/{theirs}/refresh').status_code == 202
    again = upstream(user, theirs, 'fetched')
    assert again['spans'] == trace['spans'] and again['fetched_at'] > trace['fetched_at']


def test_our_traces_are_read_by_mlflow_s_own_client(start_stack, mlflow):
    stack = start_stack(mlflow_url=mlflow.url, mlflow_experiment=mlflow.experiment('offstage'))
    user = stack.user()
    request = ask(user, kind='chat_completions', endpoint_url=stack.upstream.url, model='script')
    trace = user.get(f'/api/traces/{request["trace_id"]}').json()
    id = 'tr-' + trace['id'].replace('-', '')
    spans = wait_for(lambda: json.loads(mlflow.run(READ_TRACE, id)), 60, 'MLflow to have the trace')
    ours = {s['span_id']: s for s in trace['spans']}
    assert {s['id'] for s in spans} == set(ours)
    for span in spans:
        mine = ours[span['id']]
        assert span['name'] == mine['name'] and span['parent'] == mine['parent_id']
        assert abs(span['ns'] / 1e6 - mine['duration_ms']) < 0.001
        assert (span['inputs'], span['outputs']) == (mine['inputs'], mine['outputs'])
    assert {s['name']: s['type'] for s in spans}.items() >= {'Traced': 'AGENT', 'script': 'CHAT_MODEL'}.items()


def test_what_users_think_is_an_assessment_of_both_traces_until_it_is_taken_back(start_stack, mlflow):
    stack = start_stack(mlflow_url=mlflow.url, mlflow_experiment=mlflow.experiment('feedback'))
    user = stack.user()
    theirs = mlflow.run(MAKE_TRACE)
    request = ask(user, kind='responses', endpoint_url=stack.upstream.url, model=f'mlflow;trace={theirs}', return_trace=True)
    both = ('tr-' + request['id'].replace('-', ''), theirs)
    message = user.get(f'/api/chats/{request["chat_id"]}/messages').json()['data'][-1]['id']

    def seen(*wanted):
        """Both traces have just these: value and rationale."""
        wanted = [['user_feedback', *one, 'HUMAN', user.id] for one in wanted]
        wait_for(lambda: all(json.loads(mlflow.run(READ_ASSESSMENTS, id)) == wanted for id in both), 90, f'{wanted}')

    wait_for(lambda: mlflow.run(READ_TRACE, both[0]) != 'null', 60, 'MLflow to have the trace')
    assert user.post(f'/api/messages/{message}/feedback', json={'rating': 'up', 'comment': 'Just "right".'}).status_code == 200
    seen([True, 'Just "right".'])
    assert user.post(f'/api/messages/{message}/feedback', json={'rating': 'down', 'comment': 'No.'}).status_code == 200
    seen([False, 'No.'])
    assert user.delete(f'/api/messages/{message}/feedback').status_code == 204
    seen()


def test_protocol_buffers_say_what_json_says(start_stack, mlflow):
    fake = Upstream()
    try:
        stack = start_stack(otlp_url=fake.origin + '/packed')
        ask(stack.user(), kind='chat_completions', endpoint_url=fake.url, model='tools')
        refused, taken = wait_for(lambda: (e := fake.mlflow()['exports'])[1:] and e, 60, 'the trace in both forms')
    finally:
        fake.stop()
    assert (refused['type'], taken['type']) == ('application/json', 'application/x-protobuf')
    expected = json.loads(base64.b64decode(refused['body']))
    for span in expected['resourceSpans'][0]['scopeSpans'][0]['spans']:
        for id in {'traceId', 'spanId', 'parentSpanId'} & set(span):
            span[id] = base64.b64encode(bytes.fromhex(span[id])).decode()
    assert json.loads(mlflow.run(DECODE, taken['body'])) == expected


def test_any_collector_gets_our_traces(start_stack, mlflow):
    """MLflow's own endpoint again, which knows nothing of us but OTLP's JSON."""
    experiment = mlflow.experiment('collector')
    stack = start_stack(otlp_url=mlflow.url + '/', otlp_headers=f'x-mlflow-experiment-id={experiment}')
    request = ask(stack.user(), kind='chat_completions', endpoint_url=stack.upstream.url, model='refuse')
    id = 'tr-' + request['trace_id'].replace('-', '')
    spans = wait_for(lambda: json.loads(mlflow.run(READ_TRACE, id)), 60, 'the collector to have the trace')
    assert [s['status'] for s in spans if s['type'] == 'CHAT_MODEL'] == ['SpanStatusCode.ERROR']
