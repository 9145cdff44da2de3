"""Messages: the texts of a chat."""

import pytest

from things import final, got, made, nothing, pages, pointers


def add(user, chat, content, role='user'):
    return made(user.post(f'/api/chats/{chat["id"]}/messages', json={'role': role, 'content': content}))


def test_a_message_can_be_added_without_asking(user, chat):
    message = add(user, chat, 'A note')
    assert message['chat_id'] == chat['id'] and message['status'] == 'completed' and message['request_id'] is None
    assert got(user.get(f'/api/messages/{message["id"]}')) == message
    assert got(user.get(f'/api/chats/{chat["id"]}'))['preview'] == 'A note'


def test_messages_are_listed_in_either_order(user, chat):
    ids = [add(user, chat, str(i))['id'] for i in range(5)]
    path = f'/api/chats/{chat["id"]}/messages'
    assert [[m['id'] for m in page] for page in pages(user, path, 2)] == [ids[:2], ids[2:4], ids[4:]]
    assert [[m['id'] for m in page] for page in pages(user, path + '?order=desc', 2)] == [ids[:2:-1], ids[2:0:-1], ids[:1]]
    assert pointers(user.get(path + '?order=up')) == {'order'}


def test_an_empty_chat_has_an_empty_list(user, chat):
    assert got(user.get(f'/api/chats/{chat["id"]}/messages')) == {'data': [], 'next_cursor': None}


def test_an_answer_follows_its_question(user, agent):
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hello'}))
    final(user, asked['request_id'])
    question, answer = got(user.get(f'/api/chats/{asked["chat_id"]}/messages'))['data']
    assert (question['role'], question['content'], question['request_id']) == ('user', 'Hello', None)
    assert (answer['role'], answer['id'], answer['request_id']) == ('assistant', asked['message_id'], asked['request_id'])
    assert answer['status'] == 'completed' and answer['content']
    assert answer['trace_id'] == answer['request_id'] and answer['trace_summary']['status'] == 'completed'


@pytest.mark.parametrize('text', ['\u202egnp.exe', '🙂' * 1000, 'é' * 100000, 'x' * 200000, '<script>alert(1)</script>', '\t\n', '\\u0000',
                                  '"; drop table messages; --', '\ufeffbom', '𝕏\u0301', '{"a":1}', "O'Neil"], ids=range(12))
def test_any_text_comes_back_as_it_was(user, chat, text):
    assert got(user.get(f'/api/messages/{add(user, chat, text)["id"]}'))['content'] == text


def test_a_message_needs_a_known_role_and_a_text(user, chat):
    path = f'/api/chats/{chat["id"]}/messages'
    assert pointers(user.post(path, json={'role': 'tool'})) == {'/role', '/content'}
    assert pointers(user.post(path, json={'role': 'user', 'content': 'x' * 200001})) == {'/content'}


def test_a_message_with_an_unknown_parameter_is_not_added(user, chat):
    path = f'/api/chats/{chat["id"]}/messages'
    assert pointers(user.post(path + '?rolle=user', json={'role': 'user', 'content': 'x'})) == {'rolle'}
    assert got(user.get(path))['data'] == []


def test_messages_are_their_user_s(user, other, chat):
    message = add(user, chat, 'private')
    assert other.get(f'/api/messages/{message["id"]}').status_code == 404
    assert other.delete(f'/api/messages/{message["id"]}').status_code == 404
    assert other.get(f'/api/chats/{chat["id"]}/messages').status_code == 404
    assert other.post(f'/api/chats/{chat["id"]}/messages', json={'role': 'user', 'content': 'x'}).status_code == 404
    assert user.get(f'/api/chats/{nothing()}/messages').status_code == 404


def test_a_message_can_be_deleted_but_not_while_it_is_written(user, slow_agent, chat):
    message = add(user, chat, 'x')
    assert user.delete(f'/api/messages/{message["id"]}').status_code == 204
    assert user.get(f'/api/messages/{message["id"]}').status_code == 404
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': slow_agent['id'], 'message': 'Hello'}))
    answer = f'/api/messages/{asked["message_id"]}'
    assert user.delete(answer).status_code == 409
    got(user.post(f'/api/requests/{asked["request_id"]}/cancel'))
    assert user.delete(answer).status_code == 204
    assert user.get(f'/api/requests/{asked["request_id"]}').status_code == 404


def test_an_answer_can_be_rated_and_rated_again(user, agent, chat):
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hello'}))
    final(user, asked['request_id'])
    path = f'/api/messages/{asked["message_id"]}'
    assert got(user.get(path))['feedback'] is None
    rated = got(user.post(path + '/feedback', json={'rating': 'down', 'comment': 'No.'}))
    assert rated['feedback'] == {'rating': 'down', 'comment': 'No.'}
    assert got(user.post(path + '/feedback', json={'rating': 'up'}))['feedback'] == {'rating': 'up', 'comment': None}
    assert got(user.get(f'/api/chats/{asked["chat_id"]}/messages'))['data'][1]['feedback']['rating'] == 'up'
    assert user.delete(path + '/feedback').status_code == 204
    assert got(user.get(path))['feedback'] is None
    assert pointers(user.post(path + '/feedback', json={'rating': 'great', 'comment': ''})) == {'/rating', '/comment'}


def test_only_answers_are_rated_and_only_by_their_user(user, other, agent, chat):
    question = add(user, chat, 'x')
    assert user.post(f'/api/messages/{question["id"]}/feedback', json={'rating': 'up'}).status_code == 404
    answer = add(user, chat, 'y', 'assistant')
    assert other.post(f'/api/messages/{answer["id"]}/feedback', json={'rating': 'up'}).status_code == 404
    assert got(user.get(f'/api/messages/{answer["id"]}'))['feedback'] is None
