"""What MLflow servers keep: traces of agents, whole or broken; ours in the form they take; what users think of answers.

The server is the fake one; tests/interop asks a real one the same.
"""

import base64

import pytest

from fakes.upstream import Upstream
from stack import Stack, wait_for
from things import final, got, made, nothing


@pytest.fixture
def traced(user, stack):
    """traced(kind) → the trace of an answer whose other half has that fault, and is fetched or given up."""

    def traced(kind, states=('fetched', 'failed')):
        theirs = f'tr-{nothing()}-{kind}'
        agent = made(user.post('/api/agents', json={
            'name': 'M', 'kind': 'responses', 'endpoint_url': stack.upstream.url, 'model': f'mlflow;trace={theirs}',
            'return_trace': True, 'mlflow_url': stack.upstream.origin + '/mlflow'}))
        asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hi'}))
        final(user, asked['request_id'])
        return upstream(user, asked['request_id'], *states)

    return traced


def upstream(user, id, *states):
    """The trace, once the fetching of its other half has come to one of these states."""
    return wait_for(lambda: (t := got(user.get(f'/api/traces/{id}')))['upstream']['status'] in states and t, 60,
                    f'the other half of {id}')


def theirs(trace):
    return {s['name']: s for s in trace['spans'] if s['source'] == 'mlflow'}


def model(trace):
    return next(s for s in trace['spans'] if s['kind'] == 'model')


def check_tree(trace):
    parents = {s['span_id']: s['parent_id'] for s in trace['spans']}
    assert len(parents) == len(trace['spans'])
    for id in parents:
        path = [id]
        while parents[path[-1]] is not None:
            path.append(parents[path[-1]])
            assert len(path) <= len(parents)
        assert path[-1] == trace['spans'][0]['span_id']
    assert all(s['duration_ms'] >= 0 for s in trace['spans'])


def test_a_trace_with_circles_is_shown_as_a_tree(traced):
    trace = traced('circle')
    assert trace['upstream']['status'] == 'fetched' and len(theirs(trace)) == 5
    check_tree(trace)


def test_of_a_trace_with_missing_spans_the_rest_is_shown(traced):
    trace = traced('orphan')
    assert trace['upstream']['status'] == 'fetched' and sorted(theirs(trace)) == ['span 1', 'span 2']
    assert theirs(trace)['span 1']['parent_id'] == model(trace)['span_id']
    check_tree(trace)


def test_a_span_before_1970_is_left_out(traced):
    trace = traced('ancient')
    assert list(theirs(trace)) == ['span 3'] and theirs(trace)['span 3']['parent_id'] == model(trace)['span_id']
    check_tree(trace)


@pytest.mark.parametrize('kind, why', [('huge', 'The trace is over the limit of 16 MiB.')])
def test_a_trace_that_is_too_large_is_refused_at_once(user, traced, kind, why):
    trace = traced(kind)
    assert trace['upstream']['status'] == 'failed' and trace['upstream']['error'] == why
    assert theirs(trace) == {} and trace['source'] == 'offstage' and trace['fetched_at'] is None
    check_tree(trace)


def test_what_is_no_trace_leaves_what_there_was(user, traced):
    before = traced('turns', ('fetched',))
    assert user.post(f'/api/traces/{before["id"]}/refresh').status_code == 202
    after = upstream(user, before['id'], 'failed')
    assert after['upstream']['error'] == 'The MLflow server sent something that is no trace.'
    assert after['spans'] == before['spans'] and after['fetched_at'] == before['fetched_at']


# ---- Databricks ------------------------------------------------------------------------------

def databricks(user, stack, trace_id, **members):
    agent = made(user.post('/api/agents', json={
        'name': 'D', 'kind': 'responses', 'endpoint_url': stack.upstream.origin + '/serving-endpoints/x/invocations',
        'model': f'mlflow;trace={trace_id}', 'return_trace': True, **members}))
    return final(user, made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hi'}))['request_id'])


def asked(server, part):
    return [a for a in server.mlflow()['asked'] if part in a['path']]


def test_databricks_says_where_a_trace_lies_and_is_not_sent_the_key_there(user, stack):
    id = f'tr-{nothing()}-other'
    request = databricks(user, stack, id, credential='dapi-1')
    trace = upstream(user, request['id'], 'fetched')
    assert sorted(theirs(trace)) == ['span 1', 'span 2', 'span 3']
    pointed, signed = asked(stack.upstream, id)
    assert pointed['authorization'] == 'Bearer dapi-1' and signed['path'] == f'/signed/{id}' and signed['authorization'] is None


def test_a_service_principal_s_token_fetches_the_trace_too(user, stack):
    id = f'tr-{nothing()}-other'
    request = databricks(user, stack, id, auth='databricks_oauth', client_id='principal', credential='secret')
    upstream(user, request['id'], 'fetched')
    assert asked(stack.upstream, id)[0]['authorization'].startswith('Bearer token-')


def test_a_trace_in_unity_catalog_is_fetched_and_found_by_its_name(user, stack):
    hex = nothing().replace('-', '')
    id = f'trace:/main.agents/{hex}'
    request = databricks(user, stack, id, credential='dapi-1')
    trace = upstream(user, request['id'], 'fetched')
    assert trace['upstream']['trace_id'] == id and sorted(theirs(trace)) == ['span 1', 'span 2', 'span 3']
    call, = asked(stack.upstream, hex)
    assert call['path'] == f'/api/4.0/mlflow/traces/main.agents/batchGet?trace_ids={hex}'
    assert call['authorization'] == 'Bearer dapi-1'
    assert got(user.get(f'/api/traces/{id.replace("/", "%2F")}'))['id'] == trace['id']


def test_an_id_that_points_elsewhere_is_asked_for_nowhere(user, stack):
    request = databricks(user, stack, 'trace:/../secrets')
    trace = upstream(user, request['id'], 'failed')
    assert 'no server can know' in trace['upstream']['error'] and asked(stack.upstream, 'secrets') == []


# ---- ours, elsewhere ---------------------------------------------------------------------------

@pytest.fixture(scope='module')
def server():
    fake = Upstream()
    yield fake
    fake.stop()


@pytest.fixture(scope='module')
def exporting(server):
    """An instance whose traces go to an older MLflow server, and to a collector that takes no JSON."""
    stack = Stack.start(mlflow_url=server.origin + '/old/', mlflow_experiment='7', mlflow_token='tracking',
                        otlp_url=server.origin + '/packed', databricks_warehouse='w 1')
    yield stack
    stack.stop()


@pytest.fixture
def answered(exporting, server):
    """An answer: (user, its request, its message)."""
    user = exporting.user()
    agent = made(user.post('/api/agents', json={'name': 'E', 'kind': 'chat_completions', 'endpoint_url': server.url,
                                                'model': 'script'}))
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hi'}))
    return user, final(user, asked['request_id']), asked['message_id']


def exports(server, request):
    """What came of a request's trace, once nothing more will."""
    id = bytes.fromhex(request['id'].replace('-', ''))

    def look():
        of = [e for e in server.mlflow()['exports'] if id in base64.b64decode(e['body']) or
              id.hex() in base64.b64decode(e['body']).decode(errors='replace')]
        return len([e for e in of if not e['refused']]) == 2 and of

    return wait_for(look, 60, 'both copies of the trace')


def test_a_server_that_takes_no_json_gets_protocol_buffers(answered, server):
    _, request, _ = answered
    came = exports(server, request)
    mlflow = [e for e in came if e['path'] == '/old/v1/traces']
    collector = [e for e in came if e['path'] == '/packed/v1/traces']
    assert [(e['type'], e['experiment']) for e in mlflow] == [('application/x-protobuf', '7')]
    assert [(e['type'], e['refused']) for e in collector] == [('application/json', 415), ('application/x-protobuf', None)]
    assert mlflow[0]['body'] == collector[1]['body']


# ---- what users think of answers ---------------------------------------------------------------

def assessments(server, trace, wanted):
    """Those of a trace, once they are as wanted: value and rationale of each."""

    def look():
        list = server.mlflow()['assessments'].get(trace, [])
        return [(a['feedback']['value'], a['rationale']) for a in list] == wanted and (list or True)

    return wait_for(look, 60, f'{wanted} of {trace}')


def rate(user, message, rating, **members):
    return got(user.post(f'/api/messages/{message}/feedback', json={'rating': rating, **members}))


def test_feedback_becomes_an_assessment_that_is_changed_and_removed_with_it(answered, server):
    user, request, message = answered
    trace = 'tr-' + request['id'].replace('-', '')
    rate(user, message, 'up', comment='Just right.')
    first, = assessments(server, trace, [(True, 'Just right.')]) # although the server answered 503 to it
    assert first['assessment_name'] == 'user_feedback'
    assert first['source'] == {'source_type': 'HUMAN', 'source_id': user.id}
    assert got(user.get(f'/api/traces/{request["id"]}'))['feedback'] == {'rating': 'up', 'comment': 'Just right.'}
    rate(user, message, 'down')
    second, = assessments(server, trace, [(False, '')])
    assert second['assessment_id'] == first['assessment_id']
    assert user.delete(f'/api/messages/{message}/feedback').status_code == 204
    assert assessments(server, trace, [])
    assert got(user.get(f'/api/traces/{request["id"]}'))['feedback'] is None
    rate(user, message, 'up')
    assert assessments(server, trace, [(True, '')])
    assert {a['authorization'] for a in server.mlflow()['asked'] if trace in a['path']} == {'Bearer tracking'}


def test_the_last_word_counts_however_quickly_one_changes_one_s_mind(answered, server):
    user, request, message = answered
    for n in range(10):
        rate(user, message, 'up' if n % 2 else 'down', comment=f'Thought {n}.')
    assert assessments(server, 'tr-' + request['id'].replace('-', ''), [(True, 'Thought 9.')])


def test_feedback_goes_to_the_agent_s_own_trace_as_well(exporting, server):
    user = exporting.user()
    hex = nothing().replace('-', '')
    request = databricks(user, type('Fake', (), {'upstream': server}), f'trace:/main.agents.t/{hex}', credential='dapi-1')
    messages = got(user.get(f'/api/chats/{request["chat_id"]}/messages'))['data']
    rate(user, messages[-1]['id'], 'up', comment='Good.')
    assessments(server, 'tr-' + request['id'].replace('-', ''), [(True, 'Good.')])
    one, = assessments(server, f'main.agents.t/{hex}', [(True, 'Good.')])
    assert one['trace_id'] == hex and one['query']['sql_warehouse_id'] == 'w 1'
    assert one['trace_location']['uc_table_prefix'] == {'catalog_name': 'main', 'schema_name': 'agents', 'table_prefix': 't'}
    rate(user, messages[-1]['id'], 'down')
    one, = assessments(server, f'main.agents.t/{hex}', [(False, '')])
    assert one['query'] == {'sql_warehouse_id': 'w 1', 'update_mask': 'feedback,rationale'}
    assert {a['authorization'] for a in asked(server, f'{hex}/assessments')} == {'Bearer dapi-1'}


def test_without_a_server_nothing_is_left_to_send(user, agent, stack):
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hi'}))
    final(user, asked['request_id'])
    rate(user, asked['message_id'], 'up')
    wait_for(lambda: not stack.sql("select from jobs where subject_id = :'id'", id=asked['message_id']), 20, 'the job to end')
    assert stack.sql("select from jobs_done where subject_id = :'id'", id=asked['message_id']) == []
