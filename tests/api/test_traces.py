"""/api/traces: what was done for a response, and how long it took."""

import time

import pytest

from stack import wait_for
from things import final, got, made, nothing, pages

TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'


@pytest.fixture
def make_agent(user, stack):
    """make_agent(model) → an agent of `user` that asks the fake server for a behaviour."""

    def make(model, owner=user, **members):
        body = {'name': 'Traced', 'kind': 'chat_completions', 'endpoint_url': stack.upstream.url, 'model': model}
        return made(owner.post('/api/agents', json={**body, **members}))

    return make


def ask(user, agent, message='Hello?', **kw):
    return made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': message}, **kw))


def traced(user, agent, message='Hello?', **kw):
    """The trace of a response that has ended."""
    asked = ask(user, agent, message, **kw)
    final(user, asked['request_id'])
    return got(user.get(f'/api/traces/{asked["request_id"]}'))


def spans(trace, kind):
    return [s for s in trace['spans'] if s['kind'] == kind]


def span(trace, kind):
    one, = spans(trace, kind)
    return one


def check_tree(trace):
    """Every span but the first has its parent in the trace, and lies within the whole."""
    ids = [s['span_id'] for s in trace['spans']]
    assert len(set(ids)) == len(ids)
    assert [s for s in trace['spans'] if s['parent_id'] is None] == trace['spans'][:1]
    for s in trace['spans'][1:]:
        assert s['parent_id'] in ids
        assert -1 <= s['start_ms'] and s['start_ms'] + s['duration_ms'] <= trace['duration_ms'] + 1, s


def test_a_response_has_a_trace_with_real_times(user, make_agent):
    began = time.monotonic()
    trace = traced(user, make_agent('script;tokens=10;rate=50', temperature=0.5))
    took_ms = (time.monotonic() - began) * 1000
    check_tree(trace)
    assert sorted(s['kind'] for s in trace['spans']) == ['agent', 'attempt', 'context', 'model', 'queue', 'store']
    assert trace['status'] == 'completed' and trace['source'] == 'offstage' and trace['error'] is None
    model = span(trace, 'model')
    assert 150 < model['duration_ms'] < trace['duration_ms'] < took_ms
    assert 0 < model['attributes']['time_to_first_token_ms'] < model['duration_ms']
    assert model['start_ms'] < trace['time_to_first_token_ms'] < model['start_ms'] + model['duration_ms']
    assert model['attributes'].items() >= {'model': 'script;tokens=10;rate=50', 'temperature': 0.5, 'http_status': 200,
                                           'finish_reason': 'stop', 'input_tokens': 11, 'output_tokens': 10,
                                           'server': '127.0.0.1'}.items()
    assert model['inputs'] == {'messages': [{'role': 'user', 'content': 'Hello?'}]}
    assert (trace['input_tokens'], trace['output_tokens']) == (11, 10)
    root = trace['spans'][0]
    assert root['name'] == 'Traced' and root['inputs'] == {'message': 'Hello?'}
    assert root['outputs'] == model['outputs'] and root['outputs']['content']


def test_a_message_tells_of_its_trace(user, make_agent):
    asked = ask(user, make_agent('script'))
    final(user, asked['request_id'])
    trace = got(user.get(f'/api/traces/{asked["request_id"]}'))
    message = got(user.get(f'/api/messages/{asked["message_id"]}'))
    assert message['trace_id'] == trace['id'] == got(user.get(asked['status_url']))['trace_id']
    assert message['trace_summary'] == trace['summary']
    assert trace['summary'].items() >= {'status': 'completed', 'attempts': 1, 'model_calls': 1, 'tool_calls': 0,
                                        'spans': len(trace['spans']), 'duration_ms': trace['duration_ms']}.items()
    listed = got(user.get(f'/api/chats/{asked["chat_id"]}/messages'))['data']
    assert [m['trace_summary'] for m in listed] == [None, trace['summary']]


def test_a_failure_stands_where_it_happened(user, make_agent):
    trace = traced(user, make_agent('refuse;code=401'))
    assert trace['status'] == 'failed' and 'refused the key' in trace['error']
    model = span(trace, 'model')
    assert model['status'] == 'error' and model['error'] == trace['error']
    assert model['attributes']['http_status'] == 401 and model['outputs'] is None
    assert trace['spans'][0]['status'] == span(trace, 'attempt')['status'] == 'error'
    assert span(trace, 'context')['status'] == 'ok'
    check_tree(trace)


def test_each_attempt_has_its_spans(user, make_agent):
    trace = traced(user, make_agent('status;code=500;times=2', name='Unsteady'))
    check_tree(trace)
    attempts = spans(trace, 'attempt')
    assert [a['name'] for a in attempts] == ['attempt 1', 'attempt 2', 'attempt 3']
    assert [a['status'] for a in attempts] == ['error', 'error', 'ok']
    assert [m['attributes']['http_status'] for m in spans(trace, 'model')] == [500, 500, 200]
    waits = spans(trace, 'queue')
    assert len(waits) == 3
    for before, wait, after in zip(attempts, waits[1:], attempts[1:]):
        assert before['start_ms'] + before['duration_ms'] <= wait['start_ms']
        assert abs(wait['start_ms'] + wait['duration_ms'] - after['start_ms']) < 0.001
    assert trace['summary']['attempts'] == 3 and trace['status'] == 'completed'


def test_between_two_attempts_the_trace_is_running(user, make_agent):
    asked = ask(user, make_agent('status;code=429;times=9;retry_after=60'))
    trace = wait_for(lambda: (r := user.get(f'/api/traces/{asked["request_id"]}')).status_code == 200 and r.json(),
                     20, 'the first attempt to end')
    assert trace['status'] == 'running' and span(trace, 'model')['status'] == 'error'
    user.post(f'/api/requests/{asked["request_id"]}/cancel')
    trace = got(user.get(f'/api/traces/{asked["request_id"]}'))
    assert trace['status'] == 'cancelled' and [w['status'] for w in spans(trace, 'queue')] == ['ok', 'cancelled']


def test_a_cancelled_response_has_its_trace(user, make_agent):
    asked = ask(user, make_agent('hang_after;after=3'))
    wait_for(lambda: got(user.get(asked['status_url']))['partial_content'], 20, 'the first words')
    user.post(f'/api/requests/{asked["request_id"]}/cancel')
    trace = got(user.get(f'/api/traces/{asked["request_id"]}'))
    check_tree(trace)
    assert trace['status'] == span(trace, 'model')['status'] == 'cancelled'
    assert span(trace, 'model')['outputs']['content']


def test_what_is_cancelled_before_it_began_has_waited(user, slow_agent):
    first = ask(user, slow_agent)
    second = made(user.post('/api/invoke_endpoint', json={'chat_id': first['chat_id'], 'message': 'And this?'}))
    assert user.get(f'/api/traces/{second["request_id"]}').status_code == 404
    user.post(f'/api/requests/{second["request_id"]}/cancel')
    trace = got(user.get(f'/api/traces/{second["request_id"]}'))
    assert [(s['kind'], s['status']) for s in trace['spans']] == [('agent', 'cancelled'), ('queue', 'cancelled')]
    check_tree(trace)
    user.post(f'/api/requests/{first["request_id"]}/cancel')


def test_calls_of_the_model_are_spans(user, make_agent):
    trace = traced(user, make_agent('tools'))
    check_tree(trace)
    calls = spans(trace, 'tool')
    assert [(c['name'], c['inputs']) for c in calls] == [('weather', {'city': 'Oslo'}), ('weather', {'city': 'Rome'})]
    assert {c['parent_id'] for c in calls} == {span(trace, 'model')['span_id']}
    assert [c['attributes']['call_id'] for c in calls] == ['call_0', 'call_1']
    assert trace['summary']['tool_calls'] == 2


def test_what_was_retrieved_is_in_the_trace(user, agent):
    source = made(user.post(f'/api/agents/{agent["id"]}/sources', json={
        'type': 'text', 'title': 'Lamps', 'content': 'The green lamp stands in the west window.'}))
    wait_for(lambda: got(user.get(f'/api/sources/{source["id"]}'))['status'] == 'ready', 20, 'the index')
    trace = traced(user, agent, 'Where does the green lamp stand?')
    check_tree(trace)
    retrieval = span(trace, 'retrieval')
    assert retrieval['parent_id'] == span(trace, 'context')['span_id']
    passage, = retrieval['outputs']
    assert passage['content'] == 'The green lamp stands in the west window.' and passage['score'] > 0
    assert passage['source_id'] == source['id']
    assert span(trace, 'answer')['duration_ms'] > 0


def test_long_texts_are_cut_and_say_so(user, make_agent):
    trace = traced(user, make_agent('echo'), 'é' * 20000)
    model = span(trace, 'model')
    content, = [m['content'] for m in model['inputs']['messages']]
    assert content == 'é' * 8192 and model['outputs']['content'] == content
    assert model['attributes']['truncated'] is True


def test_a_guest_does_not_see_what_is_behind_an_agent(user, other, make_agent):
    agent = make_agent('script', instructions='The secret handshake.', credential='sk-very-secret',
                       visibility='workspace')
    mine = span(traced(user, agent), 'model')
    assert mine['inputs']['instructions'] == 'The secret handshake.' and mine['attributes']['server']
    reply = other.get(f'/api/traces/{traced(other, agent)["id"]}')
    model = span(got(reply), 'model')
    assert 'instructions' not in model['inputs'] and 'server' not in model['attributes']
    assert 'handshake' not in reply.text and 'very-secret' not in reply.text + str(mine)


def test_the_client_s_trace_context_goes_upstream(user, stack, make_agent):
    agent = make_agent('script')
    trace = traced(user, agent, 'context ' + nothing())
    own, = stack.upstream.log(trace['spans'][0]['inputs']['message'])
    assert own['traceparent'] == f'00-{trace["id"].replace("-", "")}-{span(trace, "model")["span_id"]}-01'
    trace = traced(user, agent, 'context ' + nothing(), headers={'traceparent': TRACEPARENT})
    given, = stack.upstream.log(trace['spans'][0]['inputs']['message'])
    assert given['traceparent'] == f'{TRACEPARENT[:35]}-{span(trace, "model")["span_id"]}-01'
    trace = traced(user, agent, 'context ' + nothing(), headers={'traceparent': TRACEPARENT.upper()})
    wrong, = stack.upstream.log(trace['spans'][0]['inputs']['message'])
    assert wrong['traceparent'][3:35] == trace['id'].replace('-', '')


def test_traces_are_listed_by_what_one_looks_for(user, make_agent):
    quick, failing = make_agent('script;tokens=1'), make_agent('refuse')
    slow = make_agent('script;tokens=10;rate=20')
    made_here = [traced(user, agent) for agent in (quick, slow, failing)]
    ids = [t['id'] for t in made_here]

    def listed(query=''):
        return [t['id'] for t in got(user.get(f'/api/traces?{query}'))['data']]

    assert listed() == ids[::-1]
    assert [t['id'] for page in pages(user, '/api/traces', 2) for t in page] == ids[::-1]
    assert listed(f'agent_id={slow["id"]}') == listed('min_duration_ms=400') == [ids[1]]
    assert listed(f'chat_id={made_here[0]["chat_id"]}') == [ids[0]]
    assert listed('status=failed') == [ids[2]]
    from_second = made_here[1]['started_at']
    assert set(listed(f'from={from_second}')) >= {ids[2]} and ids[0] not in listed(f'from={from_second}')
    assert listed('to=1969-01-01T00:00:00Z') == [] and listed('from=1969-01-01T00:00:00Z') == ids[::-1]
    row = got(user.get(f'/api/traces?chat_id={made_here[0]["chat_id"]}'))['data'][0]
    assert row == {k: v for k, v in made_here[0].items() if k not in ('spans', 'feedback')}


@pytest.mark.parametrize('query', ['status=done', 'min_duration_ms=-1', 'from=yesterday', 'chat_id=1', 'span=x'])
def test_a_list_refuses_what_it_does_not_know(user, query):
    assert user.get(f'/api/traces?{query}').status_code == 422


def test_a_trace_can_be_deleted_and_the_answer_stays(user, make_agent):
    asked = ask(user, make_agent('script'))
    request = final(user, asked['request_id'])
    assert user.delete(f'/api/traces/{request["trace_id"]}').status_code == 204
    assert user.get(f'/api/traces/{request["trace_id"]}').status_code == 404
    assert got(user.get(asked['status_url']))['trace_id'] is None
    message = got(user.get(f'/api/messages/{asked["message_id"]}'))
    assert message['content'] and message['trace_id'] is None and message['trace_summary'] is None


def test_where_traces_are_off_answers_have_none(start_stack):
    stack = start_stack(traces='off')
    user = stack.user()
    for model in ('script', 'tools', 'status;code=500;times=1'):
        agent = made(user.post('/api/agents', json={'name': 'Untraced', 'kind': 'chat_completions',
                                                    'endpoint_url': stack.upstream.url, 'model': model}))
        asked = ask(user, agent, 'context ' + nothing(), headers={'traceparent': TRACEPARENT})
        request = final(user, asked['request_id'])
        assert request['status'] == 'completed' and request['trace_id'] is None
        assert user.get(f'/api/traces/{request["id"]}').status_code == 404
        calls = stack.upstream.log(request['user_message'])
        assert calls and all(c['traceparent'].startswith(TRACEPARENT[:35]) for c in calls)
    assert got(user.get('/api/traces'))['data'] == [] and stack.sql('select from traces') == []


def test_a_trace_goes_with_its_chat(user, stack, make_agent):
    trace = traced(user, make_agent('script'))
    assert user.delete(f'/api/chats/{trace["chat_id"]}').status_code == 204
    assert stack.sql("select from traces where id = :'id'", id=trace['id']) == []


def test_without_another_half_there_is_nothing_to_fetch(user, make_agent):
    trace = traced(user, make_agent('script'))
    assert user.post(f'/api/traces/{trace["id"]}/refresh').status_code == 409
    assert user.post(f'/api/traces/{nothing()}/refresh').status_code == 404
    assert user.get('/api/traces/tr-0123').status_code == 404
