"""Requests: asked, followed, cancelled, repeated, each with one end."""

import time

import pytest

from stack import wait_for
from things import final, got, made, nothing, pages, pointers


def ask(user, **members):
    return made(user.post('/api/invoke_endpoint', json={'message': 'Hello', **members}))


def read(user, asked):
    return got(user.get(f'/api/requests/{asked["request_id"]}'))


def running(user, asked):
    return wait_for(lambda: read(user, asked)['status'] == 'streaming', 30, 'the request to run')


def model(user, stack, behaviour, **members):
    return made(user.post('/api/agents', json={'name': 'Model', 'kind': 'chat_completions', 'model': behaviour,
                                               'endpoint_url': stack.upstream.url, **members}))


def test_asking_is_answered_before_the_model_is(user, slow_agent):
    reply = user.post('/api/invoke_endpoint', json={'agent_id': slow_agent['id'], 'message': 'Hello'})
    asked = made(reply)
    assert reply.status_code == 202 and asked['status'] == 'processing'
    assert asked['status_url'] == reply.headers['Location'] == f'/api/requests/{asked["request_id"]}'
    assert asked['stream_url'] == asked['status_url'] + '/stream'
    request = read(user, asked)
    assert request['status'] in ('queued', 'streaming') and request['user_message'] == 'Hello'
    assert request['final_response'] is request['completed_at'] is request['error'] is None
    assert request['attempt'] <= request['max_attempts'] and request['sequence_number'] >= 0


def test_a_request_ends_with_the_whole_answer(user, stack):
    from fakes.upstream import script_text
    asked = ask(user, agent_id=model(user, stack, 'script;tokens=40;seed=5')['id'])
    request = final(user, asked['request_id'])
    assert request['status'] == 'completed' and request['final_response'] == script_text(5, 40)
    assert request['partial_content'] is None and request['position'] == 0 and request['completed_at'] >= request['started_at']
    assert got(user.get(f'/api/requests/{asked["request_id"]}/status')) == request
    assert got(user.get(f'/api/requests/{asked["request_id"]}?wait=1')) == request


def test_a_failed_request_says_why(user, stack):
    request = final(user, ask(user, agent_id=model(user, stack, 'refuse;code=401')['id'])['request_id'])
    assert request['status'] == 'failed' and request['error']['message'] and request['final_response'] is None


def test_messages_can_be_given_in_place_of_one(user, agent):
    messages = [{'role': 'system', 'content': 'S'}, {'role': 'user', 'content': 'A'},
                {'role': 'assistant', 'content': 'B'}, {'role': 'user', 'content': 'C'}]
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'messages': messages}))
    stored = got(user.get(f'/api/chats/{asked["chat_id"]}/messages'))['data']
    assert [{'role': m['role'], 'content': m['content']} for m in stored[:4]] == messages
    assert stored[4]['id'] == asked['message_id'] and read(user, asked)['user_message'] == 'C'


@pytest.mark.parametrize('body, wrong', [
    ({}, {'/message', '/agent_id'}),
    ({'agent_id': None, 'message': 'x'}, {'/agent_id'}),
    ({'agent_id': 'x', 'message': ''}, {'/agent_id', '/message'}),
    ({'chat_id': nothing(), 'message': 'x', 'messages': []}, {'/message', '/messages'}),
    ({'chat_id': nothing(), 'messages': [{'role': 'assistant', 'content': 'x'}]}, {'/messages'}),
    ({'chat_id': nothing(), 'messages': [{'role': 'user'}, {'role': 'user', 'content': 'x'}]}, {'/messages/0/content'}),
    ({'chat_id': nothing(), 'messages': ['x', {'role': 'user', 'content': 'x', 'n': 1}]}, {'/messages/0', '/messages/1/n'}),
    ({'chat_id': nothing(), 'messages': [{'role': 'user', 'content': 'x'}] * 201}, {'/messages'}),
    ({'chat_id': nothing(), 'message': 'x', 'if_busy': 'wait', 'session_id': ''}, {'/if_busy', '/session_id'}),
])
def test_every_bad_member_is_named(user, body, wrong):
    assert pointers(user.post('/api/invoke_endpoint', json=body)) >= wrong


def test_what_is_not_there_cannot_be_asked(user, other, agent, chat):
    for body in ({'agent_id': nothing()}, {'chat_id': nothing()}, {'agent_id': agent['id'], 'chat_id': nothing()}):
        assert user.post('/api/invoke_endpoint', json={'message': 'x', **body}).status_code == 404
    for body in ({'agent_id': agent['id']}, {'chat_id': chat['id']}):
        assert other.post('/api/invoke_endpoint', json={'message': 'x', **body}).status_code == 404
    assert user.post('/api/invoke_endpoint', json={'message': 'x', 'chat_id': chat['id']}).status_code == 409


def test_a_session_continues_its_chat(user, agent, other):
    first, second = (ask(user, agent_id=agent['id'], session_id='s') for _ in range(2))
    assert first['chat_id'] == second['chat_id']
    assert ask(user, agent_id=agent['id'], session_id='t')['chat_id'] != first['chat_id']
    assert ask(user, agent_id=agent['id'])['chat_id'] != first['chat_id']


def test_a_busy_chat_queues_rejects_or_replaces(user, slow_agent):
    first = ask(user, agent_id=slow_agent['id'])
    running(user, first)
    queued = ask(user, chat_id=first['chat_id'])
    assert read(user, queued)['status'] == 'queued' and read(user, queued)['position'] >= 1
    reply = user.post('/api/invoke_endpoint', json={'chat_id': first['chat_id'], 'message': 'x', 'if_busy': 'reject'})
    assert reply.status_code == 409
    last = ask(user, chat_id=first['chat_id'], if_busy='replace')
    for old in (first, queued):
        assert final(user, old['request_id'])['status'] == 'cancelled'
    assert read(user, last)['status'] in ('queued', 'streaming')
    got(user.post(f'/api/requests/{last["request_id"]}/cancel'))


def test_a_running_request_is_cancelled_within_a_second_and_keeps_its_text(user, stack):
    asked = ask(user, agent_id=model(user, stack, 'hang_after;after=5;seed=3')['id'])
    wait_for(lambda: read(user, asked)['partial_content'], 30, 'some text')
    began = time.monotonic()
    request = got(user.post(f'/api/requests/{asked["request_id"]}/cancel'))
    assert request['status'] == 'cancelled' and time.monotonic() - began < 2
    assert request['partial_content'] and request['final_response'] is None
    message = got(user.get(f'/api/messages/{asked["message_id"]}'))
    assert message['status'] == 'cancelled' and message['content'] == request['partial_content']


def test_cancelling_again_changes_nothing(user, slow_agent, agent):
    asked = ask(user, agent_id=slow_agent['id'])
    path = f'/api/requests/{asked["request_id"]}/cancel'
    assert got(user.post(path)) == got(user.post(path))
    done = final(user, ask(user, agent_id=agent['id'])['request_id'])
    assert got(user.post(f'/api/requests/{done["id"]}/cancel')) == done


def test_a_queued_request_is_cancelled_at_once(user, slow_agent):
    first = ask(user, agent_id=slow_agent['id'])
    queued = ask(user, chat_id=first['chat_id'])
    request = got(user.post(f'/api/requests/{queued["request_id"]}/cancel'))
    assert request['status'] == 'cancelled' and request['attempt'] == 0 and request['completed_at']
    got(user.post(f'/api/requests/{first["request_id"]}/cancel'))


def test_requests_are_their_user_s(user, other, slow_agent):
    asked = ask(user, agent_id=slow_agent['id'])
    for path in ('', '/status', '?wait=1'):
        assert other.get(f'/api/requests/{asked["request_id"]}{path}').status_code == 404
    assert other.post(f'/api/requests/{asked["request_id"]}/cancel').status_code == 404
    assert other.post(f'/api/messages/{asked["message_id"]}/regenerate').status_code == 404
    assert read(user, asked)['status'] in ('queued', 'streaming')
    got(user.post(f'/api/requests/{asked["request_id"]}/cancel'))


def test_requests_are_listed_by_chat_and_status(user, agent, slow_agent):
    done = [ask(user, agent_id=agent['id']) for _ in range(3)]
    for one in done:
        final(user, one['request_id'])
    open_one = ask(user, agent_id=slow_agent['id'])
    ids = [r['id'] for page in pages(user, '/api/requests', 2) for r in page]
    assert ids == [r['request_id'] for r in [open_one, *done[::-1]]]
    assert [r['id'] for page in pages(user, '/api/requests?status=completed', 2) for r in page] == ids[1:]
    running(user, open_one)
    assert [r['id'] for r in got(user.get('/api/requests?status=streaming'))['data']] == [open_one['request_id']]
    assert [r['id'] for r in got(user.get(f'/api/requests?chat_id={done[1]["chat_id"]}'))['data']] == [done[1]['request_id']]
    assert got(user.get(f'/api/requests?chat_id={done[1]["chat_id"]}&status=failed'))['data'] == []
    assert pointers(user.get('/api/requests?status=done')) == {'status'}
    got(user.post(f'/api/requests/{open_one["request_id"]}/cancel'))


def test_an_answer_can_be_made_again(user, agent):
    asked = ask(user, agent_id=agent['id'])
    final(user, asked['request_id'])
    question, answer = got(user.get(f'/api/chats/{asked["chat_id"]}/messages'))['data']
    for message in (question, answer):
        again = made(user.post(f'/api/messages/{message["id"]}/regenerate'))
        assert again['chat_id'] == asked['chat_id'] and again['message_id'] != answer['id']
        request = final(user, again['request_id'])
        assert request['user_message_id'] == question['id'] and request['user_message'] == 'Hello'
    assert [m['role'] for m in got(user.get(f'/api/chats/{asked["chat_id"]}/messages?branches=all'))['data']] == \
        ['user', 'assistant', 'assistant', 'assistant']
    assert user.post(f'/api/messages/{nothing()}/regenerate').status_code == 404
    assert pointers(user.post(f'/api/messages/{answer["id"]}/regenerate', json={'if_busy': 1})) == {'/if_busy'}


def test_too_many_unfinished_requests_are_refused(start_stack):
    stack = start_stack(user_queued=3)
    user = stack.user()
    agent = model(user, stack, 'hang')
    for _ in range(3):
        ask(user, agent_id=agent['id'])
    reply = user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'})
    assert reply.status_code == 429 and reply.headers['Retry-After']
    other = stack.user()
    ask(other, agent_id=model(other, stack, 'hang')['id'])
