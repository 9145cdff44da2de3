"""Agents of the kind `responses`: what they say, whatever their server makes of the protocol."""

import pytest

from stack import wait_for
from things import final, got, made, nothing


@pytest.fixture
def make_agent(user, stack):
    """make_agent(model, path) → an agent that asks the fake server's path for a behaviour."""

    def make(model, path='/v1', **members):
        return made(user.post('/api/agents', json={'name': 'R', 'kind': 'responses', 'model': model,
                                                   'endpoint_url': stack.upstream.origin + path, **members}))

    return make


@pytest.fixture
def ask(user):
    def ask(agent, message='Hi'):
        asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': message}))
        return final(user, asked['request_id'])

    return ask


def events(user, request):
    with user.client.stream(f'/api/requests/{request["id"]}/stream') as stream:
        return [event.json for event in stream]


def check_order(list):
    """What the official SDKs insist on: items are added in turn, each is done once, under one id."""
    added, done = {}, set()
    for event in list:
        if event['type'] == 'response.output_item.added':
            assert event['output_index'] == len(added)
            added[event['output_index']] = event['item']['id']
        elif 'item_id' in event:
            assert event['item_id'] == added[event['output_index']] and event['output_index'] not in done
        elif event['type'] == 'response.output_item.done':
            assert event['item']['id'] == added[event['output_index']] and event['output_index'] not in done
            done.add(event['output_index'])
    assert len(set(added.values())) == len(added) and done == set(added)
    assert [e['sequence_number'] for e in list] == [*range(len(list))]


def test_openai_s_responses_are_heard(user, stack, ask, make_agent):
    marker = nothing()
    request = ask(make_agent('script', temperature=0.3), marker)
    asked, = stack.upstream.log(marker)
    assert request['status'] == 'completed' and request['final_response'] == asked['sent']
    assert request['usage']['input_tokens'] == 11 and request['usage']['input_tokens_details']['cached_tokens'] == 5
    assert asked['body'] == {'model': 'script', 'input': [{'role': 'user', 'content': marker}], 'stream': True,
                             'store': False, 'temperature': 0.3}


def test_databricks_streams_come_out_in_order(user, stack, ask, make_agent):
    marker = nothing()
    request = ask(make_agent('databricks', '/serving-endpoints/x/invocations'), marker)
    asked, = stack.upstream.log(marker)
    assert request['final_response'] == asked['sent']
    assert asked['body']['context'] == {'conversation_id': request['chat_id']}
    list = events(user, request)
    check_order(list)
    kinds = [item['type'] for item in list[-1]['response']['output']]
    assert kinds == ['message', 'function_call', 'function_call_output', 'message']
    assert not any('__fake_id__' in str(event) for event in list)
    trace = got(user.get(f'/api/traces/{request["id"]}'))
    tool, = [s for s in trace['spans'] if s['kind'] == 'tool']
    assert (tool['name'], tool['inputs'], tool['outputs']) == ('weather', {'city': 'Oslo'}, '4 C')


def test_a_chat_agent_is_asked_for_messages_when_it_misses_them(user, stack, ask, make_agent):
    marker = nothing()
    request = ask(make_agent('chatagent', '/serving-endpoints/x/invocations'), marker)
    assert ['input' in r['body'] for r in stack.upstream.log(marker)] == [True, False]
    assert request['final_response'] == stack.upstream.log(marker)[1]['sent']
    check_order(events(user, request))
    marker = nothing()
    assert ask(make_agent('chatagent', '/serving-endpoints/completions'), marker)['status'] == 'completed'
    assert len(stack.upstream.log(marker)) == 1


@pytest.mark.parametrize('model', ['whole', 'nostore'])
def test_servers_that_know_less_are_understood(ask, make_agent, model):
    assert ask(make_agent(model))['status'] == 'completed'


def test_a_failure_in_mid_stream_is_told(ask, make_agent):
    request = ask(make_agent('fails'))
    assert request['status'] == 'failed' and 'no such tool' in request['error']['message']
    assert request['partial_content'] == 'Well'


def test_a_service_principal_signs_in_once_and_again_when_it_must(user, stack, ask, make_agent):
    agent = make_agent('script', '/serving-endpoints/x/invocations', auth='databricks_oauth', client_id='principal',
                       credential='secret')
    markers = [nothing() for _ in range(3)]
    for marker in markers[:2]:
        assert ask(agent, marker)['status'] == 'completed'
    first, second = [r['authorization'] for m in markers[:2] for r in stack.upstream.log(m)]
    assert first == second and first.startswith('Bearer token-')
    other = make_agent('script', '/serving-endpoints/y/invocations', auth='databricks_oauth', client_id='principal',
                       credential='secret')
    assert ask(other)['status'] == 'completed' # a newer token: the first is not taken any more
    request = ask(agent, markers[2])
    assert request['status'] == 'completed'
    tokens = [r['authorization'] for r in stack.upstream.log(markers[2])]
    assert tokens[0] == first and tokens[1] != first and len(tokens) == 2
    spans = got(user.get(f'/api/traces/{request["id"]}'))['spans']
    assert [s['name'] for s in spans if s['kind'] == 'token'] == ['sign in', 'sign in']
    assert 'token-' not in str(spans) and 'secret' not in str(spans)


def test_a_token_is_renewed_before_its_server_refuses_it(stack, ask, make_agent):
    agent = make_agent('script', '/serving-endpoints/x/invocations', auth='databricks_oauth', client_id='brief',
                       credential='secret')

    def token():
        marker = nothing()
        assert ask(agent, marker)['status'] == 'completed'
        once, = stack.upstream.log(marker)
        return once['authorization']

    first = token()
    wait_for(lambda: token() != first, 30, 'another token')


def test_a_wrong_secret_is_told(user, ask, make_agent):
    agent = make_agent('script', auth='databricks_oauth', client_id='principal', credential='wrong')
    request = ask(agent)
    assert request['status'] == 'failed' and 'refused the agent\'s client_id' in request['error']['message']
    tried = got(user.post(f'/api/agents/{agent["id"]}/test'))
    assert not tried['ok'] and 'client_id' in tried['detail']


def test_signing_in_needs_a_client_id(user):
    reply = user.post('/api/agents', json={'name': 'R', 'kind': 'responses', 'endpoint_url': 'https://example.com',
                                           'auth': 'databricks_oauth'})
    assert reply.status_code == 422 and reply.json()['errors'][0]['pointer'] == '/client_id'


def test_a_trace_that_comes_with_the_answer_is_half_of_ours(user, ask, make_agent):
    theirs = nothing().replace('-', '')
    request = ask(make_agent(f'databricks;trace={theirs}', '/serving-endpoints/x/invocations', return_trace=True))
    trace = got(user.get(f'/api/traces/tr-{theirs}'))
    assert trace['id'] == request['id'] and trace['source'] == 'mlflow' and trace['fetched_at']
    assert trace['upstream'] == {'trace_id': f'tr-{theirs}', 'status': 'fetched', 'error': None}
    half, = [s for s in trace['spans'] if s['source'] == 'mlflow']
    model, = [s for s in trace['spans'] if s['kind'] == 'model']
    assert (half['parent_id'], half['duration_ms'], half['inputs']) == (model['span_id'], 5.0, {'q': 1})
    assert trace['summary']['spans'] == len(trace['spans'])


def test_a_trace_that_no_server_has_says_so(user, ask, make_agent):
    request = ask(make_agent('mlflow;trace=tr-unknown', return_trace=True))
    trace = wait_for(lambda: (t := got(user.get(f'/api/traces/{request["id"]}')))['upstream']['status'] == 'failed' and t,
                     30, 'the fetching to be given up')
    assert trace['upstream']['error'] == 'No MLflow server is known for this agent.'
    assert user.post('/api/traces/tr-unknown/refresh').status_code == 202
