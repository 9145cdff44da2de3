"""What an agent's model may call: tools by HTTP, and the search of its own sources."""

import json

import pytest

from stack import wait_for
from things import final, got, made, nothing, pointers

WEATHER = {'type': 'http', 'name': 'weather', 'description': 'The weather in a city.', 'parameters': {
    'type': 'object', 'properties': {'city': {'type': 'string'}, 'days': {'type': 'integer', 'maximum': 7}},
    'required': ['city'], 'additionalProperties': False}}


@pytest.fixture
def make_agent(user, stack):
    """make_agent(tools, name, arguments, rounds) → an agent whose model calls that function."""

    def make(tools, name, arguments='{}', rounds=1, **members):
        model = f'uses;name={name};arguments={arguments};rounds={rounds}'
        return made(user.post('/api/agents', json={'name': 'T', 'kind': 'chat_completions', 'model': model, 'tools': tools,
                                                   'endpoint_url': stack.upstream.url, **members}))

    return make


@pytest.fixture
def weather(stack):
    return {**WEATHER, 'url': stack.upstream.origin + '/tool'}


@pytest.fixture
def ask(user):
    def ask(agent, message='How is it?'):
        asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': message}))
        return final(user, asked['request_id'])

    return ask


def tool_spans(user, request):
    spans = got(user.get(f'/api/traces/{request["id"]}'))['spans']
    return [s for s in spans if s['kind'] == 'tool']


def test_a_tool_is_offered_called_and_its_result_answered_with(user, stack, ask, make_agent, weather):
    marker = nothing()
    request = ask(make_agent([{**weather, 'credential': 'sesame'}], 'weather', '{"city":"Oslo"}'), marker)
    first, second = stack.upstream.log(marker) + [r for r in stack.upstream.log('given') if marker in str(r['messages'])]
    assert first['body']['tools'] == [{'type': 'function', 'function': {
        'name': 'weather', 'description': 'The weather in a city.', 'parameters': WEATHER['parameters']}}]
    assistant, tool = second['messages'][-2:]
    assert assistant['tool_calls'][0]['function'] == {'name': 'weather', 'arguments': '{"city":"Oslo"}'}
    assert tool['tool_call_id'] == 'call_0'
    assert json.loads(tool['content']) == {'given': {'city': 'Oslo'}, 'authorization': 'Bearer sesame'}
    assert request['status'] == 'completed' and request['final_response'].startswith('Let me see.\n\nResults: ')
    assert request['usage']['input_tokens'] == 22
    span, = tool_spans(user, request)
    assert span['inputs'] == {'city': 'Oslo'} and span['outputs']['given'] == {'city': 'Oslo'}
    assert span['attributes']['run_by'] == 'offstage' and span['duration_ms'] > 0 and span['status'] == 'ok'


def test_calls_and_results_are_items_of_the_stream(user, ask, make_agent, weather):
    request = ask(make_agent([weather], 'weather', '{"city":"Oslo"}'))
    with user.client.stream(f'/api/requests/{request["id"]}/stream') as stream:
        events = [event.json for event in stream]
    assert [i['type'] for i in events[-1]['response']['output']] == ['message', 'function_call', 'function_call_output', 'message']
    added = [e['output_index'] for e in events if e['type'] == 'response.output_item.added']
    done = [e['output_index'] for e in events if e['type'] == 'response.output_item.done']
    assert added == done == [0, 1, 2, 3]


def test_a_message_says_where_in_its_text_a_tool_was_called_and_its_last_event_has_the_call(user, ask, make_agent, weather):
    request = ask(make_agent([weather], 'weather', '{"city":"Oslo"}'))
    messages = got(user.get(f'/api/chats/{request["chat_id"]}/messages'))['data']
    said = 'Let me see.'
    assert messages[1]['content'].startswith(f'{said}\n\nResults: ')
    call = {'type': 'function_call', 'name': 'weather', 'at': len(said)}
    assert [(m['steps'], m['finish_reason']) for m in messages] == [([], None), ([call], 'stop')]
    assert got(user.get(f'/api/messages/{request["message_id"]}')) == messages[1]
    after = request['sequence_number'] - 1
    with user.client.stream(f'/api/requests/{request["id"]}/stream', after) as stream:
        event, = [event.json for event in stream]
    assert [i['type'] for i in event['response']['output'] if i['type'] != 'message'] == ['function_call', 'function_call_output']


def test_the_places_of_steps_are_counted_in_characters_of_all_text_before(stack):
    def item(type, *texts, **members):
        return {'type': type, 'content': [{'text': text} for text in texts], **members}

    output = [item('reasoning', 'Hm.'), item('message', 'naïve 🌧', '!'), item('function_call', name='a'), item('function_call_output'),
              item('message', ''), item('reasoning', ''), item('message', 'x'), item('web_search_call')]
    (row,) = stack.sql("select answer_steps(:'output'::jsonb) as steps, answer_steps('[]') as none, answer_steps(null) as unset", output=json.dumps(output))
    assert [(s['type'], s['name'], s['at']) for s in json.loads(row['steps'])] == [
        ('reasoning', None, 0), ('function_call', 'a', 8), ('web_search_call', None, 11)]
    assert json.loads(row['none']) == json.loads(row['unset']) == []


@pytest.mark.parametrize('arguments, why', [('{}', 'lacks the member city'), ('{"city":5}', 'arguments.city must be of type string'),
                                            ('{"city":"x","owner":"y"}', 'has no member owner'),
                                            ('{"city":"x","days":9}', 'at most 7'), ('nonsense', 'must be a JSON object')])
def test_arguments_that_do_not_fit_go_back_to_the_model(user, ask, make_agent, weather, arguments, why):
    request = ask(make_agent([weather], 'weather', arguments))
    assert request['status'] == 'completed' and 'Error: ' in request['final_response'] and why in request['final_response']
    assert [s['status'] for s in tool_spans(user, request)] == ['error']


def test_what_fails_goes_back_to_the_model(user, stack, ask, make_agent, weather):
    broken = {**weather, 'url': stack.upstream.origin + '/tool/broken'}
    assert 'Error: HTTP 500. ' in ask(make_agent([broken], 'weather', '{"city":"x"}'))['final_response']
    assert 'no tool of this name' in ask(make_agent([weather], 'other'))['final_response']
    gone = {**weather, 'url': 'http://127.0.0.1:1/'}
    assert 'Error: ' in ask(make_agent([gone], 'weather', '{"city":"x"}'))['final_response']


def test_after_eight_rounds_the_model_answers_without_tools(user, ask, make_agent, weather):
    request = ask(make_agent([weather], 'weather', '{"city":"x"}', rounds=99))
    assert request['status'] == 'completed' and len(tool_spans(user, request)) == 8
    assert request['final_response'].count('given') == 8


def test_the_agent_s_own_sources_can_be_searched(user, ask, make_agent):
    agent = make_agent([{'type': 'search_sources'}], 'search_sources', '{"query":"green lamp"}')
    source = made(user.post(f'/api/agents/{agent["id"]}/sources', json={
        'type': 'text', 'title': 'Lamps', 'content': 'The green lamp stands in the west window.'}))
    wait_for(lambda: got(user.get(f'/api/sources/{source["id"]}'))['status'] == 'ready', 20, 'the index')
    assert 'stands in the west window' in ask(agent)['final_response']


@pytest.mark.parametrize('ending', ['completed', 'cancelled'])
def test_a_session_with_a_server_of_tools_ends_with_the_answer(start_stack, ending):
    stack = start_stack()
    user = stack.user()
    model = 'uses;name=echo;arguments={"a":1}' if ending == 'completed' else 'hang_after;after=2'
    agent = made(user.post('/api/agents', json={
        'name': 'T', 'kind': 'chat_completions', 'endpoint_url': stack.upstream.url, 'model': model,
        'tools': [{'type': 'mcp', 'name': 'fake', 'url': stack.upstream.origin + '/mcp'}]}))
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hi'}))
    if ending == 'cancelled':
        wait_for(lambda: got(user.get(asked['status_url']))['partial_content'], 20, 'the first words')
        assert stack.upstream.mcp()['open'] == ['s-1']
        user.post(f'/api/requests/{asked["request_id"]}/cancel')
    ended = final(user, asked['request_id'])
    assert ended['status'] == ending and (ending == 'cancelled' or '{"a": 1}' in ended['final_response'])
    wait_for(lambda: stack.upstream.mcp() == {'given': 1, 'open': []}, 20, 'the session to be ended')


def test_a_server_of_tools_that_is_away_does_not_stop_the_answer(user, ask, make_agent):
    request = ask(make_agent([{'type': 'mcp', 'name': 'away', 'url': 'http://127.0.0.1:1/mcp'}], 'echo'))
    assert request['status'] == 'completed'
    opening, = [s for s in got(user.get(f'/api/traces/{request["id"]}'))['spans'] if s['name'] == 'tools']
    assert opening['status'] == 'error' and opening['error'].startswith('away: ')


def test_a_credential_is_never_shown_and_tools_only_to_the_owner(user, stack, make_agent, weather):
    agent = make_agent([{**weather, 'credential': 'sesame'}, {'type': 'search_sources'}], 'x', visibility='workspace')
    assert [t['has_credential'] for t in agent['tools']] == [True, False]
    assert agent['tools'][0]['parameters'] == WEATHER['parameters'] and 'sesame' not in str(agent)
    assert got(stack.user().get(f'/api/agents/{agent["id"]}'))['tools'] is None
    assert 'sesame' not in str(stack.sql("select tools from agents where id = :'id'", id=agent['id']))
    changed = got(user.patch(f'/api/agents/{agent["id"]}', json={'tools': [{'type': 'search_sources'}]}))
    assert [t['type'] for t in changed['tools']] == ['search_sources']
    assert got(user.patch(f'/api/agents/{agent["id"]}', json={'name': 'Same'}))['tools'] == changed['tools']


def credentials(user, agent, tools):
    return [t['has_credential'] for t in got(user.patch(f'/api/agents/{agent["id"]}', json={'tools': tools}))['tools']]


def test_a_tool_keeps_its_key_while_others_change_and_sends_it(user, ask, make_agent, weather):
    agent = make_agent([{**weather, 'credential': 'sesame'}], 'weather', '{"city":"Oslo"}')
    changed = {**weather, 'description': 'Another.'}
    assert credentials(user, agent, [{'type': 'search_sources'}, changed]) == [False, True]
    assert 'Bearer sesame' in ask(agent)['final_response']
    assert credentials(user, agent, [{**changed, 'credential': None}]) == [False]
    assert credentials(user, agent, [changed]) == [False]


def test_a_key_goes_to_no_other_address_and_of_two_tools_at_one_each_keeps_its_own(user, make_agent, weather):
    other = {**weather, 'name': 'other'}
    agent = make_agent([{**weather, 'credential': 'sesame'}, other], 'x')
    assert credentials(user, agent, [other, weather]) == [False, True]
    assert credentials(user, agent, [{**weather, 'name': 'renamed'}]) == [True]
    moved = {**weather, 'name': 'renamed', 'url': weather['url'] + '/'}
    assert credentials(user, agent, [moved]) == [False]
    assert credentials(user, agent, [weather]) == [False]


@pytest.mark.parametrize('tool, pointer', [
    ({'type': 'magic'}, '/tools/0/type'), ({'type': 'http'}, '/tools/0/name'),
    ({'type': 'mcp', 'name': 'x'}, '/tools/0/url'), ({'type': 'mcp', 'name': 'x', 'url': 'http://localhost/'}, '/tools/0/url'),
    ({'type': 'http', 'name': 'a b', 'url': 'https://example.com', 'parameters': {}}, '/tools/0/name'),
    ({'type': 'http', 'name': 'x', 'url': 'https://example.com', 'parameters': []}, '/tools/0/parameters'),
    ({'type': 'search_sources', 'owner': 'me'}, '/tools/0/owner')])
def test_tools_are_checked(user, tool, pointer):
    reply = user.post('/api/agents', json={'name': 'T', 'kind': 'extractive', 'tools': [tool]})
    assert pointer in pointers(reply)
